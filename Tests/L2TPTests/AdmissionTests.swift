import Primitives
import Testing

@testable import L2TP

@Suite(.timeLimit(.minutes(5))) struct AdmissionTests {
  private func icrq(_ id: UInt16) -> [AVP] {
    [AVP(.assignedSessionID, id), AVP(.callSerialNumber, UInt32(1))]
  }

  @Test func badInput47SingleShotRefusesASecondSessionWhileTheFirstIsUp() {
    var bench = Bench.at(.established) { $0.sessionsInLifeMax = 1 }
    bench.acknowledge()
    bench.send(.icrq, icrq(1))
    bench.send(.iccn, to: bench.sessionID)
    bench.send(.icrq, icrq(2))
    #expect(bench.lastResult?.cdnResult == .noFacilitiesPermanent)
    #expect(bench.sent.last?.header.sessionID == 2)
    #expect(bench.events.compactMap(\.refusal).count == 1)
    #expect(bench.tunnel.snapshot.sessions.map(\.state) == [.established])
  }

  @Test func badInput47SingleShotRefusesASecondSessionAfterTheFirstIsGone() {
    for endsEstablished in [true, false] {
      var bench = Bench.at(.established) { $0.sessionsInLifeMax = 1 }
      bench.acknowledge()
      bench.send(.icrq, icrq(1))
      if endsEstablished { bench.send(.iccn, to: bench.sessionID) }
      bench.send(.cdn, to: bench.sessionID)
      #expect(bench.tunnel.isSpent == true)
      bench.sent = []
      bench.send(.icrq, icrq(2))
      #expect(bench.sentTypes == [.cdn])
      #expect(bench.lastResult?.cdnResult == .noFacilitiesPermanent)
      #expect(bench.tunnel.snapshot.sessions.isEmpty)
    }
  }

  @Test func badInput47SingleShotLACAsksOnce() throws {
    var bench = Bench.at(.established, .lac) { $0.sessionsInLifeMax = 1 }
    try bench.tunnel.openSession(localID: 1, at: bench.now, using: &bench.random)
    bench.tunnel.closeSession(1, result: ResultCode(cdn: .lossOfCarrier), at: bench.now)
    #expect(openError(&bench, 2) == .spent)
  }

  @Test func refusedCallsDoNotSpendASingleShotTunnel() {
    var bench = Bench.at(.established) { $0.sessionsInLifeMax = 1 }
    bench.acknowledge()
    bench.send(.icrq, [AVP(.assignedSessionID, UInt16(1))])
    #expect(bench.tunnel.isSpent == false)
    bench.send(.icrq, icrq(2))
    #expect(bench.tunnel.snapshot.sessions.count == 1)
  }

  @Test func fullTunnelTakesASessionAgainWhenOneIsGone() {
    var bench = Bench.at(.established) { $0.sessionsMax = 2 }
    bench.acknowledge()
    for id in 1...3 as ClosedRange<UInt16> {
      bench.send(.icrq, icrq(id))
      bench.acknowledge()
    }
    #expect(bench.lastResult?.cdnResult == .noFacilitiesTemporary)
    #expect(bench.tunnel.snapshot.sessions.count == 2)
    bench.send(.cdn, to: bench.sessionID)
    bench.send(.icrq, icrq(4))
    #expect(bench.tunnel.snapshot.sessions.count == 2)
    #expect(bench.tunnel.snapshot.sessionsInLife == 3)
  }

  @Test func drainingTunnelRefusesNewSessionsAndKeepsOldOnes() {
    var bench = Bench.at(.established)
    bench.acknowledge()
    bench.send(.icrq, icrq(1))
    bench.tunnel.drain()
    bench.send(.icrq, icrq(2))
    #expect(bench.lastResult?.cdnResult == .administrative)
    bench.send(.iccn, to: bench.sessionID)
    #expect(bench.tunnel.snapshot.sessions.map(\.state) == [.established])
    bench.tunnel.undrain()
    bench.send(.icrq, icrq(3))
    #expect(bench.tunnel.snapshot.sessions.count == 2)
  }

  @Test func openingIsRefusedForItsReason() throws {
    var lns = Bench.at(.established)
    #expect(openError(&lns, 1) == .notLAC)
    var lac = Bench.at(.established, .lac) { $0.sessionsMax = 1 }
    lac.tunnel.drain()
    #expect(openError(&lac, 1) == .draining)
    lac.tunnel.undrain()
    #expect(openError(&lac, 1) == nil)
    #expect(openError(&lac, 2) == .sessionsMax)
    lac.send(.stopCCN)
    #expect(openError(&lac, 3) == .tunnelClosed)
    var full = Bench.at(.established, .lac)
    for id in 1...ReliableChannel.outgoingMax {
      let error = openError(&full, UInt16(id))
      // The SCCCN, not acknowledged yet, takes one place.
      #expect(error == (id == ReliableChannel.outgoingMax ? .backlog : nil))
    }
  }

  private func openError(_ bench: inout Bench, _ localID: UInt16) -> SessionOpenError? {
    do throws(SessionOpenError) {
      try bench.tunnel.openSession(localID: localID, at: bench.now, using: &bench.random)
      return nil
    } catch {
      return error
    }
  }

  @Test func refusalOfAnSCCRQNeedsNoTunnel() throws {
    let sccrq = Sample.message(.sccrq, tunnelID: 0, ns: 0, nr: 0)
    let facts = try Tunnel.peekSCCRQ(sccrq)
    let bytes = try #require(
      Tunnel.refusal(of: facts, localID: 9, result: ResultCode(stopCCN: .shuttingDown)))
    var bench = Bench(.lac)
    bench.receive(try redirected(bytes, to: Bench.localID))
    #expect(bench.events.map(\.closeReason) == [.peerClosed])
    #expect(bench.events.last?.closeDetail?.resultCode?.stopCCNResult == .shuttingDown)
  }

  private func redirected(_ bytes: [UInt8], to tunnelID: UInt16) throws -> [UInt8] {
    var message = try ControlMessage(parsing: bytes)
    message.header.tunnelID = tunnelID
    return message.bytes
  }

  @Test func stopCCNForAForgottenTunnelIsAcknowledgedAndNothingElse() throws {
    let stop = Sample.message(.stopCCN, tunnelID: 500, ns: 7, nr: 3)
    let answer = try #require(Tunnel.answerWithoutTunnel(to: stop))
    let header = try ControlHeader(parsing: answer)
    #expect(header.isZLB)
    #expect(header.tunnelID == Bench.remoteID)
    #expect(header.ns == 3)
    #expect(header.nr == 8)
    for type in MessageType.allCases where type != .stopCCN {
      let message = Sample.message(type, tunnelID: 500, ns: 7, nr: 3)
      #expect(Tunnel.answerWithoutTunnel(to: message) == nil)
    }
    #expect(Tunnel.answerWithoutTunnel(to: []) == nil)
  }
}
