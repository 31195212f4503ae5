/// The conditions of a query that has some of its filters, joined by AND.
///
/// The text is put together from fragments of the program alone; values only become arguments.
struct SQLConditions {
  private(set) var text = ""
  private(set) var arguments: [SQLValue] = []

  init() {}
  init(_ fragment: String, _ value: SQLValue) { add(fragment, value) }

  /// Adds `fragment $n end`.
  mutating func add(_ fragment: String, _ value: SQLValue, _ end: String = "") {
    add("\(fragment) \(argument(value))\(end)")
  }

  mutating func add(_ condition: String) {
    text += text.isEmpty ? condition : " AND \(condition)"
  }

  /// Adds an argument; returns its parameter.
  mutating func argument(_ value: SQLValue) -> String {
    arguments.append(value)
    return "$\(arguments.count)"
  }
}
