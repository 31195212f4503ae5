import Cryptography
import Primitives

/// The computations of RFC 2759 §8; names as there.
enum MSCHAPv2 {
  /// Length of the challenge in a Challenge packet and of the peer's own (RFC 2759 §3, §4).
  static let challengeBytes = 16
  /// Length of an NT-Response (RFC 2759 §4).
  static let ntResponseBytes = 24
  /// Length of the value in a Response: peer challenge, 8 reserved, NT-Response, flags (§4).
  static let responseValueBytes = 49

  /// §8.7 "Magic server to client signing constant".
  private static let magic1 = Array("Magic server to client signing constant".utf8)
  /// §8.7 "Pad to make it do more than one iteration".
  private static let magic2 = Array("Pad to make it do more than one iteration".utf8)

  /// The name that enters the hash: what follows a Windows domain and its backslash (§8.2).
  static func nameWithoutDomain(_ userName: [UInt8]) -> [UInt8] {
    guard let separator = userName.lastIndex(of: UInt8(ascii: "\\")) else { return userName }
    return Array(userName[(separator + 1)...])
  }

  /// §8.2: 8 bytes.
  static func challengeHash(
    peerChallenge: [UInt8], authenticatorChallenge: [UInt8], userName: [UInt8]
  ) -> [UInt8] {
    let digest = HashAlgorithm.sha1.digest(
      peerChallenge, authenticatorChallenge, nameWithoutDomain(userName))
    return Array(digest.prefix(8))
  }

  /// §8.3: MD4 over the password in UTF-16, least significant byte first; 16 bytes.
  static func ntPasswordHash(_ password: Secret) -> [UInt8] {
    password.withBytes { bytes in
      var unicode: [UInt8] = []
      unicode.reserveCapacity(2 * bytes.count)
      _ = transcode(
        bytes.makeIterator(), from: UTF8.self, to: UTF16.self, stoppingOnError: false
      ) { unit in
        unicode.append(UInt8(truncatingIfNeeded: unit))
        unicode.append(UInt8(truncatingIfNeeded: unit >> 8))
      }
      defer { wipe(&unicode) }
      return LegacyPPP.md4(unicode)
    }
  }

  /// §8.5: the challenge encrypted under three 7-byte pieces of the padded hash; 24 bytes.
  static func challengeResponse(challenge: [UInt8], passwordHash: [UInt8]) -> [UInt8] {
    let padded = passwordHash + [UInt8](repeating: 0, count: 21 - passwordHash.count)
    return stride(from: 0, to: 21, by: 7).flatMap {
      LegacyPPP.desEncrypt(challenge, key7: Array(padded[$0..<$0 + 7]))
    }
  }

  /// §8.1: 24 bytes.
  static func ntResponse(
    authenticatorChallenge: [UInt8], peerChallenge: [UInt8], userName: [UInt8], password: Secret
  ) -> [UInt8] {
    let challenge = challengeHash(
      peerChallenge: peerChallenge, authenticatorChallenge: authenticatorChallenge,
      userName: userName)
    return challengeResponse(challenge: challenge, passwordHash: ntPasswordHash(password))
  }

  /// §8.7: "S=" and 40 hexadecimal digits in upper case, as they stand in the Success packet.
  static func authenticatorResponse(
    password: Secret, ntResponse: [UInt8], peerChallenge: [UInt8],
    authenticatorChallenge: [UInt8], userName: [UInt8]
  ) -> [UInt8] {
    let hashHash = LegacyPPP.md4(ntPasswordHash(password))
    let digest = HashAlgorithm.sha1.digest(hashHash, ntResponse, magic1)
    let challenge = challengeHash(
      peerChallenge: peerChallenge, authenticatorChallenge: authenticatorChallenge,
      userName: userName)
    return Array("S=".utf8) + hexadecimal(HashAlgorithm.sha1.digest(digest, challenge, magic2))
  }

  /// Upper-case hexadecimal digits.
  static func hexadecimal(_ bytes: [UInt8]) -> [UInt8] {
    let digits = Array("0123456789ABCDEF".utf8)
    return bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
  }
}
