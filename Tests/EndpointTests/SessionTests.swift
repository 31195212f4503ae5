import Dataplane
import Endpoint
import L2TP
import PPP
import Primitives
import Testing

/// Sessions: addresses, inactivity, and the one reason for each end.
@Suite(.timeLimit(.minutes(5))) struct SessionTests {
  private static let ccp: UInt16 = 0x80FD

  /// A PPP control packet: code, identifier, options, from the protocol field on.
  private func frame(_ protocolID: UInt16, code: UInt8, _ options: [UInt8] = []) -> [UInt8] {
    [UInt8(protocolID >> 8), UInt8(protocolID & 255), code, 0x55, 0, UInt8(4 + options.count)]
      + options
  }

  private func routes(_ rig: Rig) -> [IPPrefix] {
    var routes: [IPPrefix] = []
    for command in rig.commands {
      if case .addRoute(let prefix, _) = command { routes.append(prefix) }
      if case .removeRoute(let prefix) = command { routes.removeAll { $0 == prefix } }
    }
    return routes
  }

  @Test(arguments: [
    Rig.inner, IPv4Address(10, 0, 0, 3), IPv4Address(224, 0, 0, 1), IPv4Address(.max),
    IPv4Address(127, 0, 0, 1),
  ])
  func badInput57AnAddressThatThePeerAsksForIsNotItsOwn(asked: IPv4Address) throws {
    let rig = try Rig()
    let peer = try rig.dial(on: rig.connect(), RigPeer { $0.requestedAddress = asked })
    let assigned = IPv4Address(10, 0, 0, 2)
    #expect(peer.network?.localAddress == assigned)
    let only = try #require(IPPrefix(.v4(assigned), lengthBits: 32))
    let routes = routes(rig)
    #expect(routes == [only])
  }

  @Test func badInput57CCPAndVanJacobsonDoNotEndASession() throws {
    let rig = try Rig()
    let peer = try rig.dial(on: rig.connect(), RigPeer())
    let id = try #require(peer.session)
    // MPPE (RFC 3078 §2.1), and IPCP's compression option in a stray Configure-Nak.
    for hostile in [
      frame(Self.ccp, code: 1, [18, 6, 1, 0, 0, 0x60]),
      frame(0x8021, code: 3, [2, 6, 0, 0x2D, 15, 1]),
    ] {
      rig.endpoint.receivePPP(hostile, on: id, at: rig.now, using: &rig.random)
      rig.settle()
    }
    let live = rig.endpoint.liveCounts
    #expect(live == (1, 1))
    #expect(routes(rig).count == 1)
  }

  @Test func ipcpNegotiatedAnewMovesNoRouteTwiceAndIsNoUserActivity() throws {
    let rig = try Rig()
    let peer = try rig.dial(on: rig.connect(), RigPeer())
    let id = try #require(peer.session)
    let before = rig.endpoint.sessionViews.first?.lastUserActivity
    rig.run(for: .seconds(5))
    let request = frame(0x8021, code: 1, [3, 6, 10, 0, 0, 2])
    rig.endpoint.receivePPP(request, on: id, at: rig.now, using: &rig.random)
    rig.settle()
    rig.run(for: .seconds(10))
    let ups = rig.events.filter { if case .sessionUp = $0 { true } else { false } }
    #expect(ups.count >= 2)
    #expect(routes(rig).count == 1)
    let after = rig.endpoint.sessionViews.first?.lastUserActivity
    #expect(after == before)
  }

  @Test func theFirstCauseOfAnEndIsTheOneThatIsTold() throws {
    let rig = try Rig()
    let peer = try rig.dial(on: rig.connect(), RigPeer())
    let id = try #require(peer.session)
    rig.peers = []
    _ = rig.endpoint.closeSession(
      id, .inactivity, detail: "no user activity", at: rig.now, using: &rig.random)
    _ = rig.endpoint.closeSession(id, .administrator, at: rig.now, using: &rig.random)
    let tunnel = try #require(rig.endpoint.tunnelViews.first?.number)
    _ = rig.endpoint.closeTunnel(tunnel, .shutdown, at: rig.now, using: &rig.random)
    rig.settle()
    let sessions = rig.endpoint.sessionViews.map(\.end?.cause)
    #expect(sessions == [.init(.inactivity, "no user activity")])
    let tunnels = rig.endpoint.tunnelViews.map(\.end?.cause.reason)
    #expect(tunnels == [.shutdown])
  }

  @Test func aRefusedPasswordIsTheReasonHoweverTheTunnelGoes() throws {
    let rig = try Rig()
    let mute = RigPeer(password: Secret(text: "guess"))
    mute.terminates = false
    let peer = try rig.dial(on: rig.connect(), mute)
    let isUp = rig.endpoint.liveCounts.sessions
    #expect(isUp == 1)
    peer.tunnel.close(result: ResultCode(stopCCN: .generalRequest), at: rig.now)
    rig.settle()
    rig.run(for: .seconds(10))
    let reasons = rig.endpoint.sessionViews.map(\.end?.cause.reason)
    #expect(reasons == [.authenticationFailed])
  }

  @Test func aSilentPeerDoesNotHoldASessionThatIsClosed() throws {
    let rig = try Rig()
    let peer = try rig.dial(on: rig.connect(), RigPeer())
    let id = try #require(peer.session)
    rig.peers = []
    _ = rig.endpoint.closeSession(id, .requested, at: rig.now, using: &rig.random)
    rig.run(for: .seconds(20))
    let reason = rig.endpoint.sessionViews.first?.end?.cause.reason
    #expect(reason == .requested)
  }

  /// LT-2: records make room, those of the peer that has too many.
  @Test func closedSessionsOfOnePeerDoNotDriveOutThoseOfAnother() throws {
    var limits = Endpoint.Limits()
    limits.closedSessionsPerCarrierMax = 2
    let rig = try Rig(limits: limits, requiresIPsec: false)
    let quiet = RigPeer(localID: 7)
    let busy = RigPeer(localID: 8)
    for (peer, host) in [(quiet, UInt8(7)), (busy, 8)] {
      let address = IPv4Address(192, 0, 2, host)
      rig.dialInClear(peer, from: SocketAddress(.v4(address), port: 1701))
    }
    for peer in [quiet, busy, busy, busy, busy] {
      try peer.call(at: rig.now, using: &rig.random)
      rig.settle()
      let live = try #require(rig.endpoint.sessionViews.last?.id)
      _ = rig.endpoint.closeSession(live, .administrator, at: rig.now, using: &rig.random)
      rig.settle()
      rig.run(for: .seconds(15))
    }
    let left = rig.endpoint.sessionViews
    #expect(left.map(\.id) == [SessionID(1), SessionID(4), SessionID(5)])
    #expect(left.allSatisfy { $0.end != nil })
  }

  @Test func lt3ANewTunnelBeforeTheDestructTimeoutKeepsTheIPsecConnection() throws {
    let rig = try Rig(rules: TunnelRules(destructTimeout: .seconds(100)))
    let carrier = rig.connect()
    let first = try rig.dial(on: carrier, RigPeer(dialsSession: false))
    first.tunnel.close(result: ResultCode(stopCCN: .generalRequest), at: rig.now)
    rig.settle()
    rig.run(for: .seconds(99))
    _ = try rig.dial(on: carrier, RigPeer(localID: 8, at: rig.now))
    rig.run(for: .seconds(50))
    let carriers = rig.endpoint.residue.carriers
    #expect(carriers == 1)
    let live = rig.endpoint.liveCounts
    #expect(live == (1, 1))
  }
}
