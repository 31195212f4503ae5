/// The fields of one object.
struct StrictKeyedContainer<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let members: [JSONValue.Member]
  let codingPath: [any CodingKey]
  let asked: AskedFields

  var allKeys: [Key] { members.compactMap { Key(stringValue: $0.name) } }

  func contains(_ key: Key) -> Bool {
    asked.names.insert(key.stringValue)
    return find(key) != nil
  }

  func decodeNil(forKey key: Key) throws -> Bool { try value(for: key).value == .null }

  func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
    try value(for: key).decode(type)
  }

  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) throws -> KeyedDecodingContainer<Nested> {
    try child(for: key).container(keyedBy: type)
  }

  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    try child(for: key).unkeyedContainer()
  }

  func superDecoder() throws -> any Decoder {
    throw JSONFault(sentence: "cannot be read")
  }

  func superDecoder(forKey key: Key) throws -> any Decoder { try child(for: key) }

  /// A value that is decoded piece by piece, and looked over at the end.
  private func child(for key: Key) throws -> StrictDecoder {
    let child = try value(for: key)
    asked.children.append(child)
    return child
  }

  private func value(for key: Key) throws -> StrictDecoder {
    asked.names.insert(key.stringValue)
    guard let found = find(key) else {
      throw JSONFault(
        path: (codingPath + [key]).map(\.stringValue), sentence: "is missing")
    }
    return StrictDecoder(value: found, codingPath: codingPath + [key])
  }

  private func find(_ key: Key) -> JSONValue? {
    members.first { $0.name == key.stringValue }?.value
  }
}

/// The values of one list.
struct StrictList: UnkeyedDecodingContainer {
  let values: [JSONValue]
  let codingPath: [any CodingKey]
  private(set) var currentIndex = 0

  init(values: [JSONValue], codingPath: [any CodingKey]) {
    self.values = values
    self.codingPath = codingPath
  }

  var count: Int? { values.count }
  var isAtEnd: Bool { currentIndex >= values.count }

  mutating func decodeNil() throws -> Bool {
    guard try next().value == .null else { return false }
    currentIndex += 1
    return true
  }

  mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
    let decoded = try next().decode(type)
    currentIndex += 1
    return decoded
  }

  mutating func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type
  ) throws -> KeyedDecodingContainer<Nested> {
    throw try next().mismatch("anything of this request")
  }

  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
    throw try next().mismatch("anything of this request")
  }

  mutating func superDecoder() throws -> any Decoder {
    throw try next().mismatch("anything of this request")
  }

  private func next() throws -> StrictDecoder {
    guard !isAtEnd else {
      throw JSONFault(path: codingPath.map(\.stringValue), sentence: "is too short")
    }
    return StrictDecoder(
      value: values[currentIndex], codingPath: codingPath + [PathKey(intValue: currentIndex)])
  }
}

/// One value that is neither object nor list.
struct StrictValue: SingleValueDecodingContainer {
  let value: JSONValue
  let codingPath: [any CodingKey]

  func decodeNil() -> Bool { value == .null }

  func decode(_ type: Bool.Type) throws -> Bool {
    guard case .bool(let bool) = value else { throw mismatch("true or false") }
    return bool
  }

  func decode(_ type: String.Type) throws -> String {
    guard case .string(let text) = value else { throw mismatch("a text") }
    return text
  }

  func decode(_ type: Double.Type) throws -> Double {
    guard case .number(let text) = value else { throw mismatch("a number") }
    guard let number = Double(text), number.isFinite else { throw outOfRange(text) }
    return number
  }

  func decode(_ type: Float.Type) throws -> Float {
    let number = Float(try decode(Double.self))
    guard number.isFinite else { throw outOfRange("\(number)") }
    return number
  }

  func decode(_ type: Int.Type) throws -> Int { try whole() }
  func decode(_ type: Int8.Type) throws -> Int8 { try whole() }
  func decode(_ type: Int16.Type) throws -> Int16 { try whole() }
  func decode(_ type: Int32.Type) throws -> Int32 { try whole() }
  func decode(_ type: Int64.Type) throws -> Int64 { try whole() }
  func decode(_ type: UInt.Type) throws -> UInt { try whole() }
  func decode(_ type: UInt8.Type) throws -> UInt8 { try whole() }
  func decode(_ type: UInt16.Type) throws -> UInt16 { try whole() }
  func decode(_ type: UInt32.Type) throws -> UInt32 { try whole() }
  func decode(_ type: UInt64.Type) throws -> UInt64 { try whole() }

  func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
    try StrictDecoder(value: value, codingPath: codingPath).decode(type)
  }

  private func whole<Number: FixedWidthInteger>() throws -> Number {
    guard case .number(let text) = value else { throw mismatch("a number") }
    guard let number = Number(text) else { throw outOfRange(text) }
    return number
  }

  private func mismatch(_ wanted: String) -> JSONFault {
    StrictDecoder(value: value, codingPath: codingPath).mismatch(wanted)
  }

  private func outOfRange(_ text: String) -> JSONFault {
    JSONFault(
      path: codingPath.map(\.stringValue),
      sentence: "is no whole number in range: \(text.prefix(24))")
  }
}
