import Cryptography
import IKE
import PPP
import Settings

// Algorithms as the configuration spells them.

extension BlockCipher {
  var configurationName: String {
    switch self {
    case .aesCBC128: EncryptionAlgorithm.aes128.rawValue
    case .aesCBC192: EncryptionAlgorithm.aes192.rawValue
    case .aesCBC256: EncryptionAlgorithm.aes256.rawValue
    case .tripleDESCBC: EncryptionAlgorithm.tripleDES.rawValue
    }
  }
}

extension Cryptography.ESPTransform.Encryption {
  var configurationName: String {
    switch self {
    case .aesCBC128: EncryptionAlgorithm.aes128.rawValue
    case .aesCBC192: EncryptionAlgorithm.aes192.rawValue
    case .aesCBC256: EncryptionAlgorithm.aes256.rawValue
    case .aesGCM128: EncryptionAlgorithm.aes128gcm16.rawValue
    case .aesGCM256: EncryptionAlgorithm.aes256gcm16.rawValue
    case .tripleDESCBC: EncryptionAlgorithm.tripleDES.rawValue
    }
  }
}

extension Cryptography.ESPTransform.Integrity {
  var configurationName: String? {
    switch self {
    case .none: nil
    case .hmacMD5: IntegrityAlgorithm.md5.rawValue
    case .hmacSHA1: IntegrityAlgorithm.sha1.rawValue
    case .hmacSHA256: IntegrityAlgorithm.sha256.rawValue
    case .hmacSHA384: IntegrityAlgorithm.sha384.rawValue
    case .hmacSHA512: IntegrityAlgorithm.sha512.rawValue
    }
  }
}

extension AuthenticationProtocol {
  var configurationName: String {
    switch self {
    case .msCHAPv2: PPPAuthentication.mschapv2.rawValue
    case .chapMD5: PPPAuthentication.chap.rawValue
    case .pap: PPPAuthentication.pap.rawValue
    }
  }
}
