import Dataplane
import Endpoint
import L2TP
import PPP
import Primitives
import Testing

/// `ipsecTransport` holds for each remote host, whatever its neighbours allow.
@Suite(.timeLimit(.minutes(5))) struct TransportPolicyTests {
  private static let client = SocketAddress(.v4(IPv4Address(192, 0, 2, 9)), port: 1701)

  private func host(_ name: String?, requiresIPsec: Bool) -> RemoteHostProfile {
    var host = Rig.host(rules: TunnelRules(), requiresIPsec: requiresIPsec)
    host.hostName = name
    return host
  }

  private typealias Destination = (remote: String?, hosts: [RemoteHostProfile])

  private func rig(_ destinations: [Destination]) throws -> Rig {
    let rig = try Rig()
    rig.endpoint.reload(
      isakmp: try Rig.isakmp(),
      destinations: try destinations.map { remote, hosts in
        DestinationProfile(
          name: remote ?? "all", remote: try remote.map { try #require(IPPrefix($0)) },
          hosts: hosts, sessionsMax: 10)
      })
    return rig
  }

  private func dialInClear(
    _ hostName: String, _ rig: Rig, from remote: SocketAddress = client
  )
    -> RigPeer
  {
    let peer = RigPeer(localID: 11, hostName: hostName, dialsSession: false, at: rig.now)
    rig.dialInClear(peer, from: remote)
    return peer
  }

  private func expectNothing(_ rig: Rig, refused count: UInt64) {
    let residue = rig.endpoint.residue
    #expect(residue == EndpointResidue())
    #expect(rig.l2tpSent.isEmpty)
    #expect(rig.commands.isEmpty)
    #expect(rig.events.isEmpty)
    let refused = rig.endpoint.counters.clearRefused
    #expect(refused == count)
  }

  @Test(arguments: [false, true])
  func badInput49ClearL2TPForAHostThatWantsIPsecIsDroppedThoughAnotherAllowsIt(
    strictIsTheDefault: Bool
  ) throws {
    let hosts = [
      host(strictIsTheDefault ? nil : "strict", requiresIPsec: true),
      host(strictIsTheDefault ? "open" : nil, requiresIPsec: false),
    ]
    for hosts in [hosts, hosts.reversed()] {
      let rig = try rig([(nil, hosts)])
      let acceptsAny = rig.endpoint.acceptsClearL2TP
      #expect(acceptsAny)
      _ = dialInClear("strict", rig)
      expectNothing(rig, refused: 1)
      rig.peers = []
      let open = dialInClear("open", rig)
      #expect(open.stopResult == nil)
      let live = rig.endpoint.liveCounts
      #expect(live.tunnels == 1)
    }
  }

  /// A peer that has a clear tunnel under one name asks for another under the strict name.
  @Test func badInput49AClearTunnelOfOneHostOpensNoneForAHostThatWantsIPsec() throws {
    let rig = try rig([
      (nil, [host("strict", requiresIPsec: true), host(nil, requiresIPsec: false)])
    ])
    let open = dialInClear("open", rig)
    let strict = RigPeer(localID: 12, hostName: "strict", dialsSession: false, at: rig.now)
    rig.dialInClear(strict, from: Self.client)
    // 4: not authorised (RFC 2661 §4.4.2).
    #expect(strict.stopResult == 4)
    #expect(open.stopResult == nil)
    let live = rig.endpoint.liveCounts
    #expect(live.tunnels == 1)
    let refused = rig.endpoint.counters.tunnelsRefused
    #expect(refused == 1)
    let another = RigPeer(localID: 13, hostName: "open", dialsSession: false, at: rig.now)
    rig.dialInClear(another, from: Self.client)
    let two = rig.endpoint.liveCounts
    #expect(two.tunnels == 2)
  }

  @Test func badInput49ThePeersAddressDecidesWhichProfileIsAsked() throws {
    let strict: Destination = ("192.0.2.0/24", [host(nil, requiresIPsec: true)])
    let open: Destination = (nil, [host(nil, requiresIPsec: false)])
    for order in [[strict, open], [open, strict]] {
      let rig = try rig(order)
      _ = dialInClear("client", rig)
      expectNothing(rig, refused: 1)
      rig.peers = []
      let elsewhere = SocketAddress(.v4(IPv4Address(198, 51, 100, 77)), port: 1701)
      _ = dialInClear("client", rig, from: elsewhere)
      let live = rig.endpoint.liveCounts
      #expect(live.tunnels == 1)
    }
  }

  /// The other way round: IPsec is welcome where it is not demanded.
  @Test func insideIPsecEveryHostIsServed() throws {
    let rig = try rig([
      (nil, [host("strict", requiresIPsec: true), host(nil, requiresIPsec: false)])
    ])
    let carrier = rig.connect()
    for (localID, name) in [(UInt16(7), "strict"), (8, "open")] {
      let peer = try rig.dial(on: carrier, RigPeer(localID: localID, hostName: name))
      #expect(peer.stopResult == nil)
    }
    let live = rig.endpoint.liveCounts
    #expect(live == (2, 2))
  }

  /// A peer with an IPsec connection sends an SCCRQ outside of it: another carrier, and the rule is
  /// the same.
  @Test func badInput49AnIPsecConnectionLendsNothingToClearL2TPOfTheSamePeer() throws {
    let rig = try rig([
      (nil, [host("strict", requiresIPsec: true), host(nil, requiresIPsec: false)])
    ])
    let carrier = rig.connect()
    _ = try rig.dial(on: carrier, RigPeer(hostName: "strict"))
    let before = rig.endpoint.residue
    let sent = rig.l2tpSent.count
    let from = SocketAddress(Rig.peerAddress.address, port: 1701)
    _ = dialInClear("strict", rig, from: from)
    let after = rig.endpoint.residue
    #expect(after == before)
    #expect(rig.l2tpSent.count == sent)
    let refused = rig.endpoint.counters.clearRefused
    #expect(refused == 1)
  }

  /// Each host's secret is its own: another host's name does not open it.
  @Test func aTunnelSecretBelongsToItsHost() throws {
    var guarded = host("guarded", requiresIPsec: true)
    guarded.tunnel.secret = Secret(text: "guarded's")
    guarded.tunnel.requiresTunnelAuthentication = true
    let rig = try rig([(nil, [guarded, host(nil, requiresIPsec: true)])])
    let carrier = rig.connect()
    let peers: [(String, String?, Bool)] = [
      ("guarded", "guarded's", true), ("guarded", "guess", false), ("guarded", nil, false),
      ("other", nil, true),
    ]
    for (index, (name, secret, isLetIn)) in peers.enumerated() {
      let peer = RigPeer(dialsSession: false)
      var configuration = TunnelConfiguration(hostName: name)
      configuration.secret = secret.map { Secret(text: $0) }
      let localID = UInt16(20 + index)
      peer.tunnel = Tunnel(
        opening: configuration, localID: localID, at: rig.now, using: &rig.random)
      let before = rig.endpoint.liveCounts.tunnels
      _ = try rig.dial(on: carrier, peer)
      let after = rig.endpoint.liveCounts.tunnels
      #expect(after == before + (isLetIn ? 1 : 0), "\(name) with \(secret ?? "none")")
      #expect((peer.stopResult == nil) == isLetIn)
    }
  }
}
