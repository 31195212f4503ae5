/// JSON as it is written in source.
indirect enum JSONTree: Encodable, Hashable, Sendable {
  case text(String)
  case number(Int64)
  case unsigned(UInt64)
  case bool(Bool)
  case list([JSONTree])
  case object([String: JSONTree])

  /// The members of an object; empty for anything else.
  var members: [String: JSONTree] {
    if case .object(let members) = self { members } else { [:] }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .text(let text): try container.encode(text)
    case .number(let number): try container.encode(number)
    case .unsigned(let number): try container.encode(number)
    case .bool(let bool): try container.encode(bool)
    case .list(let list): try container.encode(list)
    case .object(let members): try container.encode(members)
    }
  }
}

extension JSONTree: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  init(stringLiteral text: String) { self = .text(text) }
  init(integerLiteral number: Int64) { self = .number(number) }
  init(booleanLiteral bool: Bool) { self = .bool(bool) }
  init(arrayLiteral list: JSONTree...) { self = .list(list) }

  init(dictionaryLiteral members: (String, JSONTree)...) {
    self = .object(Dictionary(members) { _, last in last })
  }
}
