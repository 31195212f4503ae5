/// Decodes a JSON value and refuses every field that the type does not ask for.
///
/// Numbers must be whole and in range; texts are never taken for numbers.
struct StrictDecoder: Decoder {
  let value: JSONValue
  let codingPath: [any CodingKey]
  let userInfo: [CodingUserInfoKey: Any] = [:]
  /// What the type asked for, across all containers of this value.
  private let asked = AskedFields()

  init(value: JSONValue, codingPath: [any CodingKey]) {
    self.value = value
    self.codingPath = codingPath
  }

  /// Decodes the whole of `bytes`.
  static func decode<Value: Decodable>(
    _ type: Value.Type, from bytes: [UInt8]
  ) throws(JSONFault) -> Value {
    let decoder = StrictDecoder(value: try JSONReader.read(bytes), codingPath: [])
    do {
      return try decoder.decode(type)
    } catch let fault as JSONFault {
      throw fault
    } catch let error as DecodingError {
      throw JSONFault(error)
    } catch {
      throw JSONFault(sentence: "cannot be read")
    }
  }

  func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
    let decoded = try type.init(from: self)
    try requireNothingElse()
    return decoded
  }

  private func requireNothingElse() throws {
    for child in asked.children { try child.requireNothingElse() }
    guard asked.isKeyed, case .object(let members) = value else { return }
    guard let unknown = members.first(where: { !asked.names.contains($0.name) }) else { return }
    throw JSONFault(
      path: codingPath.map(\.stringValue) + [unknown.name], sentence: "is no field of this request")
  }

  func container<Key: CodingKey>(
    keyedBy type: Key.Type
  ) throws -> KeyedDecodingContainer<Key> {
    guard case .object(let members) = value else { throw mismatch("an object") }
    asked.isKeyed = true
    return KeyedDecodingContainer(
      StrictKeyedContainer<Key>(members: members, codingPath: codingPath, asked: asked))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    guard case .array(let values) = value else { throw mismatch("a list") }
    return StrictList(values: values, codingPath: codingPath)
  }

  func singleValueContainer() -> any SingleValueDecodingContainer {
    StrictValue(value: value, codingPath: codingPath)
  }

  func mismatch(_ wanted: String) -> JSONFault {
    JSONFault(path: codingPath.map(\.stringValue), sentence: "is \(value.kind), not \(wanted)")
  }
}

/// What a type asked for while it was decoded.
final class AskedFields {
  var isKeyed = false
  var names: Set<String> = []
  var children: [StrictDecoder] = []
}

/// A position in a list, or a name, as a coding key.
struct PathKey: CodingKey {
  let stringValue: String
  let intValue: Int?

  init(stringValue: String) { (self.stringValue, intValue) = (stringValue, nil) }
  init(intValue: Int) { (stringValue, self.intValue) = ("\(intValue)", intValue) }
}

extension JSONFault {
  /// What a type itself found wrong, e.g. that a text is no product id.
  init(_ error: DecodingError) {
    switch error {
    case .keyNotFound(let key, let context):
      self.init(
        path: (context.codingPath + [key]).map(\.stringValue), sentence: "is missing")
    case .valueNotFound(_, let context), .typeMismatch(_, let context),
      .dataCorrupted(let context):
      self.init(
        path: context.codingPath.map(\.stringValue),
        sentence: "is wrong: \(context.debugDescription)")
    @unknown default: self.init(sentence: "cannot be read")
    }
  }
}
