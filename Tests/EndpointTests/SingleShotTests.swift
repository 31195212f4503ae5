import Dataplane
import Endpoint
import Primitives
import Testing

/// Bad input 47 at the endpoint, each line of it: refused, and a new IPsec connection needed.
@Suite(.timeLimit(.minutes(5))) struct SingleShotTests {
  private func rig() throws -> Rig { try Rig(rules: TunnelRules(isSingleShot: true)) }

  @Test func oneTunnelWithOneSessionComesUp() throws {
    let rig = try rig()
    let peer = try rig.dial(on: rig.connect(), RigPeer())
    #expect(peer.network?.localAddress == IPv4Address(10, 0, 0, 2))
    let live = rig.endpoint.liveCounts
    #expect(live == (1, 1))
  }

  @Test func lt4BadInput47ASecondICRQWhileTheFirstSessionIsUpIsRefused() throws {
    let rig = try rig()
    let peer = try rig.dial(on: rig.connect(), RigPeer())
    try peer.call(at: rig.now, using: &rig.random)
    rig.settle()
    #expect(peer.refusedCalls == [5])
    let live = rig.endpoint.liveCounts
    #expect(live == (1, 1))
  }

  @Test func lt4And5BadInput47ASecondICRQAfterTheCDNFindsTheTunnelClosed() throws {
    let rig = try rig()
    let peer = try rig.dial(on: rig.connect(), RigPeer())
    peer.tunnel.closeSession(1, result: .init(cdn: .administrative), at: rig.now)
    try peer.call(at: rig.now, using: &rig.random)
    rig.settle()
    let live = rig.endpoint.liveCounts
    #expect(live == (0, 0))
    let left = rig.endpoint.carrierViews.isEmpty
    #expect(left)
    let opened = rig.endpoint.sessionViews.count
    #expect(opened == 1)
  }

  @Test func lt6BadInput47ASecondSCCRQOnTheSameSAIsRefused() throws {
    let rig = try rig()
    let carrier = rig.connect()
    let first = try rig.dial(on: carrier, RigPeer())
    let second = try rig.dial(on: carrier, RigPeer(localID: 8))
    #expect(second.stopResult == 4)
    let live = rig.endpoint.liveCounts
    #expect(live == (1, 1))
    // It needs an IPsec connection of its own, and gets on there.
    first.tunnel.close(result: .init(stopCCN: .generalRequest), at: rig.now)
    rig.settle()
    let third = try rig.dial(on: rig.connect(), RigPeer(localID: 9))
    #expect(third.network != nil)
  }

  @Test func lt9BadInput47ARekeyedSADoesNotKeepTheTunnelAlive() throws {
    let rig = try rig()
    let carrier = rig.connect()
    let peer = try rig.dial(on: carrier, RigPeer())
    let spi = try #require(rig.lastInboundSPI)
    rig.endpoint.requestRekey(ofInboundSPI: spi, at: rig.now, using: &rig.random)
    rig.settle()
    let successor = try #require(rig.lastInboundSPI)
    #expect(successor != spi)
    let second = try rig.dial(on: carrier, RigPeer(localID: 8))
    #expect(second.stopResult == 4)
    peer.tunnel.closeSession(1, result: .init(cdn: .administrative), at: rig.now)
    rig.settle()
    let third = try rig.dial(on: carrier, RigPeer(localID: 9))
    #expect(third.stopResult == nil)
    let residue = rig.endpoint.residue
    #expect(residue.carriers == 0)
    #expect(residue.children == 0)
  }

  @Test func lt8BadInput47AFailedPasswordUsesUpTheIPsecConnection() throws {
    let rig = try rig()
    let carrier = rig.connect()
    let peer = try rig.dial(on: carrier, RigPeer(password: Secret(text: "guess")))
    rig.run(for: .seconds(10))
    #expect(peer.network == nil)
    let again = try rig.dial(on: carrier, RigPeer(localID: 8, at: rig.now))
    rig.run(for: .seconds(10))
    #expect(again.network == nil)
    let sessions = rig.endpoint.sessionViews
    #expect(sessions.map(\.end?.cause.reason) == [.authenticationFailed])
    let carriers = rig.endpoint.carrierViews.count
    #expect(carriers == 0)
  }

  @Test func lt6AConnectionThatHasCarriedAStandardTunnelTakesNoSingleShotOne() throws {
    let rig = try Rig(rules: TunnelRules())
    let carrier = rig.connect()
    _ = try rig.dial(on: carrier, RigPeer())
    rig.endpoint.reload(
      isakmp: try Rig.isakmp(),
      destinations: [
        DestinationProfile(
          name: "all", remote: nil, hosts: [Rig.host(rules: TunnelRules(isSingleShot: true))],
          sessionsMax: 10)
      ])
    let second = try rig.dial(on: carrier, RigPeer(localID: 8))
    #expect(second.stopResult == 4)
    let first = rig.endpoint.liveCounts
    #expect(first == (1, 1))
  }

  @Test func lt7TheStopCCNLeavesBeforeTheDeleteOfItsSA() throws {
    let rig = try rig()
    let peer = try rig.dial(on: rig.connect(), RigPeer())
    rig.order = []
    let id = try #require(peer.session)
    _ = rig.endpoint.closeSession(id, .administrator, at: rig.now, using: &rig.random)
    rig.settle()
    #expect(peer.refusedCalls == [3])
    #expect(peer.stopResult != nil)
    #expect(rig.order.first == "l2tp")
    #expect(rig.order.last == "isakmp")
  }

  @Test func lt4WithoutIPsecTheNextTunnelNeedsNothingNew() throws {
    let rig = try Rig(rules: TunnelRules(isSingleShot: true), requiresIPsec: false)
    let from = SocketAddress(.v4(IPv4Address(192, 0, 2, 9)), port: 1701)
    for localID: UInt16 in [7, 8] {
      let peer = RigPeer(localID: localID, dialsSession: false, at: rig.now)
      rig.dialInClear(peer, from: from)
      let live = rig.endpoint.liveCounts
      #expect(live.tunnels == 1)
      peer.tunnel.close(result: .init(stopCCN: .generalRequest), at: rig.now)
      rig.settle()
      let after = rig.endpoint.liveCounts
      #expect(after.tunnels == 0)
    }
  }
}
