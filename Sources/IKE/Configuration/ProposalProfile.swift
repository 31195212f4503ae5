import Cryptography

/// Named lists of transforms in order of preference.
public enum ProposalProfile: String, CaseIterable, Sendable {
  /// AES with SHA-2 and strong groups.
  case standard = "default"
  /// Adds SHA-1 with AES for the built-in clients of Windows, macOS and iOS; group 14 first.
  case compatible
  /// Adds 3DES, MD5 and groups 2 and 5. Never a default.
  case legacy

  /// Transforms of phase 1, best first. The first `offeredMax` are what an initiator offers.
  public var isakmpTransforms: [ISAKMPTransform] {
    var result = Self.combine(
      [(.aesCBC256, .sha256), (.aesCBC128, .sha256), (.aesCBC256, .sha384), (.aesCBC256, .sha512)],
      groups)
    if self != .standard {
      result = Self.combine([(.aesCBC256, .sha256)], groups)
      result += Self.combine([(.aesCBC256, .sha1), (.aesCBC128, .sha1)], groups)
      // Before the rest, so that an initiator's offer, which is cut, contains it.
      if self == .legacy { result += Self.legacyTransforms.filter { !result.contains($0) } }
      result += Self.combine(
        [(.aesCBC128, .sha256), (.aesCBC256, .sha384), (.aesCBC256, .sha512)], groups
      ).filter { !result.contains($0) }
    }
    result += Self.combine([(.aesCBC128, .sha384), (.aesCBC128, .sha512)], groups)
    return result
  }

  /// Transforms of phase 2, best first.
  public var espTransforms: [ESPTransform] {
    let sha256: [ESPTransform] = [.aesCBC256, .aesCBC128, .aesCBC192].map {
      ESPTransform($0, .hmacSHA256_128)
    }
    let longer = [
      ESPTransform(.aesCBC256, .hmacSHA512_256), ESPTransform(.aesCBC256, .hmacSHA384_192),
      ESPTransform(.aesCBC128, .hmacSHA512_256), ESPTransform(.aesCBC128, .hmacSHA384_192),
    ]
    var result = [ESPTransform(aead: .aesGCM256), ESPTransform(aead: .aesGCM128)]
    // Deviation: Android 6 and 7 cut HMAC-SHA-256 to 96 bits, so it comes after what they do right.
    result += self == .standard ? sha256 + longer : longer + sha256
    if self != .standard {
      result += [.aesCBC256, .aesCBC192, .aesCBC128].map { ESPTransform($0, .hmacSHA1_96) }
    }
    if self == .legacy {
      result += [.aesCBC256, .aesCBC128].map { ESPTransform($0, .hmacMD5_96) }
      result += [.hmacSHA1_96, .hmacMD5_96].map { ESPTransform(.tripleDESCBC, $0) }
    }
    return result
  }

  /// The most phase 1 transforms that an initiator sends: the first message should fit one
  /// unfragmented datagram of 1280 bytes.
  static let offeredMax = 28

  private static var legacyTransforms: [ISAKMPTransform] {
    combine(
      [
        (.tripleDESCBC, .sha1), (.tripleDESCBC, .md5), (.aesCBC256, .sha1), (.aesCBC128, .sha1),
        (.aesCBC256, .md5), (.aesCBC128, .md5), (.aesCBC256, .sha256), (.aesCBC128, .sha256),
      ], [.modp2048, .modp1536, .modp1024])
  }

  private var groups: [KeyExchangeGroup] {
    switch self {
    case .standard: [.ecp256, .x25519, .modp2048, .modp3072, .ecp384, .modp4096]
    case .compatible, .legacy: [.modp2048, .x25519, .ecp384, .ecp256, .modp3072, .modp4096]
    }
  }

  private static func combine(
    _ algorithms: [(BlockCipher, HashAlgorithm)], _ groups: [KeyExchangeGroup]
  ) -> [ISAKMPTransform] {
    algorithms.flatMap { cipher, hash in groups.map { ISAKMPTransform(cipher, hash, $0) } }
  }
}
