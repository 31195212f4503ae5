import Primitives
import Testing

@testable import PPP

@Suite(.timeLimit(.minutes(5))) struct LCPNegotiationTests {
  @Test func theConfigureRequestLeavesAtOnceWithMSCHAPv2First() {
    let bench = Bench.started(.gateway)
    #expect(bench.sent.count == 1)
    let options = bench.lastRequest(of: .lcp)?.options ?? []
    #expect(options.map(\.type) == [1, 3, 5])
    #expect(options.first == ConfigureOption(1, UInt16(1400)))
    #expect(options.dropFirst().first?.value == [0xc2, 0x23, 0x81])
  }

  @Test func compressionIsAcceptedAndReportedAndAskedForIfConfigured() {
    let bench = Bench.started(
      .gateway.with {
        $0.authentication = []
        $0.requestsProtocolFieldCompression = true
        $0.requestsAddressControlFieldCompression = true
      })
    #expect(bench.lastRequest(of: .lcp)?.options.map(\.type) == [1, 5, 7, 8])
    bench.openLCP(peerOptions: [7, 2, 8, 2])
    let result = LCPResult(
      peerMRUBytes: 1500, peerAcceptsACFC: true, peerAcceptsPFC: true, authentication: nil)
    #expect(bench.events.first == .lcpUp(result))
  }

  @Test func whatALaterRequestLeavesOutHasItsDefaultAgain() {
    let bench = Bench.started(.gateway.with { $0.authentication = [] })
    bench.acknowledgeRequest(of: .lcp)
    bench.receive(.lcp, .configureRequest, 1, [1, 4, 2, 0x40, 7, 2, 8, 2, 13, 3, 6])
    bench.receive(.lcp, .configureRequest, 2, [5, 6, 1, 2, 3, 4])
    let result = LCPResult(
      peerMRUBytes: 1500, peerAcceptsACFC: false, peerAcceptsPFC: false, authentication: nil)
    #expect(bench.events.first == .lcpUp(result))
  }

  @Test func theMTUIsTheSmallerOfBothMRUs() {
    for (peer, mtu) in [(576, 576), (1400, 1400), (1500, 1400), (65_535, 1400)] {
      let bench = Bench.started(.gateway.with { $0.authentication = [] })
      let mru = ConfigureOption.encode([ConfigureOption(1, UInt16(peer))])
      bench.openLCP(peerOptions: mru)
      bench.link.assignAddress(LinkPair.offer, at: bench.now, using: &bench.random)
      bench.drain()
      bench.acknowledgeRequest(of: .ipcp)
      bench.receive(.ipcp, .configureRequest, 1, [3, 6, 10, 0, 0, 77])
      #expect(bench.events.ups.map(\.mtuBytes) == [mtu])
    }
  }

  @Test func windowsCallbackAndMultilinkAreRejectedInOneReject() {
    let bench = Bench.started(.gateway)
    let answer = bench.receive(
      .lcp, .configureRequest, 0,
      [5, 6, 1, 2, 3, 4, 7, 2, 8, 2, 13, 3, 6, 17, 4, 6, 0x4e, 19, 3, 1])
    let reject = ControlPacket(
      .configureReject, identifier: 0, data: [13, 3, 6, 17, 4, 6, 0x4e, 19, 3, 1])
    #expect(answer == [reject.frame(.lcp)])
  }

  @Test func identificationAndDiscardRequestsAreSilentlyTaken() {
    let bench = Bench.gatewayUp()
    let identification = bench.receive(
      .lcp, .identification, 1, [0, 0, 0, 0] + Array("MSRAS".utf8))
    #expect(identification.isEmpty)
    #expect(bench.receive(.lcp, .discardRequest, 1).isEmpty)
    #expect(bench.link.snapshot.violations.total == 0)
  }

  @Test func aLostAckIsRepeatedWithoutANewNegotiationButNotForEver() {
    let bench = Bench.gatewayUp()
    for _ in 0..<3 {
      let answer = bench.receive(.lcp, .configureRequest, 1, [1, 4, 5, 0xdc, 5, 6, 1, 2, 3, 4])
      #expect(answer.map { $0[2] } == [2])
    }
    #expect(!bench.events.contains(.networkDown))
    bench.receive(.lcp, .configureRequest, 1, [1, 4, 5, 0xdc, 5, 6, 1, 2, 3, 4])
    #expect(bench.events.contains(.networkDown))
  }

  @Test func anAckStartsTheCountsOfNaksAndOfCopiesAnew() {
    let bench = Bench.started(.gateway)
    for round in 0..<3 as Range<UInt8> {
      let codes = (0..<4).map { bench.receive(.lcp, .configureRequest, $0, [1, 4, 0, 1])[0][2] }
      #expect(codes == [3, 3, 3, 3])
      bench.receive(.lcp, .configureRequest, 9, [5, 6, 7, 7, 7, round])
    }
    let up = Bench.gatewayUp()
    for round in 2...4 as ClosedRange<UInt8> {
      let request: [UInt8] = [5, 6, 7, 7, 7, round]
      up.receive(.lcp, .configureRequest, round, request)
      up.acknowledgeRequest(of: .lcp)
      for _ in 0..<3 { up.receive(.lcp, .configureRequest, round, request) }
      #expect(up.link.snapshot.lcpState == .opened)
    }
  }

  @Test func aPeerThatNegotiatesAnewGetsItsOldAddressAndNobodyIsAskedTwice() {
    let bench = Bench.gatewayUp()
    bench.receive(.lcp, .configureRequest, 9, [5, 6, 9, 9, 9, 9])
    #expect(bench.events.last == .networkDown)
    #expect(bench.link.snapshot.phase == .establish)
    bench.acknowledgeRequest(of: .lcp)
    bench.acknowledgeRequest(of: .ipcp)
    bench.receive(.ipcp, .configureRequest, 2, [3, 6, 10, 0, 0, 77])
    #expect(bench.events.ups.count == 2)
    #expect(bench.events.filter { $0 == .needsAddress(user: "") }.count == 1)
  }

  @Test func anotherUserOnTheSameLinkIsRefused() {
    let bench = Bench.gatewayInAuthenticate(.pap)
    for (identifier, name) in [(UInt8(1), "alice"), (2, "mallory")] {
      bench.receive(
        PAPPacket.authenticateRequest(
          identifier: identifier, peerID: Array(name.utf8), password: Secret([])
        ).frame)
      bench.link.completeAuthentication(
        UInt32(identifier), .accepted(), at: bench.now, using: &bench.random)
      bench.drain()
      bench.receive(.lcp, .configureRequest, identifier &+ 8, [5, 6, 9, 9, 9, identifier])
      bench.acknowledgeRequest(of: .lcp)
    }
    bench.advance(by: .seconds(6))
    #expect(bench.events.downs == [.policyRefused])
  }
}

@Suite(.timeLimit(.minutes(5))) struct IPCPNegotiationTests {
  @Test func whatThePeerSentWhileItsAddressWasLookedUpIsAnsweredAfterwards() {
    let bench = Bench.started(.gateway.with { $0.authentication = [] })
    bench.openLCP()
    #expect(bench.receive(.ipcp, .configureRequest, 5, [3, 6, 0, 0, 0, 0]).isEmpty)
    let before = bench.sent.count
    bench.link.assignAddress(LinkPair.offer, at: bench.now, using: &bench.random)
    bench.drain()
    let nak = ControlPacket(.configureNak, identifier: 5, data: [3, 6, 10, 0, 0, 77])
    #expect(bench.sent.dropFirst(before).last == nak.frame(.ipcp))
    #expect(bench.sent.count == before + 2)
  }

  @Test func aPeerThatNamesNoAddressIsToldIts() {
    let bench = Bench.gatewayInNetwork()
    let answer = bench.receive(.ipcp, .configureRequest, 1)
    let nak = ControlPacket(.configureNak, identifier: 1, data: [3, 6, 10, 0, 0, 77])
    #expect(answer == [nak.frame(.ipcp)])
  }

  @Test func nameServersThatAreNotOfferedAreRejected() {
    let bench = Bench.gatewayInNetwork()
    let answer = bench.receive(
      .ipcp, .configureRequest, 1, [3, 6, 10, 0, 0, 77, 129, 6, 0, 0, 0, 0, 130, 6, 0, 0, 0, 0])
    let reject = ControlPacket(.configureReject, identifier: 1, data: [130, 6, 0, 0, 0, 0])
    #expect(answer == [reject.frame(.ipcp)])
  }

  @Test func aClientTakesNameServersOfBothKinds() {
    var pair = LinkPair(client: .client.with { $0.requestsNBNS = true })
    let wins = IPv4Address(10, 0, 0, 99)
    pair.offer?.nbns = [wins]
    pair.start()
    pair.run(for: .seconds(1))
    #expect(pair.clientEvents.ups.map(\.nbns) == [[wins]])
    #expect(pair.clientEvents.ups.map(\.dns) == [LinkPair.offer.dns])
  }

  @Test func aClientRefusesToRunWithoutAnAddress() {
    let bench = Bench.started(
      .client.with {
        $0.authentication = []
        $0.requestsDNS = false
      })
    bench.openLCP()
    bench.acknowledgeRequest(of: .ipcp)
    bench.receive(.ipcp, .configureRequest, 1, [3, 6, 10, 0, 0, 1])
    bench.advance(by: .seconds(6))
    #expect(bench.events.downs == [.negotiationFailed] && bench.events.ups.isEmpty)
  }

  @Test func theOwnerMayRefuseAnAddress() {
    var pair = LinkPair()
    pair.offer = nil
    pair.start()
    pair.run(for: .seconds(1))
    pair.gateway.close(.policyRefused, at: pair.now)
    pair.drain()
    pair.run(for: .seconds(1))
    #expect(pair.gatewayEvents.downs == [.policyRefused])
    #expect(pair.clientEvents.downs == [.peerClosed])
  }

  @Test func aPeerThatClosesIPCPClosesTheLink() {
    let bench = Bench.gatewayUp()
    bench.receive(.ipcp, .terminateRequest, 3)
    let afterPause = bench.advance(by: .seconds(3))
    #expect(
      afterPause.map { Array($0[..<3]) } == [[0xc0, 0x21, 5]], "LCP terminates, IPCP does not")
    bench.advance(by: .seconds(6))
    #expect(bench.events.downs == [.peerClosed])
  }

  @Test(arguments: [IPv4Address.any, IPv4Address(255, 255, 255, 254), IPv4Address(127, 0, 0, 1)])
  func anOfferThatNoHostCanHaveClosesTheLink(address: IPv4Address) {
    let bench = Bench.started(.gateway.with { $0.authentication = [] })
    bench.openLCP()
    let offer = AddressOffer(local: LinkPair.offer.local, peer: address)
    bench.link.assignAddress(offer, at: bench.now, using: &bench.random)
    bench.advance(by: .seconds(6))
    #expect(bench.events.downs == [.policyRefused])
  }

  @Test func aClientIgnoresANakWithAnAddressThatNoHostCanHave() {
    let bench = Bench.started(.client.with { $0.authentication = [] })
    bench.openLCP()
    for address in [[224, 0, 0, 1], [255, 255, 255, 255], [0, 0, 0, 0]] as [[UInt8]] {
      guard let request = bench.lastRequest(of: .ipcp) else { continue }
      bench.receive(.ipcp, .configureNak, request.identifier, [3, 6] + address)
      #expect(bench.lastRequest(of: .ipcp)?.options.first == ConfigureOption(3, UInt32(0)))
    }
  }
}

@Suite(.timeLimit(.minutes(5))) struct AuthenticationRunTests {
  @Test func aLaterChallengeIsAnsweredWhileTheLinkIsUp() {
    let bench = Bench.clientInAuthenticate(.chapMD5)
    for identifier in 1...3 as ClosedRange<UInt8> {
      let challenge = CHAPPacket.challenge(identifier: identifier, value: [identifier], name: [])
      let answers = bench.receive(challenge.frame)
      #expect(answers.map { $0[2] } == [2])
      bench.receive(CHAPPacket.success(identifier: identifier, message: []).frame)
      #expect(bench.link.snapshot.phase == .network)
    }
    #expect(bench.events.filter { $0 == .authenticated(user: "alice") }.count == 1)
    bench.receive(CHAPPacket.challenge(identifier: 4, value: [4], name: []).frame)
    bench.receive(CHAPPacket.failure(identifier: 4, message: Array("no\u{1b}[2J".utf8)).frame)
    bench.advance(by: .seconds(6))
    #expect(bench.events.last == .down(.authenticationFailed, detail: "refused: no\\x1b[2J"))
  }

  @Test func aCopyOfAChallengeGetsTheSameResponse() {
    let bench = Bench.clientInAuthenticate()
    let value = [UInt8](repeating: 5, count: 16)
    let first = bench.receive(CHAPPacket.challenge(identifier: 1, value: value, name: []).frame)
    let copy = bench.receive(CHAPPacket.challenge(identifier: 1, value: value, name: []).frame)
    let other = bench.receive(CHAPPacket.challenge(identifier: 2, value: value, name: []).frame)
    #expect(first == copy && first != other)
  }

  @Test func aProofIsRepeatedWhenItsVerdictIsLost() {
    for method in AuthenticationProtocol.allCases {
      let bench = Bench.clientInAuthenticate(method)
      bench.receive(
        CHAPPacket.challenge(
          identifier: 1, value: [UInt8](repeating: 5, count: 16), name: []
        ).frame)
      let proof = bench.sent.last
      #expect(bench.advance(by: .seconds(3)) == [proof])
    }
  }

  @Test func aPAPRequestThatComesAgainIsAnsweredWithItsNewIdentifier() {
    let bench = Bench.gatewayInAuthenticate(.pap)
    for identifier in 1...2 as ClosedRange<UInt8> {
      bench.receive(
        PAPPacket.authenticateRequest(
          identifier: identifier, peerID: [0x61], password: Secret([1])
        ).frame)
    }
    bench.receive(
      PAPPacket.authenticateRequest(identifier: 3, peerID: [0x62], password: Secret([1])).frame)
    #expect(bench.events.count == 2, "lcpUp and one question")
    bench.link.completeAuthentication(9, .accepted(), at: bench.now, using: &bench.random)
    bench.drain()
    #expect(bench.link.snapshot.phase == .authenticate, "another ticket")
    bench.link.completeAuthentication(1, .accepted(), at: bench.now, using: &bench.random)
    bench.drain()
    #expect(bench.sent.last?.prefix(4) == [0xc0, 0x23, 2, 2])
  }

  @Test func aRefusalNamesError691WithoutARetry() {
    let bench = Bench.gatewayInAuthenticate()
    bench.receive(
      CHAPPacket.response(
        identifier: bench.sent.last?[3] ?? 0, value: [UInt8](repeating: 0, count: 49), name: []
      ).frame)
    bench.link.completeAuthentication(1, .refused, at: bench.now, using: &bench.random)
    let before = bench.sent.count
    bench.drain()
    let frames = bench.sent[before...]
    #expect(frames.map { $0[1] } == [0x23, 0x21], "Failure, then Terminate-Request")
    let message = String(decoding: frames.first?.dropFirst(6) ?? [], as: UTF8.self)
    #expect(message.hasPrefix("E=691 R=0 C="))
    #expect(message.hasSuffix(" V=3 M=Authentication failed"))
  }
}

@Suite(.timeLimit(.minutes(5))) struct LifecycleTests {
  @Test func aLinkBeforeItsStartAnswersNothing() {
    let bench = Bench(.gateway)
    #expect(bench.receive(.lcp, .configureRequest, 1).isEmpty)
    #expect(bench.link.nextTimeout == nil)
    bench.link.close(.shutdown, at: bench.now)
    bench.drain()
    #expect(bench.events.downs == [.shutdown])
    bench.link.start(at: bench.now, using: &bench.random)
    bench.drain()
    #expect(bench.sent.isEmpty, "a link lives once")
  }

  @Test func theLossOfTheLowerLayerEndsItAtOnceAndOnce() {
    let bench = Bench.gatewayUp()
    let before = bench.sent.count
    bench.link.lowerLayerDown(.peerClosed, at: bench.now)
    bench.link.lowerLayerDown(.shutdown, at: bench.now)
    bench.link.close(.requested, at: bench.now)
    bench.drain()
    #expect(bench.sent.count == before)
    #expect(bench.events.suffix(2).first == .networkDown)
    #expect(bench.events.downs == [.peerClosed])
    #expect(bench.link.nextTimeout == nil)
  }

  @Test func aLinkThatGaveUpNeverComesBack() {
    let bench = Bench.started(.gateway)
    bench.advance(by: .seconds(30))
    #expect(bench.events.downs == [.retriesExhausted])
    let answer = bench.receive(.lcp, .configureRequest, 1, [5, 6, 9, 9, 9, 9])
    #expect(answer == [ControlPacket(.terminateAck, identifier: 1).frame(.lcp)])
    bench.advance(by: .seconds(100))
    #expect(bench.sent.last == answer.last && bench.link.nextTimeout == nil)
    #expect(bench.link.snapshot.phase == .dead)
  }

  @Test func aPeerThatTerminatedNeverComesBack() {
    let bench = Bench.gatewayUp()
    bench.receive(.lcp, .terminateRequest, 1)
    bench.advance(by: .seconds(10))
    let answer = bench.receive(.lcp, .configureRequest, 2, [5, 6, 9, 9, 9, 9])
    #expect(answer == [ControlPacket(.terminateAck, identifier: 2).frame(.lcp)])
    #expect(bench.events.downs == [.peerClosed])
  }

  @Test func aClosedLinkNeverComesBack() {
    let bench = Bench.gatewayUp()
    bench.link.close(.requested, at: bench.now)
    bench.drain()
    bench.receive(.lcp, .terminateAck, 1)
    let events = bench.events.count
    let answer = bench.receive(.lcp, .configureRequest, 3, [5, 6, 9, 9, 9, 9])
    #expect(answer == [ControlPacket(.terminateAck, identifier: 3).frame(.lcp)])
    bench.advance(by: .seconds(1000))
    #expect(bench.events.count == events)
  }

  @Test func theSnapshotShowsPhasesAndHidesSecrets() {
    var pair = LinkPair()
    #expect(pair.client.snapshot.phase == .dead)
    pair.start()
    #expect(pair.client.snapshot.phase == .establish)
    pair.run(for: .milliseconds(40))
    #expect(pair.client.snapshot.lcpState == .opened)
    pair.run(for: .seconds(1))
    let snapshot = pair.gateway.snapshot
    #expect(snapshot.phase == .network && snapshot.ipcpState == .opened)
    #expect(snapshot.user == "alice" && snapshot.lcp?.authentication == .msCHAPv2)
    #expect(snapshot.network?.peerAddress == LinkPair.offer.peer)
    #expect(!"\(snapshot)\(pair.clientEvents)".contains("sesame"))
  }
}
