import Primitives
import Testing

@testable import PPP

/// Authentication and addresses: 54, 55 and 57.
@Suite(.timeLimit(.minutes(5))) struct BadAuthenticationTests {
  private let accepted = Array("S=0123456789012345678901234567890123456789".utf8)

  private func naks(_ bench: Bench, _ suggestion: [UInt8]) -> [[UInt8]] {
    guard let request = bench.lastRequest(of: .lcp) else {
      Issue.record("there is no request to suggest something else for")
      return []
    }
    bench.receive(
      .lcp, .configureNak, request.identifier,
      ConfigureOption.encode([ConfigureOption(3, suggestion)]))
    return bench.lastRequest(of: .lcp)?.options.filter { $0.type == 3 }.map(\.value) ?? []
  }

  @Test func badInput54ANakToPAPOrNothingGoesNoLowerThanPolicy() {
    let bench = Bench.started(.gateway)
    let second = naks(bench, [0xc0, 0x23])
    #expect(second == [[0xc2, 0x23, 5]], "the next of our own list, not PAP")
    _ = naks(bench, [0xc0, 0x23])
    bench.advance(by: .seconds(6))
    #expect(bench.events.downs == [.negotiationFailed])
  }

  @Test func badInput54ASuggestionThatPolicyAllowsIsTaken() {
    let bench = Bench.started(.gateway.with { $0.authentication = [.msCHAPv2, .chapMD5, .pap] })
    #expect(naks(bench, [0xc0, 0x23]) == [[0xc0, 0x23]])
  }

  @Test func badInput54AnAuthenticationThatIsRejectedEndsTheLink() throws {
    let bench = Bench.started(.gateway)
    let request = try #require(bench.lastRequest(of: .lcp))
    bench.receive(.lcp, .configureReject, request.identifier, [3, 5, 0xc2, 0x23, 0x81])
    bench.advance(by: .seconds(6))
    #expect(bench.events.downs == [.negotiationFailed])
  }

  @Test func badInput54AClientNaksPAPWhenPolicyForbidsIt() {
    let bench = Bench.started(.client)
    let answer = bench.receive(.lcp, .configureRequest, 1, [3, 4, 0xc0, 0x23])
    let nak = ControlPacket(.configureNak, identifier: 1, data: [3, 5, 0xc2, 0x23, 0x81])
    #expect(answer == [nak.frame(.lcp)])
  }

  @Test func badInput54AClientLeavesAGatewayThatAsksForNoProof() {
    let strict = Bench.started(.client)
    strict.openLCP()
    strict.advance(by: .seconds(6))
    #expect(strict.events.downs == [.negotiationFailed])
    let lenient = Bench.started(.client.with { $0.acceptsNoAuthentication = true })
    lenient.openLCP()
    #expect(lenient.link.snapshot.phase == .network)
  }

  @Test func badInput54DataAndIPCPBeforeAuthenticationAreSilentlyDropped() {
    let bench = Bench.gatewayInAuthenticate()
    let early: [[UInt8]] = [
      hex("0021 45000014"), hex("21 45000014"), hex("8021 01 01 000a 0306 00000000"),
      hex("80fd 01 01 0004"), hex("8057 01 01 0004"), hex("c227 01 01 0004"),
    ]
    for frame in early { #expect(bench.receive(frame).isEmpty) }
    #expect(bench.link.snapshot.ipcpState == .initial)
    #expect(bench.link.snapshot.violations[.beforeAuthentication] == 6)
  }

  @Test func badInput54AGatewayDoesNotProveItselfToItsClient() {
    let bench = Bench.started(.gateway)
    let answer = bench.receive(.lcp, .configureRequest, 1, [3, 4, 0xc0, 0x23])
    #expect(
      answer == [
        ControlPacket(.configureReject, identifier: 1, data: [3, 4, 0xc0, 0x23]).frame(.lcp)
      ])
  }

  @Test func badInput55ValueSizesThatLieAreDropped() {
    let bench = Bench.gatewayInAuthenticate()
    let identifier = bench.sent.last?[3] ?? 0
    for data in [[], [0], [255, 1], [16] + [UInt8](repeating: 1, count: 16), [49, 1, 2]]
      as [[UInt8]]
    {
      bench.receive(ControlPacket(code: 2, identifier: identifier, data: data).frame(.chap))
    }
    let violations = bench.link.snapshot.violations
    #expect(violations[.truncated] == 3 && violations[.badValueSize] == 2)
    #expect(bench.events.count == 1, "lcpUp only")
  }

  @Test func badInput55NamesOf0And256BytesAreReadAnd257And1000AreNot() {
    for (count, isRead) in [(0, true), (256, true), (257, false), (1000, false)] {
      let bench = Bench.gatewayInAuthenticate()
      let value = [UInt8](repeating: 0, count: 49)
      let name = [UInt8](repeating: 0x0a, count: count)
      bench.receive(
        CHAPPacket.response(identifier: bench.sent.last?[3] ?? 0, value: value, name: name).frame)
      guard isRead else {
        #expect(bench.link.snapshot.violations[.nameTooLong] == 1)
        continue
      }
      guard case .authenticate(let request) = bench.events.last else {
        Issue.record("not asked")
        continue
      }
      #expect(request.userName == name)
      #expect(request.userDisplayName == String(repeating: "\\x0a", count: count))
      #expect(request.verify(password: Secret(text: "x")) == .refused)
    }
  }

  @Test func badInput55AWrongIdentifierOrACopyAsksNobodyTwice() {
    let bench = Bench.gatewayInAuthenticate()
    let identifier = bench.sent.last?[3] ?? 0
    let value = [UInt8](repeating: 0, count: 49)
    bench.receive(CHAPPacket.response(identifier: identifier &+ 1, value: value, name: []).frame)
    #expect(bench.link.snapshot.violations[.unexpectedIdentifier] == 1)
    for _ in 0..<5 {
      bench.receive(CHAPPacket.response(identifier: identifier, value: value, name: []).frame)
    }
    let questions = bench.events.filter { if case .authenticate = $0 { true } else { false } }
    #expect(questions.count == 1)
  }

  @Test func badInput55AReplayedResponseGetsTheVerdictGivenBefore() {
    let bench = Bench.gatewayInAuthenticate()
    let identifier = bench.sent.last?[3] ?? 0
    let response = CHAPPacket.response(
      identifier: identifier, value: [UInt8](repeating: 0, count: 49), name: [0x61])
    bench.receive(response.frame)
    bench.link.completeAuthentication(
      1, .accepted(authenticatorResponse: accepted), at: bench.now, using: &bench.random)
    bench.drain()
    let other = CHAPPacket.response(
      identifier: identifier, value: [UInt8](repeating: 9, count: 49), name: [0x62])
    let answers = bench.receive(response.frame) + bench.receive(other.frame)
    #expect(answers.map { $0[2] } == [3, 3])
    #expect(answers.allSatisfy { $0.starts(with: [0xc2, 0x23, 3, identifier]) })
    #expect(bench.link.snapshot.user == "a")
  }

  @Test func badInput55AfterARefusalNoSecondGuessIsListenedTo() throws {
    var random = SeededRandom(seed: 1)
    var authenticator = Authenticator(.gateway)
    authenticator.start(.msCHAPv2, at: .zero, using: &random)
    let identifier = authenticator.takeEffects().frames[0][3]
    let response = CHAPPacket.response(
      identifier: identifier, value: [UInt8](repeating: 0, count: 49), name: [])
    let packet = try #require(Bench.packet(response.frame, of: .chap))
    try authenticator.receive(packet)
    authenticator.complete(1, .refused, using: &random)
    _ = authenticator.takeEffects()
    var violation: PPPViolation?
    do throws(PPPViolation) { try authenticator.receive(packet) } catch { violation = error }
    #expect(violation == .unexpectedPacket)
    #expect(authenticator.takeEffects().outcomes.isEmpty && authenticator.deadline == nil)
  }

  @Test func badInput55AVerdictOrAChallengeSentToTheAuthenticatorIsDropped() throws {
    let bench = Bench.gatewayInAuthenticate()
    let challenge = try #require(bench.sent.last)
    #expect(bench.receive(challenge).isEmpty, "our own Challenge, reflected")
    bench.receive(CHAPPacket.success(identifier: challenge[3], message: accepted).frame)
    bench.receive(CHAPPacket.failure(identifier: challenge[3], message: []).frame)
    bench.receive(ControlPacket(code: 7, identifier: challenge[3]).frame(.chap))
    #expect(bench.link.snapshot.violations[.wrongRole] == 3)
    #expect(bench.link.snapshot.violations[.unexpectedPacket] == 1)
    #expect(bench.link.snapshot.phase == .authenticate)
  }

  @Test func badInput55ASuccessOutOfTheBlueProvesNothingToTheClient() {
    let bench = Bench.clientInAuthenticate()
    bench.receive(CHAPPacket.success(identifier: 1, message: accepted).frame)
    #expect(bench.link.snapshot.phase == .authenticate)
    bench.receive(
      CHAPPacket.challenge(
        identifier: 1, value: [UInt8](repeating: 1, count: 15), name: []
      ).frame)
    #expect(bench.link.snapshot.violations[.badValueSize] == 1)
    bench.receive(
      CHAPPacket.challenge(
        identifier: 1, value: [UInt8](repeating: 1, count: 16), name: []
      ).frame)
    bench.receive(CHAPPacket.success(identifier: 2, message: accepted).frame)
    #expect(bench.link.snapshot.violations[.unexpectedIdentifier] == 1)
    bench.receive(CHAPPacket.success(identifier: 1, message: Array("welcome".utf8)).frame)
    bench.advance(by: .seconds(6))
    #expect(bench.events.downs == [.authenticationFailed])
  }

  @Test func badInput55AFailureIsReadForItsCode() {
    let bench = Bench.clientInAuthenticate()
    bench.receive(
      CHAPPacket.challenge(
        identifier: 1, value: [UInt8](repeating: 1, count: 16), name: []
      ).frame)
    bench.receive(
      CHAPPacket.failure(identifier: 1, message: Array("E=691 R=1 C=00 V=3 M=no".utf8)).frame)
    bench.advance(by: .seconds(6))
    let detail = "refused: E=691, user or password is wrong"
    #expect(bench.events.last == .down(.authenticationFailed, detail: detail))
  }

  @Test func badInput55PAPFieldsThatLieAreDropped() {
    let bench = Bench.gatewayInAuthenticate(.pap)
    for data in [[], [5, 1], [1, 0x61], [1, 0x61, 9, 1], [255]] as [[UInt8]] {
      bench.receive(ControlPacket(code: 1, identifier: 1, data: data).frame(.pap))
    }
    #expect(bench.link.snapshot.violations[.truncated] == 5)
    bench.receive(ControlPacket(code: 2, identifier: 1, data: [0]).frame(.pap))
    #expect(bench.link.snapshot.violations[.wrongRole] == 1)
  }

  @Test(arguments: ["80fd 01 01 000a 1206 01000060", "8053 01 01 0004", "8057 01 01 0004"])
  func badInput57CompressionOfferedWhileIPCPOpensIsRejectedAndHarmsNothing(offer: String) {
    let bench = Bench.gatewayInNetwork()
    bench.acknowledgeRequest(of: .ipcp)
    let answer = bench.receive(hex(offer))
    let packet = Bench.packet(answer[0], of: .lcp)
    #expect(packet?.code == ControlCode.protocolReject.rawValue && packet?.data == hex(offer))
    bench.receive(.ipcp, .configureRequest, 1, [3, 6, 10, 0, 0, 77])
    #expect(bench.events.ups.count == 1)
    #expect(bench.receive(hex(offer)).count == 1)
    #expect(bench.link.snapshot.ipcpState == .opened)
  }

  @Test func badInput57VanJacobsonCompressionIsRejected() {
    let bench = Bench.gatewayInNetwork()
    let answer = bench.receive(
      .ipcp, .configureRequest, 1, [2, 6, 0, 0x2d, 15, 1, 3, 6, 0, 0, 0, 0])
    let reject = ControlPacket(.configureReject, identifier: 1, data: [2, 6, 0, 0x2d, 15, 1])
    #expect(answer == [reject.frame(.ipcp)])
  }

  @Test(
    arguments: [
      [10, 0, 0, 1], [10, 0, 0, 78], [224, 0, 0, 1], [255, 255, 255, 255], [127, 0, 0, 1],
      [0, 0, 0, 0],
    ] as [[UInt8]])
  func badInput57AnyAddressButTheAssignedOneIsNaked(address: [UInt8]) {
    let bench = Bench.gatewayInNetwork()
    let answer = bench.receive(.ipcp, .configureRequest, 1, [3, 6] + address)
    let nak = ControlPacket(.configureNak, identifier: 1, data: [3, 6, 10, 0, 0, 77])
    #expect(answer == [nak.frame(.ipcp)])
    #expect(bench.events.ups.isEmpty)
  }
}
