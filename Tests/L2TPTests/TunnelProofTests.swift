import Primitives
import Testing

@testable import L2TP

/// Tunnel authentication (RFC 2661 §5.1.1) in both roles: whoever is challenged proves that he knows
/// the secret, and nothing else passes for a proof.
@Suite(.timeLimit(.minutes(5))) struct TunnelProofTests {
  private static let secret = Secret(text: "tunnel secret")
  /// The challenge and the two responses to it, computed by hand: MD5 over the type of the message
  /// that carries the response, the secret and the challenge.
  private static let challenge = [UInt8](16..<32)
  private static let inSCCRP = hex("2f7fc2d6bcdb8f5e201247e396a3effb")
  private static let inSCCCN = hex("99aa9c675a200cda6d91b139e2351631")

  /// What is wrong with a peer's answer to our challenge.
  enum Flaw: CaseIterable {
    case absent, empty, ofAnotherSecret, ofAnotherMessageType, ofAnotherChallenge
    case challengeEchoed, lastByteWrong, cutShort, oneByteMore, allZero

    func response(
      to challenge: [UInt8], in type: MessageType, secret: Secret
    ) -> [UInt8]? {
      let right = Tunnel.response(to: challenge, in: type, secret: secret)
      let other: MessageType = type == .sccrp ? .scccn : .sccrp
      switch self {
      case .absent: return nil
      case .empty: return []
      case .ofAnotherSecret:
        return Tunnel.response(to: challenge, in: type, secret: Secret(text: "tunnel secreT"))
      case .ofAnotherMessageType:
        return Tunnel.response(to: challenge, in: other, secret: secret)
      case .ofAnotherChallenge:
        return Tunnel.response(to: challenge.reversed(), in: type, secret: secret)
      case .challengeEchoed: return challenge
      case .lastByteWrong: return right.dropLast() + [(right.last ?? 0) ^ 1]
      case .cutShort: return right.dropLast()
      case .oneByteMore: return right + [0]
      case .allZero: return Array(repeating: 0, count: right.count)
      }
    }
  }

  private func bench(_ role: TunnelRole, requires: Bool = true) -> Bench {
    Bench(role) {
      $0.secret = Self.secret
      $0.requiresTunnelAuthentication = requires
    }
  }

  /// Our challenge, in whatever message it was.
  private func challenge(of bench: borrowing Bench) throws -> [UInt8] {
    let sent = bench.sent.flatMap(\.avps).first { $0.type == .challenge }?.value
    return try #require(sent)
  }

  private func avps(_ response: [UInt8]?) -> [AVP] {
    response.map { [AVP(.challengeResponse, $0)] } ?? []
  }

  private func expectRefusal(_ bench: borrowing Bench, _ violation: Violation?) {
    let (phase, result, events) = (bench.tunnel.phase, bench.lastResult, bench.events)
    #expect(violation == .authentication)
    #expect(phase == .stopped)
    #expect(result?.stopCCNResult == .notAuthorized)
    #expect(events.map(\.closeReason) == [.authenticationFailed])
  }

  @Test(arguments: Flaw.allCases)
  func anSCCCNThatProvesNothingEstablishesNoTunnel(_ flaw: Flaw) throws {
    var bench = bench(.lns)
    bench.send(.sccrq)
    let response = flaw.response(
      to: try challenge(of: bench), in: .scccn, secret: Self.secret)
    let violation = bench.send(.scccn, avps(response))
    expectRefusal(bench, violation)
    #expect(bench.sentTypes == [.sccrp, .stopCCN])
    // The right answer is too late now, and so is a call.
    let right = Tunnel.response(to: try challenge(of: bench), in: .scccn, secret: Self.secret)
    bench.send(.scccn, avps(right))
    bench.send(.icrq)
    #expect(bench.tunnel.phase == .stopped)
    #expect(bench.tunnel.snapshot.sessions.isEmpty)
  }

  @Test(arguments: Flaw.allCases)
  func anSCCRPThatProvesNothingIsAnsweredByNoSCCCN(_ flaw: Flaw) throws {
    var bench = bench(.lac)
    try bench.tunnel.openSession(localID: 5, at: bench.now, using: &bench.random)
    let response = flaw.response(
      to: try challenge(of: bench), in: .sccrp, secret: Self.secret)
    let violation = bench.send(.sccrp, Sample.start + avps(response))
    #expect(violation == .authentication)
    #expect(bench.tunnel.phase == .stopped)
    #expect(bench.lastResult?.stopCCNResult == .notAuthorized)
    #expect(bench.events.compactMap(\.closeReason) == [.authenticationFailed])
    let isUp = bench.events.contains { $0.isEstablished }
    #expect(!isUp)
    // Neither the SCCCN nor the call that waited for the tunnel leaves.
    #expect(bench.sentTypes == [.sccrq, .stopCCN])
  }

  @Test func theRightProofEstablishesTheTunnelInEitherRole() throws {
    var lns = bench(.lns)
    lns.send(.sccrq)
    let toLNS = Tunnel.response(to: try challenge(of: lns), in: .scccn, secret: Self.secret)
    lns.send(.scccn, avps(toLNS))
    #expect(lns.tunnel.phase == .established)
    var lac = bench(.lac)
    let toLAC = Tunnel.response(to: try challenge(of: lac), in: .sccrp, secret: Self.secret)
    lac.send(.sccrp, Sample.start + avps(toLAC))
    #expect(lac.tunnel.phase == .established)
  }

  @Test func aChallengeIsSixteenBytesAndOfItsTunnelAlone() throws {
    for role in [TunnelRole.lns, .lac] {
      var seen: Set<[UInt8]> = []
      for seed in 1...8 as ClosedRange<UInt64> {
        var random = SeededRandom(seed: seed)
        var configuration = TunnelConfiguration(hostName: "ours.example")
        configuration.secret = Self.secret
        configuration.requiresTunnelAuthentication = true
        var tunnel =
          role == .lac
          ? Tunnel(opening: configuration, localID: 2, at: .zero, using: &random)
          : Tunnel(accepting: configuration, localID: 2, at: .zero)
        if role == .lns {
          tunnel.receive(
            Sample.message(.sccrq, tunnelID: 0, ns: 0, nr: 0), at: .zero, using: &random)
        }
        let bytes = tunnel.nextTransmit()
        let message = try ControlMessage(parsing: #require(bytes))
        let sent = message.avps.first { $0.type == .challenge }?.value
        let value = try #require(sent)
        #expect(value.count == 16)
        seen.insert(value)
      }
      #expect(seen.count == 8)
    }
  }

  @Test(arguments: [false, true])
  func aChallengeInAnSCCRQIsAnsweredInTheSCCRP(whileWeAskToo: Bool) throws {
    var bench = bench(.lns, requires: whileWeAskToo)
    bench.send(.sccrq, Sample.start + [AVP(.challenge, Self.challenge)])
    let answer = try #require(bench.sent.first)
    #expect(answer.type == .sccrp)
    let responses = answer.avps.filter { $0.type == .challengeResponse }.map(\.value)
    #expect(responses == [Self.inSCCRP])
    #expect(answer.avps.contains { $0.type == .challenge } == whileWeAskToo)
  }

  @Test(arguments: [false, true])
  func aChallengeInAnSCCRPIsAnsweredInTheSCCCN(whileWeAskToo: Bool) throws {
    var bench = bench(.lac, requires: whileWeAskToo)
    var avps = Sample.start + [AVP(.challenge, Self.challenge)]
    if whileWeAskToo {
      let proof = Tunnel.response(to: try challenge(of: bench), in: .sccrp, secret: Self.secret)
      avps.append(AVP(.challengeResponse, proof))
    }
    bench.send(.sccrp, avps)
    let answer = try #require(bench.sent.last)
    #expect(answer.type == .scccn)
    let responses = answer.avps.filter { $0.type == .challengeResponse }.map(\.value)
    #expect(responses == [Self.inSCCCN])
    // Our own challenge was in the SCCRQ; it is not asked again.
    #expect(!answer.avps.contains { $0.type == .challenge })
  }

  @Test(arguments: [nil, ""])
  func aChallengeThatNoSecretAnswersEndsTheTunnel(secret: String?) {
    for role in [TunnelRole.lns, .lac] {
      var bench = Bench(role) { $0.secret = secret.map { Secret(text: $0) } }
      let violation = bench.send(
        role == .lns ? .sccrq : .sccrp, Sample.start + [AVP(.challenge, Self.challenge)])
      expectRefusal(bench, violation)
      let responses = bench.sent.flatMap(\.avps).filter { $0.type == .challengeResponse }
      #expect(responses.isEmpty)
    }
  }

  @Test func whoIsNotChallengedAnswersNothing() {
    var lns = bench(.lns, requires: false)
    lns.send(.sccrq)
    var lac = bench(.lac, requires: false)
    lac.send(.sccrp)
    #expect(lns.sentTypes == [.sccrp])
    #expect(lac.sentTypes == [.sccrq, .scccn])
    let avps = (lns.sent + lac.sent).flatMap(\.avps)
    #expect(!avps.contains { $0.type == .challenge || $0.type == .challengeResponse })
  }

  /// Whoever does not know the secret lets the LNS answer its own challenge on a second tunnel. The
  /// response is of another message type, and so of no use.
  @Test func badInput50ReflectedChallengeOfAnotherTunnelIsNoProof() throws {
    var first = bench(.lns)
    first.send(.sccrq)
    let asked = try challenge(of: first)
    var second = bench(.lns)
    second.send(.sccrq, Sample.start + [AVP(.challenge, asked)])
    let answered = second.sent.flatMap(\.avps).first { $0.type == .challengeResponse }
    let gained = try #require(answered).value
    let violation = first.send(.scccn, avps(gained))
    expectRefusal(first, violation)
  }

  @Test func badInput50ReflectedChallengeInAnSCCCNIsNeitherProofNorAnswered() throws {
    var bench = bench(.lns)
    bench.send(.sccrq)
    let asked = try challenge(of: bench)
    let violation = bench.send(.scccn, [AVP(.challenge, asked)])
    expectRefusal(bench, violation)
    let responses = bench.sent.flatMap(\.avps).filter { $0.type == .challengeResponse }
    #expect(responses.isEmpty)
  }

  @Test func badInput50ReflectedChallengeIsRefusedByTheLACWithoutAnAnswer() throws {
    var bench = bench(.lac)
    let asked = try challenge(of: bench)
    let violation = bench.send(.sccrp, Sample.start + [AVP(.challenge, asked)])
    expectRefusal(bench, violation)
    let responses = bench.sent.flatMap(\.avps).filter { $0.type == .challengeResponse }
    #expect(responses.isEmpty)
  }
}
