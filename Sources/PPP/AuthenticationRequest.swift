import Cryptography
import Primitives

/// A user's proof, to be held against a user store or passed on to RADIUS.
public struct AuthenticationRequest: Sendable, Equatable {
  /// What the user sent, and what it answers.
  public enum Material: Sendable, Equatable {
    /// The password itself (RFC 1334 §2.2.1).
    case pap(password: Secret)
    /// MD5 over identifier, password and challenge, 16 bytes (RFC 1994 §4.1).
    case chapMD5(identifier: UInt8, challenge: [UInt8], response: [UInt8])
    /// RFC 2759 §4: two challenges of 16 bytes and a response of 24.
    case msCHAPv2(
      identifier: UInt8, challenge: [UInt8], peerChallenge: [UInt8], ntResponse: [UInt8])
  }

  /// Names this question in `PPPLink.completeAuthentication`.
  public var ticket: UInt32
  /// The name as the user sent it, 0…256 bytes, possibly "DOMAIN\user"; any bytes.
  public var userName: [UInt8]
  public var material: Material

  public init(ticket: UInt32, userName: [UInt8], material: Material) {
    self.ticket = ticket
    self.userName = userName
    self.material = material
  }

  public var authenticationProtocol: AuthenticationProtocol {
    switch material {
    case .pap: .pap
    case .chapMD5: .chapMD5
    case .msCHAPv2: .msCHAPv2
    }
  }

  /// The name without a Windows domain in front: what a user store without domains looks up.
  public var userNameWithoutDomain: [UInt8] { MSCHAPv2.nameWithoutDomain(userName) }

  /// The name for logs and screens: printable whatever the user sent.
  public var userDisplayName: String { printable(userName) }

  /// Holds the proof against `password`, comparing in constant time.
  ///
  /// For a user who does not exist, verify against any password and refuse: the time it takes must
  /// not tell who exists.
  public func verify(password: Secret) -> AuthenticationVerdict {
    switch material {
    case .pap(let sent): return sent == password ? .accepted() : .refused
    case .chapMD5(let identifier, let challenge, let response):
      let expected = CHAPMD5.response(
        identifier: identifier, challenge: challenge, password: password)
      return equalInConstantTime(expected, response) ? .accepted() : .refused
    case .msCHAPv2(_, let challenge, let peerChallenge, let ntResponse):
      let expected = MSCHAPv2.ntResponse(
        authenticatorChallenge: challenge, peerChallenge: peerChallenge, userName: userName,
        password: password)
      guard equalInConstantTime(expected, ntResponse) else { return .refused }
      return .accepted(
        authenticatorResponse: MSCHAPv2.authenticatorResponse(
          password: password, ntResponse: ntResponse, peerChallenge: peerChallenge,
          authenticatorChallenge: challenge, userName: userName))
    }
  }
}

/// The answer to an `AuthenticationRequest`.
public enum AuthenticationVerdict: Sendable, Equatable {
  /// Let in. For MS-CHAPv2 with the gateway's own proof, "S=" and 40 hexadecimal digits
  /// (RFC 2759 §5; RADIUS brings it in MS-CHAP2-Success without its first byte); empty otherwise.
  case accepted(authenticatorResponse: [UInt8] = [])
  case refused
}

/// The computation of RFC 1994 §4.1.
enum CHAPMD5 {
  /// Length of the challenges that we send; peers may send 1…255.
  static let challengeBytes = 16
  /// Length of a response.
  static let responseBytes = 16

  static func response(identifier: UInt8, challenge: [UInt8], password: Secret) -> [UInt8] {
    password.withBytes { HashAlgorithm.md5.digest([identifier], $0, challenge) }
  }
}
