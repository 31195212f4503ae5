/// How an ESP security association protects its packets: cipher and integrity algorithm.
public struct ESPTransform: Hashable, Sendable {
  /// The ciphers; names and key lengths of RFC 2451, RFC 3602 and RFC 4106.
  public enum Encryption: Hashable, Sendable, CaseIterable {
    case aesCBC128, aesCBC192, aesCBC256, tripleDESCBC, aesGCM128, aesGCM256
  }

  /// The integrity algorithms; `none` only with a cipher that authenticates by itself.
  public enum Integrity: Hashable, Sendable, CaseIterable {
    case none, hmacMD5, hmacSHA1, hmacSHA256, hmacSHA384, hmacSHA512
  }

  public let encryption: Encryption
  public let integrity: Integrity

  /// The ciphers that need no second algorithm.
  public static let aesGCM128 = ESPTransform(authenticating: .aesGCM128)
  /// See `aesGCM128`.
  public static let aesGCM256 = ESPTransform(authenticating: .aesGCM256)

  private init(authenticating encryption: Encryption) {
    self.encryption = encryption
    integrity = .none
  }

  /// `nil` for a cipher without integrity, or for GCM with a second one.
  public init?(_ encryption: Encryption, _ integrity: Integrity = .none) {
    guard encryption.authenticates == (integrity == .none) else { return nil }
    self.encryption = encryption
    self.integrity = integrity
  }

  /// Every transform there is, in a fixed order.
  public static var all: [ESPTransform] {
    Encryption.allCases.flatMap { encryption in
      Integrity.allCases.compactMap { ESPTransform(encryption, $0) }
    }
  }

  /// Key material to derive for the cipher, the salt of GCM included (RFC 4106 §8.1).
  public var encryptionKeyBytes: Int {
    switch encryption {
    case .aesCBC128: 16
    case .aesCBC192, .tripleDESCBC: 24
    case .aesCBC256: 32
    case .aesGCM128: 20
    case .aesGCM256: 36
    }
  }

  /// Key material to derive for the integrity algorithm (RFC 2403, RFC 2404, RFC 4868 §2.1.1).
  public var integrityKeyBytes: Int {
    switch integrity {
    case .none: 0
    case .hmacMD5: 16
    case .hmacSHA1: 20
    case .hmacSHA256: 32
    case .hmacSHA384: 48
    case .hmacSHA512: 64
    }
  }

  /// Length of the IV field.
  public var ivBytes: Int {
    switch encryption {
    case .aesCBC128, .aesCBC192, .aesCBC256: 16
    case .tripleDESCBC, .aesGCM128, .aesGCM256: 8
    }
  }

  /// What the ciphertext's length is a multiple of; at least 4 (RFC 4303 §2.4).
  public var blockBytes: Int {
    switch encryption {
    case .aesCBC128, .aesCBC192, .aesCBC256: 16
    case .tripleDESCBC: 8
    case .aesGCM128, .aesGCM256: 4
    }
  }

  /// Length of the integrity check value.
  public var icvBytes: Int {
    switch integrity {
    case .none: 16
    case .hmacMD5, .hmacSHA1: 12
    case .hmacSHA256: 16
    case .hmacSHA384: 24
    case .hmacSHA512: 32
    }
  }
}

extension ESPTransform: CustomStringConvertible {
  /// E.g. `aesCBC256-hmacSHA256` or `aesGCM128`.
  public var description: String {
    integrity == .none ? "\(encryption)" : "\(encryption)-\(integrity)"
  }
}

extension ESPTransform.Encryption {
  /// Whether the cipher needs no integrity algorithm beside it.
  public var authenticates: Bool {
    switch self {
    case .aesGCM128, .aesGCM256: true
    case .aesCBC128, .aesCBC192, .aesCBC256, .tripleDESCBC: false
    }
  }
}
