import L2TP
import Primitives
import Testing

@Suite(.timeLimit(.minutes(5))) struct PairTests {
  @Test func tunnelAndSessionComeUp() {
    var pair = Pair()
    pair.openSession(7)
    pair.run(for: .seconds(1))
    #expect(pair.lac.phase == .established)
    #expect(pair.lns.phase == .established)
    #expect(pair.lac.remoteID == 0x2222)
    #expect(pair.lns.remoteID == 0x1111)
    let atLAC = pair.lacEvents.compactMap(\.sessionUp)
    let atLNS = pair.lnsEvents.compactMap(\.sessionUp)
    #expect(atLAC.count == 1)
    #expect(atLNS.count == 1)
    #expect(atLAC.first?.0 == 7)
    #expect(atLAC.first?.1 == atLNS.first?.0)
    #expect(atLNS.first?.1 == 7)
    #expect(pair.types(byLAC: true) == [.sccrq, .scccn, .icrq, .iccn])
    #expect(pair.types(byLAC: false) == [.sccrp, nil, .icrp, nil])
  }

  @Test func closingASessionTellsBothEndsOnce() {
    var pair = Pair()
    pair.openSession(7)
    pair.run(for: .seconds(1))
    pair.lac.closeSession(
      7, result: ResultCode(cdn: .lossOfCarrier),
      disconnectCause: PPPDisconnectCause(.normal, controlProtocol: 0xc021, direction: .atLocal),
      at: pair.now)
    pair.drain()
    pair.run(for: .seconds(1))
    #expect(pair.lacEvents.compactMap(\.sessionEnd).map(\.1) == [.requested])
    let end = pair.lnsEvents.compactMap(\.sessionEnd)
    #expect(end.map(\.1) == [.peerClosed])
    #expect(end.first?.2.resultCode?.cdnResult == .lossOfCarrier)
    #expect(end.first?.2.pppDisconnectCause?.code == .normal)
    #expect(end.first?.2.pppDisconnectCause?.controlProtocol == 0xc021)
    #expect(pair.lns.phase == .established)
  }

  @Test func closingTheTunnelEndsItsSessionsFirst() {
    var pair = Pair()
    pair.openSession(7)
    pair.openSession(8)
    pair.run(for: .seconds(1))
    pair.lns.close(result: ResultCode(stopCCN: .shuttingDown), reason: .shutdown, at: pair.now)
    pair.drain()
    pair.run(for: .seconds(1))
    #expect(pair.lnsEvents.suffix(3).compactMap(\.sessionEnd).map(\.1) == [.shutdown, .shutdown])
    #expect(pair.lnsEvents.last?.closeReason == .shutdown)
    #expect(pair.lacEvents.suffix(3).compactMap(\.sessionEnd).map(\.0) == [7, 8])
    #expect(pair.lacEvents.last?.closeReason == .peerClosed)
    #expect(pair.lacEvents.last?.closeDetail?.resultCode?.stopCCNResult == .shuttingDown)
    #expect(pair.lac.isDiscardable == false)
    pair.run(for: .seconds(48))
    #expect(pair.lac.isDiscardable == true)
    #expect(pair.lns.isDiscardable == true)
    #expect(pair.lac.nextTimeout == nil)
  }
}
