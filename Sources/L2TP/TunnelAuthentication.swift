import Cryptography
import Primitives

// Tunnel authentication (RFC 2661 §5.1.1): CHAP with the message type as identifier.

extension Tunnel {
  private static var challengeBytes: Int { 16 }

  func makeChallenge(using random: inout some RandomNumberGenerator) -> [UInt8] {
    random.bytes(Self.challengeBytes)
  }

  /// MD5 over the type of the message that carries the response, the secret and the challenge
  /// (§4.4.3; RFC 1994 §4.1).
  static func response(
    to challenge: [UInt8], in type: MessageType, secret: Secret
  ) -> [UInt8] {
    secret.withBytes {
      HashAlgorithm.md5.digest([UInt8(truncatingIfNeeded: type.rawValue)], $0, challenge)
    }
  }

  /// Our response to the peer's challenge: empty when there is none, `nil` when we cannot or must
  /// not respond: without a secret, or to our own challenge reflected.
  func response(to challenge: [UInt8]?, in type: MessageType) -> [UInt8]? {
    guard let challenge else { return [] }
    guard let secret = configuration.secret, !secret.isEmpty else { return nil }
    if let challengeSent, equalInConstantTime(challenge, challengeSent) { return nil }
    return Self.response(to: challenge, in: type, secret: secret)
  }

  /// Whether the peer's response fits our challenge; without a challenge anything does.
  func isProof(_ response: [UInt8]?, in type: MessageType) -> Bool {
    guard let challengeSent else { return true }
    guard let response, let secret = configuration.secret else { return false }
    return equalInConstantTime(
      response, Self.response(to: challengeSent, in: type, secret: secret))
  }

  /// Our challenge, if there is one to be answered, and `response`, if it is not empty.
  func authenticationAVPs(_ response: [UInt8]) -> [AVP] {
    var avps: [AVP] = []
    if let challengeSent { avps.append(AVP(.challenge, challengeSent)) }
    if !response.isEmpty { avps.append(AVP(.challengeResponse, response)) }
    return avps
  }
}
