import Agent
import Cryptography
import Endpoint
import IKE
import Primitives
import Testing

/// One dial, one tunnel, one cause, and always an end.
@Suite(.timeLimit(.minutes(5))) struct VPNAgentTests {
  @Test func aDialComesUpAndClosesWithTheReasonItIsGiven() throws {
    let wire = try Wire(Configurations.gateway())
    let end = try wire.dial()
    #expect(end.network != nil)
    wire.close(end, .requested)
    #expect(end.cause == .requested)
    let isDone = end.agent.isDone
    #expect(isDone)
    #expect(end.ends == [.requested, .requested, .requested])
  }

  @Test func closingBeforeDiallingIsTheEnd() throws {
    let wire = try Wire(Configurations.gateway())
    let end = try wire.dial(
      Configurations.request(), isakmp: Configurations.isakmp(), from: Configurations.address(0))
    wire.close(end, .requested)
    end.agent.dial(Configurations.request(), at: wire.now, using: &wire.random)
    wire.settle()
    #expect(end.cause == .requested)
    let live = end.agent.host.endpoint.liveCounts
    #expect(live == (0, 0))
  }

  @Test(arguments: [true, false])
  func aSilentGatewayDoesNotHoldAClosingAgent(hasDeadPeerDetection: Bool) throws {
    let wire = try Wire(Configurations.gateway())
    let isakmp = try Configurations.isakmp {
      if !hasDeadPeerDetection { $0.deadPeerDetection = nil }
    }
    let end = try wire.dial(isakmp: isakmp)
    #expect(end.network != nil)
    wire.isCut = true
    wire.close(end, .shutdown)
    let isDone = end.agent.isDone
    #expect(isDone)
    #expect(end.cause == .shutdown)
  }

  @Test func aDialThatIsClosedOnItsWayIsDone() throws {
    let wire = try Wire(Configurations.gateway())
    wire.isCut = true
    let end = try wire.dial()
    wire.run(for: .seconds(1))
    #expect(end.agent.phase == .dialling)
    wire.close(end, .localVeto)
    #expect(end.cause == .localVeto)
    let isDone = end.agent.isDone
    #expect(isDone)
    let residue = end.agent.host.endpoint.residue
    #expect(residue == EndpointResidue())
  }

  @Test func aDialThatWaitsForItsNextAttemptCanBeClosed() throws {
    let wire = try Wire(Configurations.gateway())
    wire.isCut = true
    let isakmp = try Configurations.isakmp {
      $0.retryIkeAttempts = .count(16)
      $0.backoff = MessageBackoff(retryLimit: 1, timeoutSeconds: 1)
      $0.retryPauseFirst = .seconds(60)
    }
    let end = try wire.dial(isakmp: isakmp)
    wire.run(for: .seconds(30))
    #expect(end.agent.phase == .dialling)
    wire.close(end, .requested)
    let isDone = end.agent.isDone
    #expect(isDone)
    #expect(end.cause == .requested)
    let timeout = end.agent.host.nextTimeout
    #expect(timeout == nil)
  }

  @Test func ik15ATunnelThatWasUpIsNotRetriedByItself() throws {
    let wire = try Wire(Configurations.gateway())
    let isakmp = try Configurations.isakmp { $0.retryIkeAttempts = .count(16) }
    let end = try wire.dial(isSingleShot: false, isakmp: isakmp)
    let up = try #require(wire.gateway.host.endpoint.carrierViews.first?.connection)
    _ = wire.gateway.host.endpoint.closeConnection(
      up, .administrator, at: wire.now, using: &wire.random)
    wire.gateway.host.settle(at: wire.now, using: &wire.random)
    wire.settle()
    wire.run(for: .seconds(600))
    #expect(end.cause == .peerClosed)
    let isDone = end.agent.isDone
    #expect(isDone)
    let carriers = wire.gateway.host.endpoint.residue.carriers
    #expect(carriers == 0)
  }

  @Test func aFinishedAgentAnswersNoMainModeOfItsGateway() throws {
    let wire = try Wire(Configurations.gateway())
    let end = try wire.dial(isSingleShot: false)
    wire.isCut = true
    wire.close(end, .requested)
    wire.isCut = false
    // The gateway has missed the Delete and wants a new ISAKMP SA of the connection.
    _ = wire.gateway.host.endpoint.dial(
      DialRequest(
        connection: .init(
          policy: "ipsec", local: SocketAddress(Wire.gatewayAddress, port: 500),
          remote: SocketAddress(end.address, port: 500)),
        host: Configurations.request().host, inactivityTimeout: nil),
      at: wire.now, using: &wire.random)
    wire.gateway.host.settle(at: wire.now, using: &wire.random)
    wire.settle()
    wire.run(for: .seconds(60))
    // Its session, its tunnel and its connection ended, and nothing began after that.
    #expect(end.ends.count == 3)
    let residue = end.agent.host.endpoint.residue
    #expect(residue.carriers == 0)
  }

  /// A device's tunnel: whether the gateway is there, dead peer detection alone finds out.
  private func dialAsTheServiceDoes() throws -> (Wire, Wire.End) {
    var configuration = try Configurations.gateway()
    configuration.destinations[0].hosts[0].tunnel.helloInterval = .zero
    configuration.destinations[0].hosts[0].ppp.link.echoInterval = .zero
    let wire = try Wire(configuration)
    var request = Configurations.request()
    request.host.tunnel.helloInterval = .zero
    request.host.ppp.link.echoInterval = .zero
    let end = try wire.dial(
      request, isakmp: Configurations.isakmp(), from: Configurations.address(0))
    #expect(end.network != nil)
    return (wire, end)
  }

  @Test func cs12ASilentGatewayIsAskedEvery30SecondsAndGivenUpAfter150() throws {
    let (wire, end) = try dialAsTheServiceDoes()
    wire.isCut = true
    wire.run(for: .seconds(150) - .nanoseconds(1))
    #expect(end.network != nil)
    #expect(wire.lostISAKMP == [30, 60, 90, 120].map { .zero + .seconds($0) })
    wire.run(for: .nanoseconds(1))
    #expect(end.network == nil)
    wire.run(for: .seconds(60))
    #expect(end.cause == .deadPeer)
  }

  @Test func cs12OneAnswerIsASignOfLifeForAnother150Seconds() throws {
    let (wire, end) = try dialAsTheServiceDoes()
    wire.isCut = true
    wire.run(for: .seconds(100))
    // The question at 120 s is answered.
    wire.isCut = false
    wire.run(for: .seconds(29))
    wire.isCut = true
    wire.run(for: .seconds(141) - .nanoseconds(1))
    #expect(end.network != nil)
    wire.run(for: .nanoseconds(1))
    #expect(end.network == nil)
  }

  @Test func aDeadGatewayEndsTheTunnelWithDeadPeer() throws {
    let wire = try Wire(Configurations.gateway())
    let end = try wire.dial(
      isakmp: Configurations.isakmp { $0.retryIkeAttempts = .continuous })
    wire.isCut = true
    wire.run(for: .seconds(600))
    #expect(end.cause == .deadPeer)
    let isDone = end.agent.isDone
    #expect(isDone)
  }
}

/// What a person is told when a dial fails, by the stage where it does.
@Suite(.timeLimit(.minutes(5))) struct DialFailureTests {
  private func cause(
    of end: Wire.End, in wire: Wire, after duration: Duration = .seconds(300)
  ) -> CloseReason? {
    wire.run(for: duration)
    return end.cause
  }

  @Test func aWrongPreSharedKeyIsAuthenticationFailed() throws {
    let wire = try Wire(Configurations.gateway())
    let end = try wire.dial(isakmp: Configurations.isakmp(secret: Secret(text: "another")))
    #expect(cause(of: end, in: wire) == .authenticationFailed)
    let isDone = end.agent.isDone
    #expect(isDone)
  }

  @Test func noCommonISAKMPProposalIsNegotiationFailed() throws {
    let wire = try Wire(Configurations.gateway())
    let end = try wire.dial(isakmp: Configurations.isakmp(groups: [.modp2048]))
    #expect(cause(of: end, in: wire) == .negotiationFailed)
  }

  @Test func noCommonESPProposalIsNegotiationFailed() throws {
    let wire = try Wire(Configurations.gateway())
    let end = try wire.dial(
      isakmp: Configurations.isakmp(esp: .aesGCM256))
    #expect(cause(of: end, in: wire) == .negotiationFailed)
  }

  @Test func aSilentGatewayIsRetriesExhausted() throws {
    let wire = try Wire(Configurations.gateway())
    wire.isCut = true
    let end = try wire.dial()
    #expect(cause(of: end, in: wire) == .retriesExhausted)
    let isDone = end.agent.isDone
    #expect(isDone)
  }

  @Test(arguments: [true, false])
  func aWrongPasswordIsAuthenticationFailed(isSingleShot: Bool) throws {
    let wire = try Wire(Configurations.gateway(rules: TunnelRules(isSingleShot: isSingleShot)))
    let end = try wire.dial(password: "guess")
    #expect(cause(of: end, in: wire) == .authenticationFailed)
    let isDone = end.agent.isDone
    #expect(isDone)
  }

  @Test(arguments: [true, false])
  func aFullGatewayIsPolicyRefused(isSingleShot: Bool) throws {
    let wire = try Wire(Configurations.gateway(sessionsMax: 1))
    _ = try wire.dial(0)
    let end = try wire.dial(1, isSingleShot: isSingleShot)
    wire.run(for: .seconds(30))
    #expect(end.cause == .policyRefused || end.cause == .peerClosed)
  }

  @Test func aRefusedCallEndsTheDialThoughItsTunnelStands() throws {
    var configuration = try Configurations.gateway()
    configuration.destinations[0].hosts[0].tunnel.sessionsInLifeMax = 0
    let wire = try Wire(configuration)
    let end = try wire.dial(isSingleShot: false)
    #expect(end.cause == .policyRefused)
    let live = wire.gateway.host.endpoint.liveCounts
    #expect(live == (1, 0))
  }

  @Test func aGatewayWhosePacketPathIsFullClosesAtOnce() throws {
    let wire = try Wire(Configurations.gateway(), tablesMax: 1)
    let first = try wire.dial(0)
    let second = try wire.dial(1)
    wire.run(for: .seconds(1))
    #expect(second.cause == .peerDeleted)
    #expect(first.network != nil)
    let carriers = wire.gateway.host.endpoint.residue.carriers
    #expect(carriers == 1)
  }

  @Test func aDrainingGatewayIsToldFromADeadOne() throws {
    let wire = try Wire(Configurations.gateway())
    wire.gateway.host.endpoint.drain()
    let end = try wire.dial()
    #expect(cause(of: end, in: wire) == .peerClosed)
  }

  @Test func cs11KeepalivesAloneEndInInactivityWhichIsTheReasonToTheEnd() throws {
    let wire = try Wire(Configurations.gateway())
    let end = try wire.dial(inactivityTimeout: .seconds(300))
    wire.run(for: .seconds(299))
    #expect(end.network != nil)
    wire.run(for: .seconds(30))
    #expect(end.cause == .inactivity)
    #expect(end.ends == [.inactivity, .inactivity, .inactivity])
  }
}
