import Cryptography
import IKE
import Primitives

/// How many peers a core takes in a second: main mode and quick mode at the responder, beside the
/// Diffie–Hellman arithmetic alone, which no responder can do without.
struct KeyExchangeFigures {
  private static let handshakesInRun = 20
  private static let fewConnections = 100
  private static let manyConnections = 4_000

  var effort: Effort

  func measure() -> [Figure] {
    let groups: [(KeyExchangeGroup, name: String, openssl: String)] = [
      (.modp2048, "MODP-2048", "ffdh2048"), (.ecp256, "ECP-256", "ecdhp256"),
    ]
    return groups.flatMap { group, name, openssl in
      [rate(group, name), agreements(group, name, openssl)]
    } + growth()
  }

  private func rate(_ group: KeyExchangeGroup, _ name: String) -> Figure {
    let medians = interleaved(rounds: effort.rounds) {
      handshakeNanoseconds(Handshakes(group: group))
    } _: {
      nanosecondsPerOperation(effort, operations: Self.handshakesInRun) {
        Self.agree(group, Self.handshakesInRun)
      }
    }
    return Figure(
      name: "responder, main mode + quick mode, \(name)", unit: .perCoreSecond,
      ours: 1e9 / medians.ours, referenceName: "public value and shared secret alone",
      reference: medians.reference.map { 1e9 / $0 }, target: 0.7)
  }

  private func agreements(
    _ group: KeyExchangeGroup, _ name: String, _ openssl: String
  ) -> Figure {
    let medians = interleaved(rounds: effort.rounds) {
      Self.sharedSecretNanoseconds(group, effort)
    } _: {
      OpenSSLSpeed.agreementsPerSecond(openssl, effort)
    }
    return Figure(
      name: "shared secrets, \(name)", unit: .perCoreSecond, ours: 1e9 / medians.ours,
      referenceName: "openssl speed \(openssl)", reference: medians.reference)
  }

  /// A handshake must cost the same however many connections there are.
  private func growth() -> [Figure] {
    guard let few = Handshakes(group: .ecp256), let many = Handshakes(group: .ecp256) else {
      return []
    }
    _ = few.run(Self.fewConnections)
    _ = many.run(Self.manyConnections)
    let medians = interleaved(rounds: effort.rounds) {
      many.run(Self.handshakesInRun)
    } _: {
      few.run(Self.handshakesInRun)
    }
    let scale = 1e9 * Double(Self.handshakesInRun)
    return [
      Figure(
        name: "responder with \(Self.manyConnections) connections, ECP-256", unit: .perCoreSecond,
        ours: scale / medians.ours, referenceName: "with \(Self.fewConnections) connections",
        reference: medians.reference.map { scale / $0 }, target: 0.9)
    ]
  }

  private func handshakeNanoseconds(_ handshakes: Handshakes?) -> Double {
    guard let handshakes else { return .nan }
    return nanosecondsPerOperation(effort, operations: Self.handshakesInRun) {
      handshakes.run(Self.handshakesInRun)
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
