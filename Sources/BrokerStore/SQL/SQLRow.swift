import Broker
import ConnectionService

/// One row of an answer, read column by column in the order of the statement.
///
/// A value of another type than expected is a fault: somebody else wrote to the table.
struct SQLRow {
  private let values: [SQLValue]
  private var position = 0

  init(_ values: [SQLValue]) { self.values = values }

  private mutating func next() throws(SQLFault) -> SQLValue {
    guard position < values.count else {
      throw .ours("a row has only \(values.count) columns")
    }
    defer { position += 1 }
    return values[position]
  }

  private func unexpected(_ wanted: String) -> SQLFault {
    .ours("column \(position) of a row holds no \(wanted)")
  }

  mutating func integerIfAny() throws(SQLFault) -> Int64? {
    switch try next() {
    case .null: return nil
    case .integer(let number): return number
    case .text, .bytes: throw unexpected("number")
    }
  }

  mutating func textIfAny() throws(SQLFault) -> String? {
    switch try next() {
    case .null: return nil
    case .text(let text): return text
    case .integer, .bytes: throw unexpected("text")
    }
  }

  private func present<Value>(_ value: Value?, _ wanted: String) throws(SQLFault) -> Value {
    guard let value else { throw unexpected(wanted) }
    return value
  }
}

extension SQLRow {
  mutating func integer() throws(SQLFault) -> Int64 { try present(integerIfAny(), "number") }
  mutating func text() throws(SQLFault) -> String { try present(textIfAny(), "text") }

  mutating func digest() throws(SQLFault) -> Digest {
    guard case .bytes(let bytes) = try next() else { throw unexpected("digest") }
    return Digest(bytes: bytes)
  }

  mutating func timeIfAny() throws(SQLFault) -> Timestamp? {
    try integerIfAny().map { Timestamp(milliseconds: $0) }
  }
  mutating func time() throws(SQLFault) -> Timestamp { try present(timeIfAny(), "time") }

  mutating func bitsIfAny() throws(SQLFault) -> UInt64? {
    try integerIfAny().map { UInt64(bitPattern: $0) }
  }
  mutating func bits() throws(SQLFault) -> UInt64 { try present(bitsIfAny(), "number") }

  mutating func flagIfAny() throws(SQLFault) -> Bool? { try integerIfAny().map { $0 != 0 } }

  /// A checked text: a name, a product id, an id.
  mutating func wireTextIfAny<Value: WireText>() throws(SQLFault) -> Value? {
    guard let text = try textIfAny() else { return nil }
    return try present(Value(text), Value.wireName)
  }
  mutating func wireText<Value: WireText>() throws(SQLFault) -> Value {
    try present(wireTextIfAny(), Value.wireName)
  }

  /// A word of a closed list.
  mutating func wordIfAny<Word: RawRepresentable<String>>() throws(SQLFault) -> Word? {
    guard let text = try textIfAny() else { return nil }
    return try present(Word(rawValue: text), "word of its list")
  }
  mutating func word<Word: RawRepresentable<String>>() throws(SQLFault) -> Word {
    try present(wordIfAny(), "word of its list")
  }

  mutating func jsonIfAny<Value: Decodable>() throws(SQLFault) -> Value? {
    guard let text = try textIfAny() else { return nil }
    return try JSONColumn.value(from: text)
  }
  mutating func json<Value: Decodable>() throws(SQLFault) -> Value {
    try present(jsonIfAny(), "JSON")
  }
}
