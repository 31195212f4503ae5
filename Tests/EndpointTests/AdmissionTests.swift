import Dataplane
import Endpoint
import L2TP
import Primitives
import Testing

/// Who gets a tunnel or a session, at every limit and one past it.
@Suite(.timeLimit(.minutes(5))) struct AdmissionTests {
  private func limits(_ change: (inout Endpoint.Limits) -> Void) -> Endpoint.Limits {
    var limits = Endpoint.Limits()
    change(&limits)
    return limits
  }

  @Test func badInput44ARepeatedSCCRQMakesNoSecondTunnel() throws {
    let rig = try Rig()
    let carrier = rig.connect()
    let peer = RigPeer(dialsSession: false)
    let message = try #require(peer.nextMessage(at: rig.now, using: &rig.random))
    for _ in 0..<100 { rig.send(message, on: carrier) }
    let tunnels = rig.endpoint.residue.tunnels
    #expect(tunnels == 1)
    #expect(rig.l2tpSent.count <= 100)
  }

  @Test func badInput44AnAssignedTunnelIDOfZeroLeavesNothing() throws {
    let rig = try Rig()
    let carrier = rig.connect()
    let peer = RigPeer(dialsSession: false)
    var message = try #require(peer.nextMessage(at: rig.now, using: &rig.random))
    // The Assigned Tunnel ID AVP: mandatory, 8 bytes, vendor 0, type 9, value 7.
    let avp: [UInt8] = [0x80, 8, 0, 0, 0, 9, 0, 7]
    let at = try #require(message.indices.first { Array(message[$0...].prefix(8)) == avp })
    message[at + 7] = 0
    rig.send(message, on: carrier)
    let live = rig.endpoint.liveCounts
    #expect(live == (0, 0))
    #expect(rig.l2tpSent.isEmpty)
  }

  @Test func badInput44TheLowerTieBreakerWins() throws {
    let rig = try Rig()
    var host = Rig.host(rules: TunnelRules())
    host.tunnel.usesTieBreaker = true
    _ = rig.endpoint.dial(
      DialRequest(
        connection: .init(policy: "ipsec", local: Rig.gatewayAddress, remote: Rig.peerAddress),
        host: host, inactivityTimeout: nil), at: rig.now, using: &rig.random)
    rig.settle()
    let carrier = try #require(rig.endpoint.carrierViews.first?.id)
    let ours = rig.l2tpSent.count
    #expect(ours == 1)
    // Without a tie breaker the peer's SCCRQ loses and is ignored (RFC 2661 §4.4.3).
    _ = try rig.dial(on: carrier, RigPeer(dialsSession: false))
    let ignored = rig.endpoint.tunnelViews.count
    #expect(ignored == 1)
    #expect(rig.l2tpSent.count == ours)
    // With one, exactly one of the two goes on.
    _ = try rig.dial(on: carrier, RigPeer(localID: 8, dialsSession: false, tieBreaks: true))
    let live = rig.endpoint.liveCounts
    #expect(live.tunnels == 1)
  }

  @Test func aStopCCNWithoutTunnelIDFindsItsTunnel() throws {
    let rig = try Rig()
    let carrier = rig.connect()
    let peer = RigPeer(dialsSession: false)
    let opening = try #require(peer.nextMessage(at: rig.now, using: &rig.random))
    rig.send(opening, on: carrier)
    // RFC 2661 §4.4.3: the peer has not heard our id and names the tunnel by its own.
    let stop: [UInt8] = [
      0xC8, 2, 0, 38, 0, 0, 0, 0, 0, 1, 0, 0, 0x80, 8, 0, 0, 0, 0, 0, 4, 0x80, 8, 0, 0, 0, 9, 0, 7,
      0x80, 10, 0, 0, 0, 1, 0, 1, 0, 0,
    ]
    rig.send(stop, on: carrier)
    let live = rig.endpoint.liveCounts
    #expect(live.tunnels == 0)
    let closed = rig.endpoint.tunnelViews.first?.end?.cause.reason
    #expect(closed == .peerClosed)
    // For another id there is no tunnel, and it is acknowledged so that the peer gets done.
    var other = stop
    other[27] = 9
    let before = rig.l2tpSent.count
    rig.send(other, on: carrier)
    #expect(rig.l2tpSent.count == before + 1)
  }

  @Test func aCarrierHoldsItsMostTunnelsAndRefusesTheNext() throws {
    let rig = try Rig(limits: limits { $0.tunnelsPerCarrierMax = 3 })
    let carrier = rig.connect()
    for localID: UInt16 in 1...3 {
      let peer = try rig.dial(on: carrier, RigPeer(localID: localID, dialsSession: false))
      #expect(peer.stopResult == nil)
    }
    let past = try rig.dial(on: carrier, RigPeer(localID: 4, dialsSession: false))
    #expect(past.stopResult == 2)
    let live = rig.endpoint.liveCounts
    #expect(live.tunnels == 3)
  }

  @Test func recordsOfClosedTunnelsMakeRoomOnTheirCarrierAndKeepItUp() throws {
    for most in [1, 3] {
      let rig = try Rig(limits: limits { $0.tunnelsPerCarrierMax = most })
      let carrier = rig.connect()
      for localID: UInt16 in 1...20 {
        let peer = try rig.dial(on: carrier, RigPeer(localID: localID, dialsSession: false))
        #expect(peer.stopResult == nil)
        peer.tunnel.close(result: ResultCode(stopCCN: .generalRequest), at: rig.now)
        rig.settle()
        let held = rig.endpoint.residue.tunnels
        #expect(held == min(most, Int(localID)))
      }
      let carriers = rig.endpoint.residue.carriers
      #expect(carriers == 1)
    }
  }

  @Test func theMostTunnelsOfAllAreLiveOnes() throws {
    let rig = try Rig(limits: limits { $0.tunnelsMax = 2 })
    let carrier = rig.connect()
    let first = try rig.dial(on: carrier, RigPeer(localID: 1, dialsSession: false))
    _ = try rig.dial(on: carrier, RigPeer(localID: 2, dialsSession: false))
    let past = try rig.dial(on: carrier, RigPeer(localID: 3, dialsSession: false))
    #expect(past.stopResult == 2)
    first.tunnel.close(result: ResultCode(stopCCN: .generalRequest), at: rig.now)
    rig.settle()
    let next = try rig.dial(on: carrier, RigPeer(localID: 4, dialsSession: false))
    #expect(next.stopResult == nil)
  }

  @Test(arguments: ["profile", "host", "process"])
  func sessionsAreAdmittedUpToEachMaximumAndNotPastIt(of whose: String) throws {
    let rig = try Rig(
      limits: limits { if whose == "process" { $0.sessionsMax = 2 } },
      hostSessionsMax: whose == "host" ? 2 : .max,
      profileSessionsMax: whose == "profile" ? 2 : .max)
    let carrier = rig.connect()
    // Two tunnels, because the maximum is of all of them together.
    let one = try rig.dial(on: carrier, RigPeer(localID: 1))
    let two = try rig.dial(on: carrier, RigPeer(localID: 2))
    try two.call(at: rig.now, using: &rig.random)
    rig.settle()
    #expect(one.refusedCalls == [])
    // 4: no facilities now, perhaps later (RFC 2661 §4.4.2).
    #expect(two.refusedCalls == [4])
    one.tunnel.closeSession(1, result: ResultCode(cdn: .administrative), at: rig.now)
    rig.settle()
    try two.call(at: rig.now, using: &rig.random)
    rig.settle()
    #expect(two.refusedCalls == [4])
    let live = rig.endpoint.liveCounts
    #expect(live == (2, 2))
  }

  @Test func drainingRefusesTunnelsAndSessionsAndLeavesWhatStands() throws {
    let rig = try Rig()
    let carrier = rig.connect()
    let peer = try rig.dial(on: carrier, RigPeer())
    rig.endpoint.drain()
    try peer.call(at: rig.now, using: &rig.random)
    rig.settle()
    #expect(peer.refusedCalls == [3])
    let second = try rig.dial(on: carrier, RigPeer(localID: 8))
    #expect(second.stopResult == 6)
    let live = rig.endpoint.liveCounts
    #expect(live == (1, 1))
  }

  @Test func pastTheMostClosedRecordsTheOldestGoFirst() throws {
    let rig = try Rig(limits: limits { $0.closedRecordsMax = 2 })
    let carrier = rig.connect()
    for localID: UInt16 in 1...4 {
      let peer = try rig.dial(on: carrier, RigPeer(localID: localID))
      peer.tunnel.close(result: ResultCode(stopCCN: .generalRequest), at: rig.now)
      rig.settle()
    }
    let tunnels = rig.endpoint.tunnelViews.map(\.number.value)
    #expect(tunnels == [3, 4])
    let sessions = rig.endpoint.sessionViews.map(\.id.value)
    #expect(sessions == [3, 4])
  }

  @Test func aFloodOfRefusedRequestsIsCountedAndReportedOnceASecond() throws {
    let rig = try Rig(limits: limits { $0.tunnelsMax = 0 })
    let carrier = rig.connect()
    let before = rig.events.count
    let message = try #require(RigPeer().nextMessage(at: rig.now, using: &rig.random))
    for _ in 0..<1_000 { rig.send(message, on: carrier) }
    #expect(rig.events.count == before + 1)
    let refused = rig.endpoint.counters.tunnelsRefused
    #expect(refused == 1_000)
    rig.run(for: .seconds(1))
    rig.send(message, on: carrier)
    #expect(rig.events.count == before + 2)
  }
}
