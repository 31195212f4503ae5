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
    var suites: [(ESPTransform.Encryption, ESPTransform.Integrity)] = [
      (.aesGCM256, .none), (.aesGCM128, .none),
    ]
    let sha256: [(ESPTransform.Encryption, ESPTransform.Integrity)] = [
      (.aesCBC256, .hmacSHA256), (.aesCBC128, .hmacSHA256), (.aesCBC192, .hmacSHA256),
    ]
    let longer: [(ESPTransform.Encryption, ESPTransform.Integrity)] = [
      (.aesCBC256, .hmacSHA512), (.aesCBC256, .hmacSHA384), (.aesCBC128, .hmacSHA512),
      (.aesCBC128, .hmacSHA384),
    ]
    // Deviation: Android 6 and 7 cut HMAC-SHA-256 to 96 bits, so it comes after what they do right.
    suites += self == .standard ? sha256 + longer : longer + sha256
    if self != .standard {
      suites += [(.aesCBC256, .hmacSHA1), (.aesCBC192, .hmacSHA1), (.aesCBC128, .hmacSHA1)]
    }
    if self == .legacy {
      suites += [(.aesCBC256, .hmacMD5), (.aesCBC128, .hmacMD5)]
      suites += [(.tripleDESCBC, .hmacSHA1), (.tripleDESCBC, .hmacMD5)]
    }
    return suites.compactMap { ESPTransform($0, $1) }
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
