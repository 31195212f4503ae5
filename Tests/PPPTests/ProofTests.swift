import Primitives
import Testing

@testable import PPP

/// Proofs of both ends, to the byte.
@Suite(.timeLimit(.minutes(5))) struct ProofTests {
  /// What a gateway that knows the password says to the client's last response.
  private func proof(for bench: Bench, challenge: [UInt8]) throws -> [UInt8] {
    let frame = try #require(bench.sent.last)
    let packet = try #require(Bench.packet(frame, of: .chap))
    guard case .response(_, let value, _) = try CHAPPacket(packet) else {
      throw PPPViolation.unexpectedPacket
    }
    let configuration = PPPConfiguration.client
    return MSCHAPv2.authenticatorResponse(
      password: configuration.password, ntResponse: Array(value[24..<48]),
      peerChallenge: Array(value[..<16]), authenticatorChallenge: challenge,
      userName: Array(configuration.userName.utf8))
  }

  /// Behind the forty digits stands a blank, or nothing (RFC 2759 §5).
  @Test(arguments: [
    ("", true), (" M=welcome", true), ("0", false), ("M=welcome", false),
  ])
  func whatFollowsTheGatewaysProofBeginsWithABlank(_ rest: String, _ isProof: Bool) throws {
    let bench = Bench.clientInAuthenticate()
    let challenge = [UInt8](repeating: 1, count: 16)
    bench.receive(CHAPPacket.challenge(identifier: 1, value: challenge, name: []).frame)
    let message = try proof(for: bench, challenge: challenge) + Array(rest.utf8)
    bench.receive(CHAPPacket.success(identifier: 1, message: message).frame)
    #expect((bench.link.snapshot.phase == .network) == isProof)
    bench.advance(by: .seconds(6))
    #expect(bench.events.downs.contains(.authenticationFailed) == !isProof)
  }

  private func challenge(of bench: Bench) throws -> (identifier: UInt8, value: [UInt8]) {
    let frame = try #require(bench.sent.last { Bench.packet($0, of: .chap) != nil })
    let packet = try #require(Bench.packet(frame, of: .chap))
    guard case .challenge(let identifier, let value, _) = try CHAPPacket(packet) else {
      throw PPPViolation.unexpectedPacket
    }
    return (identifier, value)
  }

  @Test(arguments: [AuthenticationProtocol.msCHAPv2, .chapMD5])
  func noTwoLinksAreAskedTheSame(method: AuthenticationProtocol) throws {
    var challenges: Set<[UInt8]> = []
    for seed in UInt64(1)...8 {
      let bench = Bench(.gateway.with { $0.authentication = [method] })
      bench.random = SeededRandom(seed: seed)
      bench.link.start(at: bench.now, using: &bench.random)
      bench.drain()
      bench.openLCP()
      let value = try challenge(of: bench).value
      #expect(value.count == 16)
      challenges.insert(value)
    }
    #expect(challenges.count == 8)
  }

  /// A right answer under the number of a protocol that was not agreed is no answer.
  @Test func aResponseInAFrameOfPAPIsNotLookedAt() throws {
    let bench = Bench.gatewayInAuthenticate(.chapMD5)
    let asked = try challenge(of: bench)
    let value = CHAPMD5.response(
      identifier: asked.identifier, challenge: asked.value, password: Secret(text: "sesame"))
    let frame = CHAPPacket.response(
      identifier: asked.identifier, value: value, name: Array("alice".utf8)
    ).frame
    let before = bench.events.count
    bench.receive([0xc0, 0x23] + frame.dropFirst(2))
    #expect(bench.events.count == before)
    #expect(bench.link.snapshot.violations[.beforeAuthentication] == 1)
    bench.receive(frame)
    guard case .authenticate = bench.events.last else {
      Issue.record("the right frame is not looked at: \(bench.events)")
      return
    }
  }

  /// Without a wish for authentication nothing else is odd about one's own requests.
  @Test func badInput53ALoopIsNoticedByTheMagicNumberAlone() {
    for configuration in [
      PPPConfiguration.gateway.with { $0.authentication = [] },
      .client.with { $0.acceptsNoAuthentication = true },
    ] {
      let bench = Bench.started(configuration)
      var next = 0
      while next < bench.sent.count, next < 200, bench.events.downs.isEmpty {
        bench.receive(bench.sent[next])
        next += 1
      }
      bench.advance(by: .seconds(6))
      #expect(
        bench.events.last == .down(.negotiationFailed, detail: "the link is looped back"))
    }
  }
}
