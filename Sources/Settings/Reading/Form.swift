/// What a text can be wrong about, before it is known where it stands.
struct FormProblem: Error {
  var code: Finding.Code
  var what: String
  var cause: String
  var nextStep: String

  init(_ code: Finding.Code, _ what: String, cause: String, next: String) {
    self.code = code
    self.what = what
    self.cause = cause
    nextStep = next
  }
}

/// How one kind of value is written: its name in the documentation, its parser, its printer.
struct Form<Value: Sendable>: Sendable {
  /// As the table in the documentation says it, e.g. `duration 1s to 24h`.
  var name: String
  var parse: @Sendable (String) throws(FormProblem) -> Value
  /// A value as one would write it; documented defaults come from here.
  var show: @Sendable (Value) -> String

  init(
    _ name: String, show: @escaping @Sendable (Value) -> String,
    parse: @escaping @Sendable (String) throws(FormProblem) -> Value
  ) {
    self.name = name
    self.parse = parse
    self.show = show
  }

  /// The same form, or a word that stands for the absence of a value.
  func or(_ word: String) -> Form<Value?> {
    let inner = self
    return Form<Value?>("\(name), or `\(word)`", show: { $0.map(inner.show) ?? word }) {
      text throws(FormProblem) in text == word ? nil : try inner.parse(text)
    }
  }
}
