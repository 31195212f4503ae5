import Dataplane
import Endpoint
import L2TP
import Primitives
import Testing

/// Bad inputs 46 and 48 at the endpoint: an authenticated peer that does not keep the order.
@Suite(.timeLimit(.minutes(5))) struct HostileTunnelTests {
  /// A control message with a Message Type and Result Code, as an attacker writes it.
  private func message(
    _ type: UInt8, tunnel: UInt16, session: UInt16 = 0, ns: UInt8, nr: UInt8, avps: [UInt8] = []
  ) -> [UInt8] {
    [
      0xC8, 2, 0, UInt8(20 + avps.count), UInt8(tunnel >> 8), UInt8(truncatingIfNeeded: tunnel),
      UInt8(session >> 8), UInt8(truncatingIfNeeded: session), 0, ns, 0, nr, 0x80, 8, 0, 0, 0, 0, 0,
      type,
    ] + avps
  }

  private static let resultCode: [UInt8] = [0x80, 8, 0, 0, 0, 1, 0, 3]
  private static let sessionID: [UInt8] = [0x80, 8, 0, 0, 0, 14, 0, 9]

  @Test func badInput46AnICRQBeforeTheSCCCNEndsTheTunnelAndNothingElse() throws {
    let rig = try Rig()
    let carrier = rig.connect()
    let bystander = try rig.dial(on: carrier, RigPeer(localID: 3))
    let peer = RigPeer()
    let opening = try #require(peer.nextMessage(at: rig.now, using: &rig.random))
    rig.send(opening, on: carrier)
    let id = try #require(rig.endpoint.tunnelViews.last?.protocolState.localID)
    rig.send(message(10, tunnel: id, ns: 1, nr: 1, avps: Self.sessionID), on: carrier)
    let end = rig.endpoint.tunnelViews.last?.end?.cause.reason
    #expect(end == .negotiationFailed)
    let live = rig.endpoint.liveCounts
    #expect(live == (1, 1))
    #expect(bystander.stopResult == nil)
  }

  /// ICCN (12), CDN (14), OCCN (9) and WEN (15) for sessions that do not exist, CDN and StopCCN of
  /// another tunnel, all twice.
  @Test func badInput46MessagesForOtherIDsChangeNothing() throws {
    let rig = try Rig()
    let carrier = rig.connect()
    _ = try rig.dial(on: carrier, RigPeer())
    let id = try #require(rig.endpoint.tunnelViews.first?.protocolState.localID)
    let nr = try #require(rig.endpoint.tunnelViews.first?.protocolState.nr)
    var ns = UInt8(truncatingIfNeeded: nr)
    for type: UInt8 in [12, 14, 9, 15] {
      let hostile = message(
        type, tunnel: id, session: 0x7777, ns: ns, nr: 2, avps: Self.resultCode)
      rig.send(hostile, on: carrier)
      rig.send(hostile, on: carrier)
      ns += 1
      rig.send(message(type, tunnel: id ^ 1, session: 1, ns: ns, nr: 2), on: carrier)
    }
    rig.send(message(4, tunnel: id ^ 1, ns: 0, nr: 0, avps: Self.resultCode), on: carrier)
    let live = rig.endpoint.liveCounts
    #expect(live == (1, 1))
    let unknown = rig.endpoint.counters.unknownTunnel
    #expect(unknown == 5)
  }

  @Test func badInput46OurStopCCNCrossesThePeersAndThereIsOneEnd() throws {
    let rig = try Rig()
    let peer = try rig.dial(on: rig.connect(), RigPeer())
    peer.tunnel.close(result: ResultCode(stopCCN: .generalRequest), at: rig.now)
    let number = try #require(rig.endpoint.tunnelViews.first?.number)
    _ = rig.endpoint.closeTunnel(number, .administrator, at: rig.now, using: &rig.random)
    rig.settle()
    rig.run(for: .seconds(30))
    let ends = rig.events.filter {
      if case .tunnelClosed = $0 { true } else { false }
    }
    #expect(ends.count == 1)
    let sessions = rig.events.filter {
      if case .sessionClosed = $0 { true } else { false }
    }
    #expect(sessions.count == 1)
  }

  @Test func badInput46EveryViolationLeavesTheStateUnchanged() throws {
    let rig = try Rig()
    let carrier = rig.connect()
    _ = try rig.dial(on: carrier, RigPeer())
    let before = rig.endpoint.residue
    let state = rig.endpoint.tunnelViews.first?.protocolState
    let id = try #require(state?.localID)
    var noise = SeededRandom(seed: 46)
    for _ in 0..<5_000 {
      var bytes = noise.bytes(Int.random(in: 0...64, using: &noise))
      if bytes.count > 12 {
        // Past the header now and then, but far outside the receive window.
        bytes.replaceSubrange(
          0..<12,
          with: [
            0xC8, 2, 0, UInt8(bytes.count), UInt8(id >> 8), UInt8(id & 255), 0, 0, 0x70, 0, 0, 2,
          ])
      }
      rig.send(bytes, on: carrier)
    }
    let after = rig.endpoint.residue
    #expect(after == before)
    let stateAfter = rig.endpoint.tunnelViews.first?.protocolState
    #expect(stateAfter?.nr == state?.nr)
    #expect(stateAfter?.phase == .established)
  }

  @Test func badInput48AFloodOfHellosIsOnlyAcknowledged() throws {
    let rig = try Rig()
    let carrier = rig.connect()
    _ = try rig.dial(on: carrier, RigPeer())
    let view = try #require(rig.endpoint.tunnelViews.first?.protocolState)
    let sent = rig.l2tpSent.count
    for index in 0..<10_000 {
      let ns = UInt16(truncatingIfNeeded: Int(view.nr) + index)
      var hello = message(6, tunnel: view.localID, ns: 0, nr: UInt8(view.ns))
      hello[8] = UInt8(ns >> 8)
      hello[9] = UInt8(truncatingIfNeeded: ns)
      rig.send(hello, on: carrier)
    }
    #expect(rig.l2tpSent.count == sent + 10_000)
    let live = rig.endpoint.liveCounts
    #expect(live == (1, 1))
  }

  @Test func aTunnelKeepsThePortThatItsPeerBeganWith() throws {
    let rig = try Rig()
    let carrier = rig.connect()
    let peer = RigPeer(dialsSession: false)
    let opening = try #require(peer.nextMessage(at: rig.now, using: &rig.random))
    rig.send(opening, on: carrier, from: 40_000)
    let id = try #require(rig.endpoint.tunnelViews.first?.protocolState.localID)
    rig.send(message(6, tunnel: id, ns: 1, nr: 1), on: carrier, from: 50_000)
    #expect(rig.l2tpSent.count >= 2)
    #expect(rig.l2tpSent.allSatisfy { $0.peerPort == 40_000 })
  }

  @Test func badInput48APeerThatIgnoresHelloButSendsDataIsAlive() throws {
    let rig = try Rig()
    let carrier = rig.connect()
    _ = try rig.dial(on: carrier, RigPeer { $0.echoInterval = .zero })
    rig.peers = []
    for _ in 0..<600 {
      rig.run(for: .seconds(1))
      rig.endpoint.noteAuthenticatedTraffic(on: carrier, at: rig.now)
    }
    let live = rig.endpoint.liveCounts
    #expect(live == (1, 1))
    rig.run(for: .seconds(300))
    let dead = rig.endpoint.tunnelViews.first?.end?.cause.reason
    #expect(dead == .deadPeer)
  }
}
