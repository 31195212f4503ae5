import Cryptography
import IKE
import Primitives
import Simulation
import Testing

/// The checkers of what somebody on the path must not bring about notice planted faults.
@Suite(.timeLimit(.minutes(5))) struct AdversaryCheckerTests {
  private func rule(_ body: () throws(BrokenPromise) -> Void) -> String? {
    do throws(BrokenPromise) { try body() } catch { return error.rule }
    return nil
  }

  @Test func weakerAlgorithmsThanTheBestOfBothAreNoticed() {
    let best = ISAKMPTransform(.aesCBC256, .sha256, .ecp256)
    let weaker = ISAKMPTransform(.aesCBC128, .sha256, .ecp256)
    let checker = AlgorithmChecker(
      asResponder: AlgorithmChecker.Choice(isakmp: best, esp: .aesGCM256),
      asInitiator: AlgorithmChecker.Choice(isakmp: weaker, esp: nil))
    func rule(_ transform: ISAKMPTransform, as role: Role) -> String? {
      self.rule { () throws(BrokenPromise) in try checker.check(transform, as: role, at: .zero) }
    }
    #expect(rule(best, as: .responder) == nil)
    #expect(rule(weaker, as: .responder) == "algorithms")
    #expect(rule(weaker, as: .initiator) == nil)
    #expect(rule(best, as: .initiator) == "algorithms")
    for (transform, role) in [(.aesGCM128, .responder), (.aesGCM256, .initiator)]
      as [(ESPTransform, Role)]
    {
      let broken = self.rule { () throws(BrokenPromise) in
        try checker.check(transform, as: role, at: .zero)
      }
      #expect(broken == "algorithms")
    }
  }

  /// Two ends with the same pair.
  private var standing: PairChecker {
    var checker = PairChecker()
    checker.noteUp(PairChecker.Pair(inbound: 300, outbound: 400), of: 0)
    checker.noteUp(PairChecker.Pair(inbound: 400, outbound: 300), of: 1)
    return checker
  }

  @Test func aPairDeletedByNobodyIsNoticed() {
    var forged = standing
    #expect(
      rule { () throws(BrokenPromise) in
        try forged.noteDown(300, of: 0, .peerDeleted, at: .zero)
      } == "forgery")
    var ended = standing
    #expect(
      rule { () throws(BrokenPromise) in
        try ended.noteDown(400, of: 1, .requested, at: .zero)
        try ended.noteDown(300, of: 0, .peerDeleted, at: .zero)
      } == nil)
    var crashed = standing
    crashed.forget(life: 1)
    #expect(
      rule { () throws(BrokenPromise) in
        try crashed.noteDown(300, of: 0, .peerDeleted, at: .zero)
      } == nil)
  }

  @Test func moreMainModesThanASourceMayHaveAreNoticed() throws {
    var engine = try ISAKMPEngine(
      configuration: ISAKMPConfiguration(
        isakmpPolicies: [
          ISAKMPPolicy(
            name: "isakmp", peer: .any,
            transforms: [ISAKMPTransform(.aesCBC128, .sha256, .ecp256)])
        ], ipsecPolicies: [],
        preSharedKeys: [PreSharedKey(peer: .any, secret: Secret(text: "simulation"))]))
    var random = SeededRandom(seed: 1)
    let (here, there) = (IPv4Address(203, 0, 113, 1), IPv4Address(198, 51, 100, 9))
    for cookie in 1...3 as ClosedRange<UInt64> {
      engine.receive(
        firstMessage(cookie),
        on: Path(
          local: SocketAddress(.v4(here), port: 500), remote: SocketAddress(.v4(there), port: 500),
          floated: false), at: .zero, using: &random)
    }
    let exchanges = engine.exchanges
    #expect(exchanges.count == 3)
    #expect(
      rule { () throws(BrokenPromise) in
        try HalfOpenChecker.check(exchanges, max: 3, at: .zero)
      } == nil)
    #expect(
      rule { () throws(BrokenPromise) in
        try HalfOpenChecker.check(exchanges, max: 2, at: .zero)
      } == "half-open")
  }

  /// Message 1 with one transform: AES-CBC of 128 bits, SHA-256, the 256-bit curve and a pre-shared
  /// key (RFC 2409 Appendix A).
  private func firstMessage(_ cookie: UInt64) -> [UInt8] {
    let attributes = [(1, 7), (14, 128), (2, 4), (4, 19), (3, 1)] as [(UInt16, UInt16)]
    let transform = Transform(
      number: 1, id: 1, attributes: attributes.map { Attribute($0.0, .basic($0.1)) })
    let offer = SecurityAssociation(proposals: [
      Proposal(number: 1, protocolID: .isakmp, spi: [], transforms: [transform])
    ])
    let chain = PayloadChain([Payload(.securityAssociation, offer.bytes)])
    return ISAKMPHeader(
      cookies: Cookies(initiator: cookie, responder: 0), firstPayload: chain.first,
      exchangeType: .identityProtection
    ).message(with: chain.bytes)
  }
}
