/// Why a message in sequence cannot be processed, with the error code that tells the peer
/// (RFC 2661 §4.4.2, §7.1).
struct Malformation: Error, Hashable, Sendable {
  var violation: Violation
  var error: ErrorCode
  var text: String

  /// §4.2: the message should name the offending attribute in readable form.
  static func unknown(_ avp: AVP) -> Malformation {
    Malformation(
      violation: .unknownMandatoryAVP, error: .unknownMandatoryAVP,
      text: "vendor \(avp.vendorID) attribute \(avp.attribute)")
  }

  static func wrongLength(_ type: AttributeType) -> Malformation {
    Malformation(
      violation: .malformedAVP, error: .wrongLength, text: "attribute \(type.rawValue)")
  }

  static func outOfRange(_ type: AttributeType) -> Malformation {
    Malformation(
      violation: .malformedAVP, error: .valueOutOfRange, text: "attribute \(type.rawValue)")
  }

  /// The RFC has no code of its own for an absent AVP; "out of range" is the nearest.
  static func missing(_ type: AttributeType) -> Malformation {
    Malformation(
      violation: .missingAVP, error: .valueOutOfRange,
      text: "attribute \(type.rawValue) missing")
  }
}
