import Cryptography
import Dataplane
import Endpoint
import IKE
import L2TP
import PPP
import Primitives
import Testing

/// IKE, ESP's tables, L2TP and PPP as one, over IPv4 and over IPv6 outside.
@Suite(.timeLimit(.minutes(5))) struct OuterFamilyTests {
  private func carriers(_ rig: Rig) -> [CarrierConfiguration] {
    rig.commands.compactMap {
      switch $0 {
      case .addCarrier(_, let configuration), .updateCarrier(_, let configuration): configuration
      default: nil
      }
    }
  }

  private func inbound(_ rig: Rig) -> [(sa: SAConfiguration, encapsulation: Encapsulation)] {
    rig.commands.compactMap {
      if case .addInbound(_, let sa, let encapsulation) = $0 { (sa, encapsulation) } else { nil }
    }
  }

  @Test(arguments: Rig.Family.allCases)
  func theWholeStackComesUpAndLeavesNothing(family: Rig.Family) throws {
    let rig = try Rig(family: family)
    let peer = try rig.dial(on: rig.connect(), RigPeer())
    #expect(peer.network?.localAddress == IPv4Address(10, 0, 0, 2))
    let live = rig.endpoint.liveCounts
    #expect(live == (1, 1))
    let carriers = carriers(rig)
    #expect(carriers.map(\.local.address) == [family.gateway])
    #expect(carriers.map(\.remote.address) == [family.peer()])
    #expect(carriers.map(\.encapsulation) == [.plainESP])
    #expect(inbound(rig).map(\.encapsulation) == [.plainESP])
    let paths = rig.endpoint.tunnelViews.map(\.path?.remote.address)
    #expect(paths == [family.peer()])
    let identities = rig.events.compactMap { event -> Identity? in
      if case .connectionUp(_, let facts) = event { facts.identity } else { nil }
    }
    #expect(identities == [.address(family.peer())])
    peer.tunnel.close(result: .init(stopCCN: .generalRequest), at: rig.now)
    rig.settle()
    rig.run(for: .seconds(700))
    let residue = rig.endpoint.residue
    #expect(residue == EndpointResidue())
  }

  /// The session stays while the peer's NAT gives it another address.
  @Test(arguments: Rig.Family.allCases)
  func aPeerBehindANATIsFollowedToItsNewAddress(family: Rig.Family) throws {
    let rig = try Rig(family: family)
    rig.peerOutside = family.peer(50)
    let peer = try rig.dial(on: rig.connect(), RigPeer())
    #expect(peer.network != nil)
    #expect(inbound(rig).map(\.encapsulation) == [.udpESP])
    #expect(carriers(rig).last?.encapsulation == .udpESP)
    #expect(carriers(rig).last?.remote == SocketAddress(family.peer(50), port: 4500))
    rig.peerOutside = family.peer(60)
    // Until the next question whether the other end lives.
    rig.run(for: .seconds(40))
    let moved = SocketAddress(family.peer(60), port: 4500)
    #expect(carriers(rig).last?.remote == moved)
    let paths = rig.endpoint.tunnelViews.map(\.path?.remote)
    #expect(paths == [moved])
    let live = rig.endpoint.liveCounts
    #expect(live == (1, 1))
    #expect(peer.stopResult == nil)
  }

  @Test(arguments: Rig.Family.allCases)
  func rekeyingKeepsTunnelAndSession(family: Rig.Family) throws {
    let rig = try Rig(family: family)
    let peer = try rig.dial(on: rig.connect(), RigPeer())
    let first = try #require(rig.lastInboundSPI)
    rig.endpoint.requestRekey(ofInboundSPI: first, at: rig.now, using: &rig.random)
    rig.settle()
    let all = inbound(rig)
    try #require(all.count == 2)
    #expect(all[0].sa.spi == first)
    #expect(all[1].sa.spi != first)
    #expect(all[0].sa.keys.encryption != all[1].sa.keys.encryption)
    let outbound = rig.commands.filter { if case .setOutbound = $0 { true } else { false } }
    #expect(outbound.count == 2)
    #expect(peer.stopResult == nil)
    let live = rig.endpoint.liveCounts
    #expect(live == (1, 1))
  }

  @Test(arguments: Rig.Family.allCases)
  func aDeadPeerTakesTunnelAndSessionAlong(family: Rig.Family) throws {
    let rig = try Rig(family: family)
    let peer = try rig.dial(on: rig.connect(), RigPeer())
    #expect(peer.network != nil)
    rig.isCut = true
    rig.peers = []
    rig.run(for: .seconds(200))
    let downs = rig.events.compactMap { event -> CloseReason? in
      if case .connectionDown(_, let reason, _) = event { reason } else { nil }
    }
    #expect(downs == [.deadPeer])
    let live = rig.endpoint.liveCounts
    #expect(live == (0, 0))
    let carriers = rig.endpoint.residue.carriers
    #expect(carriers == 0)
  }

  /// This end dials: main mode, quick mode and the SCCRQ go to the peer's address.
  @Test(arguments: Rig.Family.allCases)
  func aDialReachesItsPeer(family: Rig.Family) throws {
    let rig = try Rig(family: family)
    _ = rig.endpoint.dial(
      DialRequest(
        connection: ConnectionRequest(
          policy: "ipsec", local: SocketAddress(family.gateway, port: 500),
          remote: SocketAddress(family.peer(), port: 500)),
        host: Rig.host(rules: TunnelRules()), inactivityTimeout: nil),
      at: rig.now, using: &rig.random)
    rig.settle()
    let carriers = carriers(rig)
    #expect(carriers.map(\.local.address) == [family.gateway])
    #expect(carriers.map(\.remote.address) == [family.peer()])
    #expect(rig.l2tpSent.count == 1)
    let message = try #require(rig.l2tpSent.first).message
    let facts = try Tunnel.peekSCCRQ(message)
    #expect(facts.peer.hostName == "gateway")
  }

  /// The most specific destination profile of the peer's family, and none of the other.
  @Test(arguments: Rig.Family.allCases)
  func destinationProfilesAreChosenByTheAddressOutside(family: Rig.Family) throws {
    let other: Rig.Family = family == .v4 ? .v6 : .v4
    let all = try #require(IPPrefix(other.peer(), lengthBits: 0))
    let own = try #require(IPPrefix(family.peer(), lengthBits: family == .v4 ? 24 : 64))
    for (prefixes, isServed) in [([all], false), ([all, own], true)] {
      let rig = try Rig(family: family)
      rig.endpoint.reload(
        isakmp: try Rig.isakmp(),
        destinations: prefixes.map {
          DestinationProfile(
            name: $0 == own ? "own" : "other", remote: $0,
            hosts: [Rig.host(rules: TunnelRules())], sessionsMax: 10)
        })
      let peer = try rig.dial(on: rig.connect(), RigPeer())
      #expect((peer.network != nil) == isServed)
      #expect(peer.stopResult == (isServed ? nil : 4))
      let destinations = rig.endpoint.tunnelViews.map(\.destination)
      #expect(destinations == (isServed ? ["own"] : []))
    }
  }

  @Test(arguments: Rig.Family.allCases)
  func clearTunnelsWorkWhereAProfileAllowsThem(family: Rig.Family) throws {
    for requiresIPsec in [true, false] {
      let rig = try Rig(family: family, requiresIPsec: requiresIPsec)
      let peer = RigPeer(dialsSession: false)
      rig.dialInClear(peer, from: SocketAddress(family.peer(), port: 1701))
      let live = rig.endpoint.liveCounts
      #expect(live.tunnels == (requiresIPsec ? 0 : 1))
      #expect(carriers(rig).map(\.remote.address) == (requiresIPsec ? [] : [family.peer()]))
      #expect(carriers(rig).allSatisfy { $0.encapsulation == .clear })
    }
  }

  /// What one family's peer does touches nobody of the other.
  @Test func peersOfBothFamiliesLiveSideBySide() throws {
    let rig = try Rig(family: .v6)
    let first = try rig.dial(on: rig.connect(), RigPeer())
    _ = rig.keys.initiate(
      ConnectionRequest(policy: "ipsec", local: Rig.peerAddress, remote: Rig.gatewayAddress),
      at: rig.now, using: &rig.random)
    rig.settle()
    let carrier = try #require(rig.endpoint.carrierViews.last?.id)
    let second = try rig.dial(on: carrier, RigPeer(localID: 8))
    #expect(first.network != nil)
    #expect(second.network != nil)
    let remotes = rig.endpoint.tunnelViews.map(\.path?.remote.address)
    #expect(remotes == [Rig.Family.v6.peer(), Rig.Family.v4.peer()])
    second.tunnel.close(result: .init(stopCCN: .generalRequest), at: rig.now)
    rig.settle()
    let live = rig.endpoint.liveCounts
    #expect(live == (1, 1))
    #expect(first.stopResult == nil)
  }
}
