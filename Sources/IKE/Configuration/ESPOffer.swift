import Cryptography

/// One ESP transform as it stands in a quick mode proposal: algorithms, encapsulation, group for
/// perfect forward secrecy, lifetime (RFC 2407 §4.5).
struct ESPOffer: Hashable, Sendable {
  var transform: ESPTransform
  /// The value of Encapsulation Mode; which one it must be depends on the NAT dialect.
  var encapsulationMode: UInt16
  var group: KeyExchangeGroup?
  var lifetime: Lifetime

  /// Encapsulation Mode "transport" (RFC 2407 §4.5).
  static let transportMode: UInt16 = 2

  private enum AttributeType {
    static let lifeType: UInt16 = 1
    static let lifeDuration: UInt16 = 2
    static let group: UInt16 = 3
    static let encapsulationMode: UInt16 = 4
    static let authentication: UInt16 = 5
    static let keyLength: UInt16 = 6
    /// RFC 4304: 64-bit sequence numbers; not run, so a transform that has it is not accepted.
    static let extendedSequenceNumber: UInt16 = 11

    /// All that may stand beside a lifetime.
    static let understood = [group, encapsulationMode, authentication, keyLength]
  }

  private static let encryptions = ESPTransform.Encryption.allCases
  private static let integrities = ESPTransform.Integrity.allCases

  func payload(number: UInt8) -> Transform {
    var attributes = lifetime.attributes(
      type: AttributeType.lifeType, duration: AttributeType.lifeDuration)
    if let group {
      attributes.append(Attribute(AttributeType.group, .basic(group.ikeNumber)))
    }
    attributes.append(Attribute(AttributeType.encapsulationMode, .basic(encapsulationMode)))
    if let number = transform.integrity.ikeNumber {
      attributes.append(Attribute(AttributeType.authentication, .basic(number)))
    }
    if let bits = transform.encryption.keyLengthBits {
      attributes.append(Attribute(AttributeType.keyLength, .basic(bits)))
    }
    return Transform(
      number: number, id: transform.encryption.transformID, attributes: attributes)
  }

  /// What a peer's transform means; `nil` when it asks for anything that this engine does not run.
  init?(_ payload: Transform) {
    guard
      let fields = TransformFields(
        payload.attributes, lifeType: AttributeType.lifeType,
        lifeDuration: AttributeType.lifeDuration),
      fields.onlyContains(AttributeType.understood),
      let mode = fields[AttributeType.encapsulationMode],
      let encryption = Self.encryptions.first(where: {
        $0.transformID == payload.id
          && TransformFields.keyLength(fields[AttributeType.keyLength], is: $0.keyLengthBits)
      }),
      let integrity = Self.integrities.first(where: {
        $0.ikeNumber == fields[AttributeType.authentication]
      }),
      let transform = ESPTransform(encryption, integrity)
    else { return nil }
    self.transform = transform
    group = nil
    if let number = fields[AttributeType.group] {
      guard let known = KeyExchangeGroup(ikeNumber: number) else { return nil }
      group = known
    }
    encapsulationMode = mode
    lifetime = fields.lifetime
  }

  init(
    _ transform: ESPTransform, encapsulationMode: UInt16, group: KeyExchangeGroup?,
    lifetime: Lifetime
  ) {
    self.transform = transform
    self.encapsulationMode = encapsulationMode
    self.group = group
    self.lifetime = lifetime
  }
}
