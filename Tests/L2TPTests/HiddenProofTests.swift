import Primitives
import Testing

@testable import L2TP

/// A Challenge Response may be hidden (RFC 2661 §4.3): the Random Vector nearest before it opens it,
/// and without the right one it is none.
@Suite(.timeLimit(.minutes(5))) struct HiddenProofTests {
  private static let secret = Secret(text: "tunnel secret")
  private static let vector = [UInt8](0..<16)
  private static let other = [UInt8](16..<32)

  private func lns() -> Bench {
    Bench(.lns) {
      $0.secret = Self.secret
      $0.requiresTunnelAuthentication = true
    }
  }

  /// Lets the LNS ask; what must be answered.
  private func ask(_ bench: inout Bench) throws -> AVP {
    bench.send(.sccrq)
    let challenge = bench.sent.flatMap(\.avps).first { $0.type == .challenge }?.value
    let response = Tunnel.response(
      to: try #require(challenge), in: .scccn, secret: Self.secret)
    return AVP(.challengeResponse, response)
  }

  private func hidden(_ proof: AVP, with vector: [UInt8]) -> AVP {
    let hidden = proof.hidden(with: Self.secret, randomVector: vector)
    #expect(hidden.isHidden)
    return hidden
  }

  @Test func aHiddenProofIsOpenedByTheVectorBeforeIt() throws {
    var bench = lns()
    let proof = try ask(&bench)
    bench.send(.scccn, [AVP(.randomVector, Self.vector), hidden(proof, with: Self.vector)])
    #expect(bench.tunnel.phase == .established)
  }

  @Test func theNearestOfSeveralVectorsCounts() throws {
    let vectors = [AVP(.randomVector, Self.vector), AVP(.randomVector, Self.other)]
    var near = lns()
    let nearProof = try ask(&near)
    near.send(.scccn, vectors + [hidden(nearProof, with: Self.other)])
    #expect(near.tunnel.phase == .established)
    var far = lns()
    let farProof = try ask(&far)
    far.send(.scccn, vectors + [hidden(farProof, with: Self.vector)])
    #expect(far.tunnel.phase == .stopped)
    #expect(far.lastResult != nil)
  }

  @Test func badInput41HiddenProofWithoutItsVectorIsNone() throws {
    let vector = AVP(.randomVector, Self.vector)
    for place in ["none", "after", "empty", "another"] {
      var bench = lns()
      let proof = try ask(&bench)
      let hidden = hidden(proof, with: Self.vector)
      let avps =
        switch place {
        case "after": [hidden, vector]
        case "empty": [AVP(.randomVector, []), hidden]
        case "another": [AVP(.randomVector, Self.other), hidden]
        default: [hidden]
        }
      bench.send(.scccn, avps)
      #expect(bench.tunnel.phase == .stopped, "\(place)")
      #expect(bench.sentTypes.last == .stopCCN, "\(place)")
      let isUp = bench.events.contains { $0.isEstablished }
      #expect(!isUp, "\(place)")
    }
  }

  /// Without the M bit the AVP is passed over, and then there is no proof.
  @Test func badInput41HiddenProofThatMayBePassedOverIsNone() throws {
    var bench = lns()
    let proof = try ask(&bench)
    var hidden = hidden(proof, with: Self.vector)
    hidden.isMandatory = false
    let violation = bench.send(.scccn, [hidden])
    #expect(violation == .authentication)
    #expect(bench.events.map(\.closeReason) == [.authenticationFailed])
  }

  @Test func badInput41ProofHiddenWithAnotherSecretIsNone() throws {
    var bench = lns()
    let proof = try ask(&bench)
    let hidden = proof.hidden(with: Secret(text: "guess"), randomVector: Self.vector)
    bench.send(.scccn, [AVP(.randomVector, Self.vector), hidden])
    #expect(bench.tunnel.phase == .stopped)
    let isUp = bench.events.contains { $0.isEstablished }
    #expect(!isUp)
  }

  /// Ours, in either role: a fresh vector for each message, before what it hides.
  @Test func whatWeHideHasAFreshVectorBeforeIt() {
    var lac = TunnelConfiguration(hostName: "lac")
    lac.secret = Self.secret
    lac.hideAVPs = true
    lac.requiresTunnelAuthentication = true
    var lns = lac
    lns.hostName = "lns"
    var pair = Pair(lac: lac, lns: lns)
    pair.openSession(9)
    pair.run(for: .seconds(1))
    #expect(pair.lns.phase == .established)
    var vectors: [[UInt8]] = []
    for sent in pair.sent where sent.message.avps.contains(where: \.isHidden) {
      vectors += sent.message.avps.filter { $0.type == .randomVector }.map(\.value)
    }
    #expect(vectors.count >= 3, "SCCCN, ICRQ and ICRP at least")
    #expect(vectors.allSatisfy { $0.count == 16 })
    #expect(Set(vectors).count == vectors.count)
    // No response and no session id travels in the clear once values are hidden.
    let later = pair.sent.filter { [.scccn, .icrq, .icrp].contains($0.message.type) }
    #expect(later.count == 3)
    let clear = later.flatMap(\.message.avps).filter {
      !$0.isHidden && [.challengeResponse, .assignedSessionID].contains($0.type)
    }
    #expect(clear.isEmpty)
  }
}
