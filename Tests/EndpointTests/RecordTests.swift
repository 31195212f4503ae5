import Dataplane
import Endpoint
import Primitives
import Testing

/// What is remembered, for how long, and what is shown of it.
@Suite(.timeLimit(.minutes(5))) struct RecordTests {
  @Test func lt5ASingleShotTunnelThatNeverHadASessionIgnoresTheIdleTimeout() {
    var lifecycle = TunnelLifecycle(TunnelRules(isSingleShot: true))
    lifecycle.tunnelEstablished(at: .zero)
    #expect(lifecycle.nextTimeout == nil)
    let orders = lifecycle.handleTimeout(at: .zero + .seconds(3600))
    #expect(orders == [])
  }

  @Test func lt1OfTwoSessionsTheLastEndBeginsTheIdleTimeout() {
    var lifecycle = TunnelLifecycle(TunnelRules())
    lifecycle.tunnelEstablished(at: .zero)
    lifecycle.sessionOpened(at: .zero)
    lifecycle.sessionOpened(at: .zero)
    _ = lifecycle.sessionRemoved(at: .zero)
    #expect(lifecycle.phase == .carrying(sessions: 1))
    #expect(lifecycle.nextTimeout == nil)
    _ = lifecycle.sessionRemoved(at: .zero + .seconds(5))
    #expect(lifecycle.nextTimeout == .zero + .seconds(65))
  }

  @Test func lt6AConnectionThatCarriesASingleShotTunnelTakesNoStandardOne() throws {
    let rig = try Rig(rules: TunnelRules(isSingleShot: true))
    let carrier = rig.connect()
    _ = try rig.dial(on: carrier, RigPeer())
    rig.endpoint.reload(
      isakmp: try Rig.isakmp(),
      destinations: [
        DestinationProfile(
          name: "all", remote: nil, hosts: [Rig.host(rules: TunnelRules())], sessionsMax: 10)
      ])
    let second = try rig.dial(on: carrier, RigPeer(localID: 8))
    #expect(second.stopResult == 4)
    let live = rig.endpoint.liveCounts
    #expect(live == (1, 1))
  }

  @Test func lt2TheRecordOfAClosedSessionStaysForTheDestructTimeout() throws {
    let rig = try Rig(rules: TunnelRules(idleTimeout: .zero, destructTimeout: .seconds(100)))
    let peer = try rig.dial(on: rig.connect(), RigPeer())
    peer.tunnel.closeSession(1, result: .init(cdn: .administrative), at: rig.now)
    rig.settle()
    let shown = rig.endpoint.sessionViews
    #expect(shown.map(\.destructAt) == [rig.now + .seconds(100)])
    rig.run(for: .seconds(99))
    let before = rig.endpoint.sessionViews.count
    #expect(before == 1)
    rig.run(for: .seconds(2))
    let after = rig.endpoint.sessionViews.count
    #expect(after == 0)
    // The tunnel itself lives on.
    let live = rig.endpoint.liveCounts
    #expect(live == (1, 0))
  }

  @Test func lt10TheDestructTimeoutOfAClosedTunnelIsShown() throws {
    let rig = try Rig(rules: TunnelRules(destructTimeout: .seconds(100)))
    let peer = try rig.dial(on: rig.connect(), RigPeer())
    let open = rig.endpoint.tunnelViews
    #expect(open.map(\.destructAt) == [nil])
    peer.tunnel.close(result: .init(stopCCN: .generalRequest), at: rig.now)
    rig.settle()
    let closed = rig.endpoint.tunnelViews
    #expect(closed.map(\.destructAt) == [rig.now + .seconds(100)])
    let carriers = rig.endpoint.carrierViews
    #expect(carriers.map(\.disconnectAt) == [rig.now + .seconds(100)])
  }

  @Test func lt10ASingleShotTunnelIsShownSpentWhenItIsOver() throws {
    let rig = try Rig(rules: TunnelRules(isSingleShot: true))
    let peer = try rig.dial(on: rig.connect(), RigPeer())
    let open = rig.endpoint.tunnelViews
    #expect(open.map(\.isSpent) == [false])
    peer.tunnel.closeSession(1, result: .init(cdn: .administrative), at: rig.now)
    rig.settle()
    let closed = rig.endpoint.tunnelViews
    #expect(closed.map(\.isSpent) == [true])
  }

  @Test func lt9AnSAThatReachedItsLifetimeIsTakenFromThePacketPath() throws {
    let rig = try Rig(rules: TunnelRules(idleTimeout: .zero))
    _ = try rig.dial(on: rig.connect(), RigPeer())
    let first = try #require(rig.lastInboundSPI)
    rig.run(for: .seconds(3700))
    #expect(rig.lastInboundSPI != first)
    let removed = rig.commands.contains {
      if case .removeInbound(let spi) = $0 { spi == first } else { false }
    }
    #expect(removed)
  }

  @Test func theMostSpecificDestinationProfileDecidesWhereverItStands() throws {
    func profile(_ name: String, _ remote: String?) throws -> DestinationProfile {
      let block = try remote.map { try #require(IPPrefix($0)) }
      return DestinationProfile(name: name, remote: block, hosts: [], sessionsMax: 1)
    }
    let profiles = [
      try profile("all", nil), try profile("all of IPv4", "0.0.0.0/0"),
      try profile("net", "198.51.100.0/24"), try profile("host", "198.51.100.2/32"),
    ]
    for list in [profiles, Array(profiles.reversed())] {
      let names = ["198.51.100.2", "198.51.100.3", "10.0.0.1", "2001:db8::1"].map { text in
        IPAddress(text).flatMap { DestinationProfile.matching($0, among: list)?.name }
      }
      #expect(names == ["host", "net", "all of IPv4", "all"])
    }
  }
}
