import Primitives
import Testing

@testable import PPP

/// What is given up when the peer refuses it, and what ends the link.
@Suite(.timeLimit(.minutes(5))) struct RefusalTests {
  private func asked(_ bench: Bench, _ number: PPPProtocol = .lcp) -> [UInt8] {
    bench.lastRequest(of: number)?.options.map(\.type) ?? []
  }

  private func refuse(
    _ bench: Bench, _ code: ControlCode, _ options: [UInt8], of number: PPPProtocol = .lcp
  ) {
    guard let request = bench.lastRequest(of: number) else {
      Issue.record("there is no request to refuse")
      return
    }
    bench.receive(number, code, request.identifier, options)
  }

  @Test func everyLCPOptionButTheAuthenticationMayBeRejected() {
    let bench = Bench.started(
      .gateway.with {
        $0.requestsProtocolFieldCompression = true
        $0.requestsAddressControlFieldCompression = true
      })
    #expect(asked(bench) == [1, 3, 5, 7, 8])
    let magic = ConfigureOption(5, bench.link.snapshot.magicNumber).value
    refuse(bench, .configureReject, [1, 4, 0x05, 0x78, 5, 6] + magic)
    #expect(asked(bench) == [3, 7, 8])
    #expect(bench.link.snapshot.mruBytes == 1500 && bench.link.snapshot.magicNumber == 0)
    refuse(bench, .configureReject, [7, 2, 8, 2])
    #expect(asked(bench) == [3])
    bench.openLCP(peerOptions: [])
    let reply = bench.receive(.lcp, .echoRequest, 1, [0, 0, 0, 0])
    #expect(reply.count == 1, "two ends without magic numbers are no loop")
  }

  @Test func naksAreFollowedWherePossible() {
    let bench = Bench.started(
      .gateway.with {
        $0.requestsProtocolFieldCompression = true
        $0.requestsAddressControlFieldCompression = true
      })
    let magic = bench.link.snapshot.magicNumber
    refuse(bench, .configureNak, [1, 4, 2, 0x40, 5, 6, 0, 0, 0, 9, 7, 2, 8, 2, 4, 2])
    #expect(asked(bench) == [1, 3, 5])
    #expect(bench.link.snapshot.mruBytes == 576)
    #expect(bench.link.snapshot.magicNumber != magic)
    refuse(bench, .configureNak, [1, 4, 0x05, 0xdc])
    #expect(bench.link.snapshot.mruBytes == 576, "receiving more than offered is not possible")
  }

  @Test func optionsOfAWrongLengthAreNakedOrRejected() {
    let bench = Bench.started(.gateway)
    let nak = bench.receive(.lcp, .configureRequest, 1, [1, 3, 5, 2, 2])
    #expect(
      nak == [
        ControlPacket(.configureNak, identifier: 1, data: [1, 4, 0x05, 0xdc, 2, 6, 0, 0, 0, 0])
          .frame(.lcp)
      ])
    let reject = bench.receive(.lcp, .configureRequest, 2, [7, 3, 1, 8, 3, 1])
    #expect(
      reject == [
        ControlPacket(.configureReject, identifier: 2, data: [7, 3, 1, 8, 3, 1]).frame(.lcp)
      ])
    let twice = bench.receive(.lcp, .configureRequest, 3, [7, 2, 7, 2])
    #expect(twice == [ControlPacket(.configureReject, identifier: 3, data: [7, 2]).frame(.lcp)])
    let zero = bench.receive(.lcp, .configureRequest, 4, [5, 6, 0, 0, 0, 0])
    #expect(zero.map { $0[2] } == [3], "a magic number of zero is always naked")
  }

  @Test func theGatewayKeepsItsAddressAndDoesWithoutNamingIt() {
    let bench = Bench.gatewayInNetwork()
    refuse(bench, .configureNak, [3, 6, 1, 2, 3, 4], of: .ipcp)
    #expect(bench.lastRequest(of: .ipcp)?.data == [3, 6, 10, 0, 0, 1])
    refuse(bench, .configureReject, [3, 6, 10, 0, 0, 1], of: .ipcp)
    #expect(bench.lastRequest(of: .ipcp)?.data == [])
    bench.acknowledgeRequest(of: .ipcp)
    bench.receive(.ipcp, .configureRequest, 1, [3, 6, 10, 0, 0, 77])
    #expect(bench.events.ups.map(\.localAddress) == [LinkPair.offer.local])
  }

  @Test func theClientDoesWithoutNameServersButNotWithoutAnAddress() {
    let bench = Bench.started(.client.with { $0.authentication = [] })
    bench.openLCP()
    #expect(asked(bench, .ipcp) == [3, 129, 131])
    refuse(bench, .configureReject, [129, 6, 0, 0, 0, 0, 131, 6, 0, 0, 0, 0], of: .ipcp)
    #expect(asked(bench, .ipcp) == [3])
    refuse(bench, .configureReject, [3, 6, 0, 0, 0, 0], of: .ipcp)
    bench.advance(by: .seconds(6))
    #expect(bench.events.last == .down(.negotiationFailed, detail: "peer assigns no address"))
  }

  @Test func aPeerThatRejectsItsAuthenticationIsLeft() {
    let bench = Bench.gatewayInAuthenticate()
    bench.receive(.lcp, .protocolReject, 1, [0xc2, 0x23])
    bench.advance(by: .seconds(6))
    #expect(bench.events.downs == [.negotiationFailed])
    let up = Bench.gatewayUp()
    up.receive(.lcp, .protocolReject, 1, [0xc2, 0x23])
    #expect(up.link.snapshot.phase == .network)
  }

  @Test func silenceInEveryPhaseIsGivenUp() {
    let authenticating = Bench.clientInAuthenticate(.pap)
    authenticating.advance(by: .seconds(36))
    #expect(authenticating.events.downs == [.retriesExhausted])
    let network = Bench.gatewayInNetwork()
    network.advance(by: .seconds(36))
    #expect(network.events.downs == [.retriesExhausted])
  }

  @Test func aNegotiationAnewWhileTheAddressIsLookedUpAsksOnce() {
    let bench = Bench.started(.gateway.with { $0.authentication = [] })
    bench.openLCP()
    bench.receive(.lcp, .configureRequest, 2, [5, 6, 4, 4, 4, 4])
    bench.acknowledgeRequest(of: .lcp)
    #expect(bench.events.filter { $0 == .needsAddress(user: "") }.count == 1)
    bench.receive(.lcp, .configureRequest, 3, [5, 6, 5, 5, 5, 5])
    bench.link.assignAddress(LinkPair.offer, at: bench.now, using: &bench.random)
    bench.drain()
    #expect(bench.link.snapshot.ipcpState == .initial || bench.link.snapshot.ipcpState == .starting)
    bench.acknowledgeRequest(of: .lcp)
    #expect(bench.lastRequest(of: .ipcp)?.data == [3, 6, 10, 0, 0, 1])
  }

  @Test(arguments: [
    ("E=646 R=0", "E=646, not at this hour"), ("E=647 R=0", "E=647, account is disabled"),
    ("E=648 R=0", "E=648, password has expired"),
    ("E=649 R=0", "E=649, no permission to dial in"),
    ("E=709 R=0", "E=709, password could not be changed"),
    ("E=12345678901234567890", "E=12345678901234567890"),
    ("E=", "E="), ("", ""), ("go away\n", "go away\\x0a"),
  ])
  func theCauseOfAFailureIsPrintable(message: String, cause: String) {
    #expect(AuthenticatingPeer.cause(Array(message.utf8)) == cause)
  }

  @Test func namesAreShownUnambiguously() {
    #expect(printable(Array("DOM\\user".utf8)) == "DOM\\\\user")
    #expect(printable([0, 0x1b, 0x5b, 0x7f, 0xff, 0x41]) == "\\x00\\x1b[\\x7f\\xffA")
  }

  @Test func aWrongPasswordIsRefusedWithPAPToo() {
    var pair = LinkPair(
      gateway: .gateway.with { $0.authentication = [.pap] },
      client: .client.with {
        $0.authentication = [.pap]
        $0.password = Secret(text: "guess")
      })
    pair.start()
    pair.run(for: .seconds(8))
    #expect(pair.gatewayEvents.downs == [.authenticationFailed])
    #expect(pair.clientEvents.downs == [.authenticationFailed])
    #expect(
      pair.clientEvents.last
        == .down(.authenticationFailed, detail: "refused: Authentication failed"))
  }

  @Test func theRequestSaysWhichProtocolItIsOf() {
    let none: [UInt8] = []
    let materials: [AuthenticationRequest.Material] = [
      .msCHAPv2(identifier: 0, challenge: none, peerChallenge: none, ntResponse: none),
      .chapMD5(identifier: 0, challenge: none, response: none), .pap(password: Secret([])),
    ]
    let protocols = materials.map {
      AuthenticationRequest(ticket: 0, userName: [], material: $0).authenticationProtocol
    }
    #expect(protocols == AuthenticationProtocol.allCases)
  }
}
