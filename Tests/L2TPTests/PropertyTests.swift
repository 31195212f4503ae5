import Primitives
import Testing

@testable import L2TP

@Suite(.timeLimit(.minutes(5))) struct PropertyTests {
  /// Both ends reach the same end over a network that loses, repeats and reorders, and every
  /// session that began ends once.
  @Test(arguments: 0..<60)
  func bothEndsAgreeUnderFaults(seed: Int) {
    var choice = SeededRandom(seed: UInt64(seed))
    let faults = Pair.Faults(
      lossPercent: Int.random(in: 0...25, using: &choice),
      duplicationPercent: Int.random(in: 0...20, using: &choice),
      reorderingPercent: Int.random(in: 0...30, using: &choice))
    // Enough retransmissions that no run of losses ends a tunnel.
    var lac = TunnelConfiguration(hostName: "lac")
    lac.retransmissionsMaxOpening = 20
    lac.retransmissionsMaxEstablished = 20
    lac.establishmentMax = .seconds(600)
    lac.secret = Secret(text: "s")
    lac.requiresTunnelAuthentication = seed % 2 == 0
    lac.hideAVPs = seed % 3 == 0
    var lns = lac
    lns.hostName = "lns"
    var pair = Pair(lac: lac, lns: lns, seed: UInt64(seed) &+ 1000, faults: faults)
    for id in 1...12 as ClosedRange<UInt16> { pair.openSession(id) }
    pair.run(for: .seconds(300))
    let lacSessions = pair.lac.snapshot.sessions
    let lnsSessions = pair.lns.snapshot.sessions
    #expect(lacSessions.map(\.localID) == Array(1...12))
    #expect(lacSessions.allSatisfy { $0.state == .established })
    #expect(Set(lnsSessions.map(\.remoteID)) == Set(1...12))
    #expect(Set(lnsSessions.map(\.localID)) == Set(lacSessions.map(\.remoteID)))
    for id in 1...4 as ClosedRange<UInt16> {
      pair.lac.closeSession(id, result: ResultCode(cdn: .lossOfCarrier), at: pair.now)
    }
    pair.drain()
    pair.run(for: .seconds(200))
    #expect(pair.lns.snapshot.sessions.count == 8)
    if seed % 2 == 0 {
      pair.lns.close(result: ResultCode(stopCCN: .generalRequest), at: pair.now)
    } else {
      pair.lac.close(result: ResultCode(stopCCN: .generalRequest), at: pair.now)
    }
    pair.drain()
    pair.run(for: .seconds(600))
    #expect(pair.lac.isDiscardable == true)
    #expect(pair.lns.isDiscardable == true)
    for events in [pair.lacEvents, pair.lnsEvents] {
      #expect(events.filter(\.isClosed).count == 1)
      #expect(events.last?.isClosed == true)
      let ends = events.compactMap(\.sessionEnd).map(\.0)
      #expect(ends.count == 12)
      #expect(Set(ends).count == 12)
    }
  }

  @Test func neverMoreInFlightThanThePeersWindow() {
    for seed in 0..<20 as Range<UInt64> {
      var lns = TunnelConfiguration(hostName: "lns")
      lns.receiveWindow = 4
      var pair = Pair(
        lns: lns, seed: seed, faults: Pair.Faults(lossPercent: 20, reorderingPercent: 20))
      for id in 1...40 as ClosedRange<UInt16> { pair.openSession(id) }
      pair.run(for: .seconds(120))
      // Ns of the LAC against the highest Nr that had left the LNS before.
      var acknowledged: UInt16 = 0
      for sent in pair.sent {
        if sent.byLAC {
          #expect(sent.message.header.isZLB || sent.message.header.ns < acknowledged &+ 4)
        } else {
          acknowledged = max(acknowledged, sent.message.header.nr)
        }
      }
    }
  }

  @Test func sameSeedSameConversation() {
    func conversation() -> [[UInt8]] {
      var pair = Pair(
        seed: 99,
        faults: Pair.Faults(lossPercent: 15, duplicationPercent: 15, reorderingPercent: 15))
      for id in 1...10 as ClosedRange<UInt16> { pair.openSession(id) }
      pair.run(for: .seconds(60))
      pair.lns.close(result: ResultCode(stopCCN: .generalRequest), at: pair.now)
      pair.drain()
      pair.run(for: .seconds(60))
      return pair.sent.map(\.message.bytes)
    }
    let first = conversation()
    #expect(first.count > 40)
    #expect(first == conversation())
  }

  @Test func deadLinkEndsBothTunnelsAndAllSessions() {
    var pair = Pair()
    for id in 1...5 as ClosedRange<UInt16> { pair.openSession(id) }
    pair.run(for: .seconds(5))
    pair.isCut = true
    pair.run(for: .seconds(200))
    for events in [pair.lacEvents, pair.lnsEvents] {
      #expect(events.last?.closeReason == .deadPeer)
      #expect(events.compactMap(\.sessionEnd).count == 5)
    }
  }
}
