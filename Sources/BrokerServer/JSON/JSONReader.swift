/// Reads one JSON text strictly: one value, no duplicate names, no characters that a database could
/// not hold, and no deeper than any request needs.
struct JSONReader {
  /// Objects and lists inside each other.
  static let depthMax = 16

  private let bytes: [UInt8]
  private var position = 0

  static func read(_ bytes: [UInt8]) throws(JSONFault) -> JSONValue {
    guard String(validating: bytes, as: UTF8.self) != nil else {
      throw JSONFault(sentence: "is not written in UTF-8")
    }
    var reader = JSONReader(bytes: bytes)
    let value = try reader.readValue(depth: 0)
    reader.skipSpace()
    guard reader.position == bytes.count else { throw reader.malformed() }
    return value
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private mutating func readValue(depth: Int) throws(JSONFault) -> JSONValue {
    guard depth <= Self.depthMax else {
      throw JSONFault(sentence: "has more than \(Self.depthMax) levels")
    }
    skipSpace()
    switch peek {
    case UInt8(ascii: "{"): return try readObject(depth: depth)
    case UInt8(ascii: "["): return try readArray(depth: depth)
    case UInt8(ascii: "\""): return .string(try readString())
    case UInt8(ascii: "t"): return try readWord("true", .bool(true))
    case UInt8(ascii: "f"): return try readWord("false", .bool(false))
    case UInt8(ascii: "n"): return try readWord("null", .null)
    default: return try readNumber()
    }
  }

  private mutating func readObject(depth: Int) throws(JSONFault) -> JSONValue {
    var members: [JSONValue.Member] = []
    var names: Set<String> = []
    position += 1
    skipSpace()
    if take("}") { return .object([]) }
    repeat {
      skipSpace()
      guard peek == UInt8(ascii: "\"") else { throw malformed() }
      let name = try readString()
      guard names.insert(name).inserted else {
        throw JSONFault(path: [name], sentence: "is there twice")
      }
      skipSpace()
      guard take(":") else { throw malformed() }
      do throws(JSONFault) {
        members.append(.init(name: name, value: try readValue(depth: depth + 1)))
      } catch {
        throw JSONFault(path: [name] + error.path, sentence: error.sentence)
      }
      skipSpace()
    } while take(",")
    guard take("}") else { throw malformed() }
    return .object(members)
  }

  private mutating func readArray(depth: Int) throws(JSONFault) -> JSONValue {
    var values: [JSONValue] = []
    position += 1
    skipSpace()
    if take("]") { return .array([]) }
    repeat {
      do throws(JSONFault) {
        values.append(try readValue(depth: depth + 1))
      } catch {
        throw JSONFault(path: ["\(values.count)"] + error.path, sentence: error.sentence)
      }
      skipSpace()
    } while take(",")
    guard take("]") else { throw malformed() }
    return .array(values)
  }

  private mutating func readWord(
    _ word: StaticString, _ value: JSONValue
  ) throws(JSONFault) -> JSONValue {
    let letters = Array(String(describing: word).utf8)
    guard bytes[position...].starts(with: letters) else { throw malformed() }
    position += letters.count
    return value
  }

  /// RFC 8259 §6.
  private mutating func readNumber() throws(JSONFault) -> JSONValue {
    let start = position
    _ = take("-")
    if !take("0") { try readDigits() }
    if take(".") { try readDigits() }
    if take("e") || take("E") {
      if !take("+") { _ = take("-") }
      try readDigits()
    }
    return .number(String(decoding: bytes[start..<position], as: UTF8.self))
  }

  private mutating func readDigits() throws(JSONFault) {
    let start = position
    while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
    guard position > start else { throw malformed() }
  }

  private mutating func readString() throws(JSONFault) -> String {
    var text: [UInt8] = []
    position += 1
    while let byte = peek {
      position += 1
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"): text += Array(String(try readEscape()).utf8)
      case 0..<0x20: throw malformed()
      default: text.append(byte)
      }
    }
    throw malformed()
  }

  private mutating func readEscape() throws(JSONFault) -> Character {
    guard let byte = peek else { throw malformed() }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"):
      return Character(UnicodeScalar(byte))
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): return Character(try readScalar())
    default: throw malformed()
    }
  }

  /// One or, for what lies beyond the basic plane, two groups of four digits.
  private mutating func readScalar() throws(JSONFault) -> UnicodeScalar {
    let first = try readUnit()
    // Databases end a text there.
    guard first != 0 else { throw JSONFault(sentence: "contains the character U+0000") }
    if let scalar = UnicodeScalar(first) { return scalar }
    guard (0xD800..<0xDC00).contains(first), take("\\"), take("u") else { throw malformed() }
    let second = try readUnit()
    guard (0xDC00..<0xE000).contains(second),
      let scalar = UnicodeScalar(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00))
    else { throw malformed() }
    return scalar
  }

  private mutating func readUnit() throws(JSONFault) -> UInt32 {
    guard bytes.count - position >= 4 else { throw malformed() }
    let digits = bytes[position..<position + 4]
    guard digits.allSatisfy({ UnicodeScalar($0).properties.isASCIIHexDigit }),
      let unit = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
    else { throw malformed() }
    position += 4
    return unit
  }

  private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func take(_ character: UnicodeScalar) -> Bool {
    guard let byte = peek, UInt32(byte) == character.value else { return false }
    position += 1
    return true
  }

  private mutating func skipSpace() {
    while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
      position += 1
    }
  }

  private func malformed() -> JSONFault {
    JSONFault(sentence: "is no JSON (at byte \(position))")
  }
}
