/// A JSON text, taken apart (RFC 8259).
enum JSONValue: Hashable, Sendable {
  case null
  case bool(Bool)
  /// As it was written.
  case number(String)
  case string(String)
  case array([JSONValue])
  case object([Member])

  struct Member: Hashable, Sendable {
    let name: String
    let value: JSONValue
  }

  /// What people call it.
  var kind: String {
    switch self {
    case .null: "null"
    case .bool: "true or false"
    case .number: "a number"
    case .string: "a text"
    case .array: "a list"
    case .object: "an object"
    }
  }
}

/// Why a text is no JSON that we take.
struct JSONFault: Error, Hashable, Sendable {
  /// Names of fields and positions in lists, from the outside in; empty for the whole.
  var path: [String] = []
  /// What is wrong, as the end of a sentence.
  var sentence: String
}
