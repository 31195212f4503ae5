import Cryptography
import IKE
import Primitives

/// How many peers a core takes in a second: main mode and quick mode at the responder, beside the
/// Diffie–Hellman arithmetic alone, which no responder can do without.
struct KeyExchangeFigures {
  private static let handshakesInRun = 20

  var effort: Effort

  func measure() -> [Figure] {
    let groups: [(KeyExchangeGroup, name: String, openssl: String)] = [
      (.modp2048, "MODP-2048", "ffdh2048"), (.ecp256, "ECP-256", "ecdhp256"),
    ]
    return groups.flatMap { group, name, openssl in
      guard let handshakes = Handshakes(group: group) else { return [Figure]() }
      let medians = interleaved(rounds: effort.rounds) {
        nanosecondsPerOperation(effort, operations: Self.handshakesInRun) {
          handshakes.run(Self.handshakesInRun)
        }
      } _: {
        nanosecondsPerOperation(effort, operations: Self.handshakesInRun) {
          Self.agree(group, Self.handshakesInRun)
        }
      }
      let speed = (0..<effort.rounds).compactMap { _ in
        OpenSSLSpeed.agreementsPerSecond(openssl, effort)
      }
      let alone = medians.reference.map { 1e9 / $0 }
      return [
        Figure(
          name: "responder, main mode + quick mode, \(name)", unit: .perCoreSecond,
          ours: 1e9 / medians.ours, referenceName: "public value and shared secret alone",
          reference: alone, target: 0.7),
        Figure(
          name: "shared secrets, \(name)", unit: .perCoreSecond,
          ours: 1e9 / Self.sharedSecretNanoseconds(group, effort),
          referenceName: "openssl speed \(openssl)", reference: median(speed)),
      ]
    }
  }

  /// What every responder must compute: its public value and the shared secret.
  private static func agree(_ group: KeyExchangeGroup, _ count: Int) -> Double {
    var random = SystemRandom()
    guard
      let peer = try? group.publicValue(for: group.makePrivateKey(using: &random))
    else { return .nan }
    return nanoseconds {
      for _ in 0..<count {
        let key = group.makePrivateKey(using: &random)
        let isDone =
          (try? group.publicValue(for: key)) != nil
          && (try? group.sharedSecret(privateKey: key, peerPublicValue: peer)) != nil
        precondition(isDone, "the key agreement failed")
      }
    }
  }

  private static func sharedSecretNanoseconds(
    _ group: KeyExchangeGroup, _ effort: Effort
  ) -> Double {
    var random = SystemRandom()
    let key = group.makePrivateKey(using: &random)
    guard
      let peer = try? group.publicValue(for: group.makePrivateKey(using: &random))
    else { return .nan }
    return nanosecondsPerOperation(effort, operations: handshakesInRun) {
      nanoseconds {
        for _ in 0..<handshakesInRun {
          let secret = try? group.sharedSecret(privateKey: key, peerPublicValue: peer)
          precondition(secret != nil, "the key agreement failed")
        }
      }
    }
  }
}
