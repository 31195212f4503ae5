import Primitives

/// The recognised AVPs of one message in the clear, read with the rules for malformed ones.
///
/// A malformed or unrecognised AVP is ignored without the M bit and recorded as `failure` with it
/// (RFC 2661 §4.1, §7.1); reading goes on either way, because the answer to a bad message needs
/// the ids in it. Of a repeated attribute the first counts.
struct Attributes {
  /// The longest text kept of a peer's string; the rest of a longer one is dropped.
  static let textBytesMax = 255

  /// The first thing that makes the message unacceptable.
  private(set) var failure: Malformation?
  private var found: [AttributeType: AVP] = [:]

  /// Sorts the AVPs of `message` and reveals hidden ones with `secret`.
  init(_ message: ControlMessage, secret: Secret?) {
    var randomVector: [UInt8] = []
    for avp in message.avps.dropFirst() {
      guard let type = avp.type else {
        if avp.isMandatory { fail(.unknown(avp)) }
        continue
      }
      guard let clear = Self.clear(avp, type, secret, randomVector) else {
        if avp.isMandatory { fail(.outOfRange(type)) }
        continue
      }
      if type == .randomVector { randomVector = clear.value }
      if found[type] == nil { found[type] = clear }
    }
  }

  /// A hidden AVP needs a secret, a Random Vector before it and the permission to be hidden. An
  /// empty vector is none: it would make the mask the same in every message.
  private static func clear(
    _ avp: AVP, _ type: AttributeType, _ secret: Secret?, _ randomVector: [UInt8]
  ) -> AVP? {
    guard avp.isHidden else { return avp }
    guard type.mayBeHidden, let secret, !secret.isEmpty, !randomVector.isEmpty else { return nil }
    return avp.revealed(with: secret, randomVector: randomVector)
  }

  mutating func fail(_ malformation: Malformation) {
    if failure == nil { failure = malformation }
  }

  func has(_ type: AttributeType) -> Bool { found[type] != nil }

  /// Records the absence of a required attribute.
  mutating func require(_ types: AttributeType...) {
    for type in types where found[type] == nil { fail(.missing(type)) }
  }

  /// Any number of bytes.
  func bytes(_ type: AttributeType) -> [UInt8]? { found[type]?.value }

  /// One byte or more.
  mutating func nonEmptyBytes(_ type: AttributeType) -> [UInt8]? {
    guard let avp = found[type] else { return nil }
    guard !avp.value.isEmpty else { return malformed(avp, .wrongLength(type)) }
    return avp.value
  }

  mutating func uint16(_ type: AttributeType) -> UInt16? {
    number(type) { $0.readUInt16() }
  }

  mutating func uint32(_ type: AttributeType) -> UInt32? {
    number(type) { $0.readUInt32() }
  }

  mutating func uint64(_ type: AttributeType) -> UInt64? {
    number(type) { $0.readUInt64() }
  }

  /// A number that may not be 0 (assigned ids, window size).
  mutating func nonZero(_ type: AttributeType) -> UInt16? {
    guard let value = uint16(type) else { return nil }
    guard value == 0 else { return value }
    return found[type].flatMap { malformed($0, .outOfRange(type)) }
  }

  /// A value of exactly `byteCount` bytes, checked and not kept.
  mutating func check(_ type: AttributeType, byteCount: Int) {
    guard let avp = found[type], avp.value.count != byteCount else { return }
    let _: Void? = malformed(avp, .wrongLength(type))
  }

  /// Text fit for people and logs: at most `textBytesMax` bytes of UTF-8, what is not text
  /// replaced.
  func text(_ type: AttributeType) -> String? {
    found[type].map { Self.text($0.value) }
  }

  static func text(_ bytes: [UInt8]) -> String {
    let decoded = String(decoding: bytes.prefix(textBytesMax), as: UTF8.self)
    var result = String.UnicodeScalarView()
    for scalar in decoded.unicodeScalars {
      switch scalar.properties.generalCategory {
      // Control and format characters could forge a log line or turn its direction.
      case .control, .format, .lineSeparator, .paragraphSeparator: result.append("\u{fffd}")
      default: result.append(scalar)
      }
    }
    return String(result)
  }

  private mutating func number<Value>(
    _ type: AttributeType, _ read: (inout ByteReader) -> Value?
  ) -> Value? {
    guard let avp = found[type] else { return nil }
    var reader = ByteReader(avp.value)
    guard let value = read(&reader), reader.isAtEnd else {
      return malformed(avp, .wrongLength(type))
    }
    return value
  }

  /// §7.1: the M bit decides whether the error is recoverable.
  private mutating func malformed<Value>(_ avp: AVP, _ malformation: Malformation) -> Value? {
    if avp.isMandatory { fail(malformation) }
    return nil
  }
}
