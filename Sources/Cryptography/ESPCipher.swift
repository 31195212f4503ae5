import CCryptography
import Primitives

/// The keys of one direction of an ESP security association.
public struct ESPKeys: Sendable {
  /// `ESPTransform.encryptionKeyBytes` long; for GCM the salt stands at the end.
  public let encryption: Secret
  /// `ESPTransform.integrityKeyBytes` long; empty for GCM.
  public let integrity: Secret

  public init(encryption: Secret, integrity: Secret) {
    self.encryption = encryption
    self.integrity = integrity
  }
}

/// Why no cipher could be made.
public enum ESPCipherError: Error, Hashable, Sendable {
  /// The keys do not have the lengths that the transform says.
  case wrongKeyLength
  /// The cryptographic library has no memory or refuses the algorithm on this host.
  case libraryFailed
}

/// One direction of one security association's cipher: expanded keys, ready for any packet.
///
/// Made by an `ESPCryptoEngine`, used by one thread at a time, wiped when it goes.
@safe
public struct ESPCipher: ~Copyable, Sendable {
  /// The use that a cipher is made for.
  public enum Direction: Hashable, Sendable { case seal, open }

  nonisolated(unsafe) let context: OpaquePointer
  public let transform: ESPTransform

  init(
    _ transform: ESPTransform, _ direction: Direction, keys: ESPKeys, engine: OpaquePointer
  ) throws(ESPCipherError) {
    guard keys.encryption.count == transform.encryptionKeyBytes,
      keys.integrity.count == transform.integrityKeyBytes
    else { throw .wrongKeyLength }
    let context = unsafe keys.encryption.withBytes { encryption in
      unsafe keys.integrity.withBytes { integrity in
        unsafe esp_cipher_new(
          engine, direction == .seal ? ESP_SEAL : ESP_OPEN, transform.encryption.code,
          transform.integrity.code, encryption, encryption.count, integrity, integrity.count)
      }
    }
    guard let context = unsafe context else { throw .libraryFailed }
    unsafe self.context = context
    self.transform = transform
  }

  deinit { unsafe esp_cipher_free(context) }
}

extension ESPTransform.Encryption {
  fileprivate var code: esp_encryption {
    switch self {
    case .aesCBC128, .aesCBC192, .aesCBC256: ESP_AES_CBC
    case .tripleDESCBC: ESP_TRIPLE_DES_CBC
    case .aesGCM128, .aesGCM256: ESP_AES_GCM_16
    }
  }
}

extension ESPTransform.Integrity {
  fileprivate var code: esp_integrity {
    switch self {
    case .none: ESP_INTEGRITY_NONE
    case .hmacMD5: ESP_HMAC_MD5_96
    case .hmacSHA1: ESP_HMAC_SHA1_96
    case .hmacSHA256: ESP_HMAC_SHA256_128
    case .hmacSHA384: ESP_HMAC_SHA384_192
    case .hmacSHA512: ESP_HMAC_SHA512_256
    }
  }
}
