import Cryptography
import Primitives

// The algorithms of ESP as phase 2 writes them.

extension ESPTransform {
  /// Bytes of KEYMAT for one direction.
  var keyMaterialBytes: Int { encryptionKeyBytes + integrityKeyBytes }
}

extension ESPTransform.Encryption {
  /// ESP transform identifier (RFC 2407 §4.4.4; RFC 4106 §8.4: GCM with a 16-byte ICV).
  var transformID: UInt8 {
    switch self {
    case .tripleDESCBC: 3
    case .aesCBC128, .aesCBC192, .aesCBC256: 12
    case .aesGCM128, .aesGCM256: 20
    }
  }

  /// The Key Length attribute, without the salt of GCM; `nil` for the fixed-key cipher.
  var keyLengthBits: UInt16? {
    switch self {
    case .tripleDESCBC: nil
    case .aesCBC128, .aesGCM128: 128
    case .aesCBC192: 192
    case .aesCBC256, .aesGCM256: 256
    }
  }
}

extension ESPTransform.Integrity {
  /// Authentication Algorithm attribute (RFC 2407 §4.5, RFC 4868 §3.2); `none` is its absence.
  var ikeNumber: UInt16? {
    switch self {
    case .none: nil
    case .hmacMD5: 1
    case .hmacSHA1: 2
    case .hmacSHA256: 5
    case .hmacSHA384: 6
    case .hmacSHA512: 7
    }
  }
}

extension ESPKeys {
  /// Cuts KEYMAT: encryption key with its salt, integrity key (RFC 2407 §4.5, RFC 4106 §8.1).
  init(_ keyMaterial: [UInt8], for transform: ESPTransform) {
    self.init(
      encryption: Secret(Array(keyMaterial.prefix(transform.encryptionKeyBytes))),
      integrity: Secret(Array(keyMaterial.dropFirst(transform.encryptionKeyBytes))))
  }
}
