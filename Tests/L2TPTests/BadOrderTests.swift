import Primitives
import Testing

@testable import L2TP

@Suite(.timeLimit(.minutes(5))) struct BadOrderTests {
  @Test func badInput44AssignedTunnelIDZeroIsRefusedSilently() {
    var bench = Bench(.lns)
    let avps = Sample.start.filter { $0.type != .assignedTunnelID }
    let violation = bench.send(.sccrq, avps + [AVP(.assignedTunnelID, UInt16(0))])
    #expect(violation == .malformedAVP)
    #expect(bench.tunnel.phase == .stopped)
    // There is no tunnel to name in a StopCCN.
    #expect(!bench.sentTypes.contains(.stopCCN))
  }

  @Test func badInput44AssignedSessionIDZeroOpensNothing() {
    var bench = Bench.at(.established)
    bench.acknowledge()
    let violation = bench.send(
      .icrq, [AVP(.assignedSessionID, UInt16(0)), AVP(.callSerialNumber, UInt32(1))])
    #expect(violation == .malformedAVP)
    #expect(bench.tunnel.snapshot.sessions.isEmpty)
    #expect(bench.tunnel.snapshot.sessionsInLife == 0)
  }

  @Test func badInput44AssignedSessionIDInUseEndsTheSessionAsTheTableSays() {
    var bench = Bench.at(.established)
    bench.acknowledge()
    bench.send(.icrq)
    bench.send(.iccn, to: bench.sessionID)
    bench.send(.icrq)
    #expect(bench.events.compactMap(\.sessionEnd).count == 1)
    #expect(bench.tunnel.snapshot.sessions.isEmpty)
  }

  @Test func badInput44TwoSessionsOfALACCannotShareThePeersID() throws {
    var bench = Bench.at(.established, .lac)
    bench.acknowledge()
    for id in [1, 2] as [UInt16] {
      try bench.tunnel.openSession(localID: id, at: bench.now, using: &bench.random)
      bench.drain()
      bench.send(.icrp, to: id)
    }
    #expect(bench.tunnel.snapshot.sessions.map(\.localID) == [1])
    #expect(bench.events.compactMap(\.sessionEnd).map(\.0) == [2])
  }

  @Test func badInput44TunnelIDChangedInARetransmissionIsNotTaken() {
    var bench = Bench.at(.waitCtlConn)
    let avps = Sample.start.filter { $0.type != .assignedTunnelID }
    bench.receive(
      Sample.message(
        .sccrq, tunnelID: 0, ns: 0, nr: 0, avps: avps + [AVP(.assignedTunnelID, UInt16(5))]))
    #expect(bench.tunnel.remoteID == Bench.remoteID)
    #expect(bench.tunnel.phase == .waitCtlConn)
  }

  @Test func badInput44RepeatedSCCRQIsKnownForOneCycle() throws {
    let bench = Bench.at(.waitCtlConn)
    let facts = try Tunnel.peekSCCRQ(Sample.message(.sccrq, tunnelID: 0, ns: 0, nr: 0))
    #expect(bench.tunnel.isRepetition(facts, at: .zero + .seconds(31)) == true)
    #expect(bench.tunnel.isRepetition(facts, at: .zero + .seconds(32)) == false)
    let other = try Tunnel.peekSCCRQ(
      Sample.message(
        .sccrq, tunnelID: 0, ns: 0, nr: 0, avps: Sample.start + [AVP(.challenge, [1])]))
    #expect(bench.tunnel.isRepetition(other, at: .zero) == false)
  }

  @Test func badInput44ReceiveWindow0IsInvalidAnd65535IsBounded() {
    var zero = Bench(.lns)
    let violation = zero.send(.sccrq, Sample.start + [AVP(.receiveWindowSize, UInt16(0))])
    #expect(violation == .malformedAVP)
    #expect(zero.lastResult?.error == .valueOutOfRange)
    var large = Bench(.lns)
    large.send(.sccrq, Sample.start + [AVP(.receiveWindowSize, UInt16.max)])
    large.send(.scccn)
    large.acknowledge()
    // Nothing is acknowledged any more: 128 answers, then the rest is left for later.
    let nr = large.nr
    var refused = 0
    for id in 1...1000 as ClosedRange<UInt16> {
      let avps = [AVP(.assignedSessionID, id), AVP(.callSerialNumber, UInt32(1))]
      let bytes = Sample.message(
        .icrq, tunnelID: Bench.localID, ns: large.ns, nr: nr, avps: avps)
      if large.receive(bytes) == .backlog { refused += 1 } else { large.ns &+= 1 }
    }
    #expect(refused == 1000 - ReliableChannel.outgoingMax)
    #expect(large.tunnel.snapshot.outgoing == ReliableChannel.outgoingMax)
  }

  @Test func badInput46CallBeforeTheTunnelIsConnectedClearsIt() {
    for type in [MessageType.icrq, .iccn, .ocrq, .cdn] {
      var bench = Bench.at(.waitCtlConn)
      bench.send(type)
      #expect(bench.lastResult?.stopCCNResult == .finiteStateMachineError)
    }
  }

  @Test func badInput46CallThatOvertookTheSCCCNWaits() {
    var bench = Bench.at(.waitCtlConn)
    bench.receive(Sample.message(.icrq, tunnelID: Bench.localID, ns: 2, nr: 1))
    #expect(bench.tunnel.phase == .waitCtlConn)
    bench.send(.scccn)
    #expect(bench.tunnel.phase == .established)
    #expect(bench.tunnel.snapshot.sessions.count == 1)
  }

  @Test func badInput46ICCNWithoutICRQAndCDNForNobodyChangeNothing() {
    var bench = Bench.at(.established)
    bench.acknowledge()
    let iccn = bench.send(.iccn, to: 0x1234)
    #expect(iccn == .unknownSession)
    let cdn = bench.send(.cdn, to: 0x1234)
    #expect(cdn == nil)
    let zero = bench.send(.iccn, to: 0)
    #expect(zero == .unknownSession)
    #expect(bench.tunnel.phase == .established)
    #expect(bench.events.isEmpty)
  }

  @Test func badInput46OCRQIsRefusedPolitely() {
    for role in [TunnelRole.lac, .lns] {
      var bench = Bench.at(.established, role)
      bench.acknowledge()
      bench.sent = []
      let violation = bench.send(.ocrq)
      #expect(violation == nil)
      #expect(bench.sentTypes == [.cdn])
      #expect(bench.lastResult?.cdnResult == .noFacilitiesPermanent)
      #expect(bench.tunnel.phase == .established)
    }
  }

  @Test func badInput46CDNIsMatchedByOurIDOrWithoutItByThePeers() {
    var bench = Bench.at(.established)
    bench.acknowledge()
    bench.send(.icrq)
    bench.send(.cdn, to: 0)
    #expect(bench.tunnel.snapshot.sessions.isEmpty)
    #expect(bench.events.compactMap(\.sessionEnd).map(\.1) == [.policyRefused])
  }

  @Test func badInput46StopCCNNamingAnotherTunnelInItsAVPIsOurs() {
    // Windows does so; the header says which tunnel is meant.
    var bench = Bench.at(.established)
    bench.send(
      .stopCCN, [AVP(.assignedTunnelID, UInt16(7)), ResultCode(stopCCN: .generalRequest).avp])
    #expect(bench.tunnel.phase == .stopped)
    #expect(bench.sent.last?.header.tunnelID == Bench.remoteID)
  }

  @Test func badInput46RepeatedStopCCNIsAcknowledgedForOneCycleAndEndsOnce() {
    var bench = Bench.at(.established)
    bench.send(.stopCCN)
    let stop = Sample.message(.stopCCN, tunnelID: Bench.localID, ns: bench.ns &- 1, nr: bench.nr)
    for second in [1, 3, 7, 15, 31, 46] {
      bench.run(until: .zero + .seconds(second))
      bench.sent = []
      bench.receive(stop)
      #expect(bench.sentTypes == [nil])
    }
    #expect(bench.events.filter(\.isClosed).count == 1)
    bench.run(until: .zero + .seconds(47))
    bench.sent = []
    let violation = bench.receive(stop)
    #expect(violation == .tunnelID)
    #expect(bench.sent.isEmpty)
    #expect(bench.tunnel.isDiscardable == true)
  }

  @Test func badInput46StopCCNWithoutOurIDReachesATunnelThatWaits() {
    var bench = Bench.at(.waitCtlConn)
    bench.send(.stopCCN, tunnelID: 0)
    #expect(bench.tunnel.phase == .stopped)
  }
}
