import Cryptography

/// The algorithms of an ISAKMP SA: cipher, hash (also the prf, as HMAC) and Diffie–Hellman group,
/// authenticated by a pre-shared key.
public struct ISAKMPTransform: Hashable, Sendable {
  public var cipher: BlockCipher
  public var hash: HashAlgorithm
  public var group: KeyExchangeGroup

  public init(_ cipher: BlockCipher, _ hash: HashAlgorithm, _ group: KeyExchangeGroup) {
    self.cipher = cipher
    self.hash = hash
    self.group = group
  }

  /// Attribute types (RFC 2409 Appendix A).
  enum AttributeType {
    static let encryption: UInt16 = 1
    static let hash: UInt16 = 2
    static let authentication: UInt16 = 3
    static let group: UInt16 = 4
    static let lifeType: UInt16 = 11
    static let lifeDuration: UInt16 = 12
    static let keyLength: UInt16 = 14
  }

  /// Transform id KEY_IKE (RFC 2407 §4.4.2).
  static let keyIKE: UInt8 = 1
  private static let preSharedKey: UInt16 = 1

  /// This as a Transform payload with a lifetime in seconds.
  func payload(number: UInt8, lifetime: Lifetime) -> Transform {
    var attributes = [Attribute(AttributeType.encryption, .basic(cipher.ikeNumber))]
    if let bits = cipher.keyLengthBits {
      attributes.append(Attribute(AttributeType.keyLength, .basic(bits)))
    }
    attributes += [
      Attribute(AttributeType.hash, .basic(hash.ikeNumber)),
      Attribute(AttributeType.group, .basic(group.ikeNumber)),
      Attribute(AttributeType.authentication, .basic(Self.preSharedKey)),
    ]
    attributes += lifetime.attributes(
      type: AttributeType.lifeType, duration: AttributeType.lifeDuration)
    return Transform(number: number, id: Self.keyIKE, attributes: attributes)
  }

  /// What a peer's transform means; `nil` when it asks for anything that this engine does not run.
  static func read(_ transform: Transform) -> (transform: ISAKMPTransform, lifetime: Lifetime)? {
    guard transform.id == keyIKE,
      let fields = TransformFields(
        transform.attributes, lifeType: AttributeType.lifeType,
        lifeDuration: AttributeType.lifeDuration),
      fields.onlyContains([
        AttributeType.encryption, AttributeType.hash, AttributeType.authentication,
        AttributeType.group, AttributeType.keyLength,
      ]),
      fields[AttributeType.authentication] == preSharedKey,
      let cipher = BlockCipher(
        ikeNumber: fields[AttributeType.encryption], keyLength: fields[AttributeType.keyLength]),
      let hash = HashAlgorithm.allCases.first(where: {
        $0.ikeNumber == fields[AttributeType.hash]
      }),
      let group = KeyExchangeGroup(ikeNumber: fields[AttributeType.group])
    else { return nil }
    return (ISAKMPTransform(cipher, hash, group), fields.lifetime)
  }
}

extension ISAKMPTransform {
  /// A transform that this engine does not run, by its registered numbers, for `explain`.
  static func numbers(of transform: Transform) -> String {
    func number(_ type: UInt16) -> String {
      for attribute in transform.attributes where attribute.type == type {
        if let value = attribute.basic { return "\(value)" }
      }
      return "-"
    }
    return "cipher \(number(AttributeType.encryption))/\(number(AttributeType.keyLength))"
      + " hash \(number(AttributeType.hash)) group \(number(AttributeType.group))"
      + " authentication \(number(AttributeType.authentication))"
  }
}

extension ISAKMPTransform: CustomStringConvertible {
  /// E.g. `aesCBC256-sha256-modp2048`.
  public var description: String { "\(cipher)-\(hash)-\(group)" }
}

extension BlockCipher {
  /// Encryption algorithm class of RFC 2409 Appendix A and RFC 3602 §5.1.
  var ikeNumber: UInt16 {
    switch self {
    case .tripleDESCBC: 5
    case .aesCBC128, .aesCBC192, .aesCBC256: 7
    }
  }

  /// The Key Length attribute; `nil` for the fixed-key cipher.
  var keyLengthBits: UInt16? {
    switch self {
    case .tripleDESCBC: nil
    case .aesCBC128: 128
    case .aesCBC192: 192
    case .aesCBC256: 256
    }
  }

  init?(ikeNumber: UInt16?, keyLength: UInt16?) {
    let match = Self.allCases.first { cipher in
      cipher.ikeNumber == ikeNumber
        && TransformFields.keyLength(keyLength, is: cipher.keyLengthBits)
    }
    guard let match else { return nil }
    self = match
  }
}

extension HashAlgorithm {
  /// Hash algorithm class of RFC 2409 Appendix A and the IANA registry.
  var ikeNumber: UInt16 {
    switch self {
    case .md5: 1
    case .sha1: 2
    case .sha256: 4
    case .sha384: 5
    case .sha512: 6
    }
  }
}

extension KeyExchangeGroup {
  /// Group description of RFC 2409 §6, RFC 3526, RFC 5903 and RFC 8031.
  public var ikeNumber: UInt16 {
    switch self {
    case .modp1024: 2
    case .modp1536: 5
    case .modp2048: 14
    case .modp3072: 15
    case .modp4096: 16
    case .ecp256: 19
    case .ecp384: 20
    case .x25519: 31
    }
  }

  init?(ikeNumber: UInt16?) {
    guard let match = Self.allCases.first(where: { $0.ikeNumber == ikeNumber }) else { return nil }
    self = match
  }
}
