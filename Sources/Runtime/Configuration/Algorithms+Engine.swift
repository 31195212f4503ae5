import Cryptography
import IKE
import Settings

// What the configuration calls algorithms, as the engines know them.

extension Settings.AlgorithmProfile {
  var engineProfile: ProposalProfile {
    switch self {
    case .standard: .standard
    case .compatible: .compatible
    case .legacy: .legacy
    }
  }
}

extension Settings.AlgorithmChoice<Settings.ISAKMPProposal> {
  /// In order of preference.
  var engineTransforms: [IKE.ISAKMPTransform] {
    switch self {
    case .profile(let profile): profile.engineProfile.isakmpTransforms
    case .list(let list): list.compactMap(\.engineTransform)
    }
  }

  var isLegacy: Bool {
    switch self {
    case .profile(let profile): profile == .legacy
    case .list(let list): list.contains(where: \.isLegacy)
    }
  }
}

extension Settings.AlgorithmChoice<Settings.ESPTransform> {
  /// In order of preference.
  var engineTransforms: [Cryptography.ESPTransform] {
    switch self {
    case .profile(let profile): profile.engineProfile.espTransforms
    case .list(let list): list.compactMap(\.engineTransform)
    }
  }

  var isLegacy: Bool {
    switch self {
    case .profile(let profile): profile == .legacy
    case .list(let list): list.contains(where: \.isLegacy)
    }
  }
}

extension Settings.ISAKMPProposal {
  /// `nil` for AES-GCM, which phase 1 does not have; the schema lets none through.
  fileprivate var engineTransform: IKE.ISAKMPTransform? {
    let cipher: BlockCipher
    switch encryption {
    case .aes128: cipher = .aesCBC128
    case .aes192: cipher = .aesCBC192
    case .aes256: cipher = .aesCBC256
    case .tripleDES: cipher = .tripleDESCBC
    case .aes128gcm16, .aes256gcm16: return nil
    }
    return IKE.ISAKMPTransform(cipher, hash.engineHash, group.engineGroup)
  }
}

extension Settings.ESPTransform {
  /// `nil` for AES-CBC or 3DES without integrity; the schema lets none through.
  fileprivate var engineTransform: Cryptography.ESPTransform? {
    let cipher: Cryptography.ESPTransform.Encryption
    switch encryption {
    case .aes128gcm16: return .aesGCM128
    case .aes256gcm16: return .aesGCM256
    case .aes128: cipher = .aesCBC128
    case .aes192: cipher = .aesCBC192
    case .aes256: cipher = .aesCBC256
    case .tripleDES: cipher = .tripleDESCBC
    }
    return integrity.flatMap { Cryptography.ESPTransform(cipher, $0.engineIntegrity) }
  }
}

extension Settings.IntegrityAlgorithm {
  fileprivate var engineHash: HashAlgorithm {
    switch self {
    case .md5: .md5
    case .sha1: .sha1
    case .sha256: .sha256
    case .sha384: .sha384
    case .sha512: .sha512
    }
  }

  fileprivate var engineIntegrity: Cryptography.ESPTransform.Integrity {
    switch self {
    case .md5: .hmacMD5
    case .sha1: .hmacSHA1
    case .sha256: .hmacSHA256
    case .sha384: .hmacSHA384
    case .sha512: .hmacSHA512
    }
  }
}

extension Settings.DHGroup {
  var engineGroup: KeyExchangeGroup {
    switch self {
    case .modp1024: .modp1024
    case .modp1536: .modp1536
    case .modp2048: .modp2048
    case .modp3072: .modp3072
    case .modp4096: .modp4096
    case .ecp256: .ecp256
    case .ecp384: .ecp384
    case .x25519: .x25519
    }
  }
}
