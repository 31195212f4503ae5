/// Encryption of an ESP SA.
public enum ESPEncryption: Sendable, Hashable, CaseIterable {
  case aesCBC128, aesCBC192, aesCBC256, aesGCM128, aesGCM256, tripleDESCBC

  /// Length of the key in bytes, without salt.
  public var keyBytes: Int {
    switch self {
    case .aesCBC128, .aesGCM128: 16
    case .aesCBC192, .tripleDESCBC: 24
    case .aesCBC256, .aesGCM256: 32
    }
  }

  /// Length of the salt that follows the key in KEYMAT: 4 for GCM (RFC 4106 §8.1), else 0.
  public var saltBytes: Int { isAEAD ? 4 : 0 }

  /// Whether the cipher authenticates as well.
  public var isAEAD: Bool {
    switch self {
    case .aesGCM128, .aesGCM256: true
    case .aesCBC128, .aesCBC192, .aesCBC256, .tripleDESCBC: false
    }
  }

  /// ESP transform identifier (RFC 2407 §4.4.4; RFC 4106 §8.4: GCM with a 16-byte ICV).
  var transformID: UInt8 {
    switch self {
    case .tripleDESCBC: 3
    case .aesCBC128, .aesCBC192, .aesCBC256: 12
    case .aesGCM128, .aesGCM256: 20
    }
  }

  /// The Key Length attribute; `nil` for the fixed-key cipher.
  var keyLengthBits: UInt16? {
    self == .tripleDESCBC ? nil : UInt16(truncatingIfNeeded: keyBytes * 8)
  }
}

/// Authentication of an ESP SA whose cipher does not authenticate; the number is the ICV's bits.
public enum ESPAuthentication: Sendable, Hashable, CaseIterable {
  case hmacMD5_96, hmacSHA1_96, hmacSHA256_128, hmacSHA384_192, hmacSHA512_256

  /// Length of the key in bytes (RFC 2403, 2404, 4868 §2.1.1).
  public var keyBytes: Int {
    switch self {
    case .hmacMD5_96: 16
    case .hmacSHA1_96: 20
    case .hmacSHA256_128: 32
    case .hmacSHA384_192: 48
    case .hmacSHA512_256: 64
    }
  }

  /// Authentication Algorithm attribute (RFC 2407 §4.5, RFC 4868 §3.2).
  var ikeNumber: UInt16 {
    switch self {
    case .hmacMD5_96: 1
    case .hmacSHA1_96: 2
    case .hmacSHA256_128: 5
    case .hmacSHA384_192: 6
    case .hmacSHA512_256: 7
    }
  }
}

/// The algorithms of an ESP SA.
public struct ESPTransform: Hashable, Sendable {
  public let encryption: ESPEncryption
  /// `nil` exactly when the cipher authenticates.
  public let authentication: ESPAuthentication?

  /// A CBC cipher with its HMAC.
  /// - Precondition: `encryption` is no AEAD cipher.
  public init(_ encryption: ESPEncryption, _ authentication: ESPAuthentication) {
    precondition(!encryption.isAEAD, "an AEAD cipher takes no separate authentication")
    self.encryption = encryption
    self.authentication = authentication
  }

  /// An AEAD cipher.
  /// - Precondition: `encryption` is one.
  public init(aead encryption: ESPEncryption) {
    precondition(encryption.isAEAD, "a CBC cipher needs an authentication algorithm")
    self.encryption = encryption
    authentication = nil
  }

  /// Bytes of KEYMAT for one direction.
  var keyMaterialBytes: Int {
    encryption.keyBytes + encryption.saltBytes + (authentication?.keyBytes ?? 0)
  }
}

extension ESPTransform: CustomStringConvertible {
  /// E.g. `aesCBC256-hmacSHA256_128` or `aesGCM128`.
  public var description: String {
    guard let authentication else { return "\(encryption)" }
    return "\(encryption)-\(authentication)"
  }
}
