import Primitives
import Testing

@testable import L2TP

@Suite(.timeLimit(.minutes(5))) struct ReliableChannelTests {
  private func seconds(_ instants: [Instant]) -> [Int64] {
    instants.map { $0.nanoseconds / 1_000_000_000 }
  }

  @Test func unansweredSCCRQIsRepeatedFiveTimesAndGivenUpAfterOneCycle() {
    var bench = Bench(.lac)
    var times: [Instant] = [.zero]
    while let due = bench.tunnel.nextTimeout {
      bench.now = due
      bench.tunnel.handleTimeout(at: due)
      bench.sent = []
      bench.drain()
      if !bench.sent.isEmpty { times.append(due) }
    }
    #expect(seconds(times) == [0, 1, 3, 7, 15, 23])
    #expect(bench.now == .zero + .seconds(31))
    #expect(bench.events.map(\.closeReason) == [.retriesExhausted])
    #expect(bench.tunnel.isDiscardable == true)
  }

  @Test func establishedTunnelRepeatsSevenTimes() {
    var bench = Bench.at(.established) { $0.helloInterval = .zero }
    bench.send(.icrq)
    var times: [Instant] = []
    while bench.tunnel.phase == .established, let due = bench.tunnel.nextTimeout {
      bench.sent = []
      bench.now = due
      bench.tunnel.handleTimeout(at: due)
      bench.drain()
      if bench.sentTypes.contains(.icrp) { times.append(due) }
    }
    #expect(seconds(times) == [1, 3, 7, 15, 23, 31, 39])
    #expect(bench.now == .zero + .seconds(47))
    #expect(bench.events.last?.closeReason == .deadPeer)
  }

  @Test func capOf16SecondsLetsTheWaitDoubleOnceMore() {
    var bench = Bench(.lac) { $0.waitMax = .seconds(16) }
    var times: [Instant] = []
    while let due = bench.tunnel.nextTimeout {
      bench.now = due
      bench.tunnel.handleTimeout(at: due)
      times.append(due)
    }
    #expect(seconds(times) == [1, 3, 7, 15, 31, 47])
  }

  @Test func retransmissionDiffersInNrOnly() throws {
    var bench = Bench.at(.established, .lac) { $0.helloInterval = .zero }
    try bench.tunnel.openSession(localID: 5, at: bench.now, using: &bench.random)
    bench.acknowledge()  // the SCCCN, so that the ICRQ may leave
    let first = try #require(bench.sent.last { $0.type == .icrq })
    bench.receive(
      Sample.message(.hello, tunnelID: Bench.localID, ns: bench.ns, nr: first.header.ns))
    bench.run(until: bench.now + .seconds(1))
    var again = try #require(bench.sent.last { $0.type == .icrq })
    #expect(again.header.nr == first.header.nr &+ 1)
    again.header.nr = first.header.nr
    #expect(again == first)
  }

  @Test func earlyAndLateTimeoutsAreHarmless() {
    var bench = Bench(.lac)
    bench.sent = []
    bench.tunnel.handleTimeout(at: .zero + .milliseconds(999))
    bench.drain()
    #expect(bench.sent.isEmpty)
    bench.tunnel.handleTimeout(at: .zero + .seconds(20))
    bench.drain()
    #expect(bench.sentTypes == [.sccrq])
    #expect(bench.tunnel.nextTimeout == .zero + .seconds(22))
  }

  /// RFC 2661 appendix B.1.
  @Test func lockStepEstablishmentEqualsAppendixB1() {
    var pair = Pair()
    pair.run(for: .seconds(1))
    let numbers = pair.sent.map { [$0.message.header.nr, $0.message.header.ns] }
    #expect(numbers == [[0, 0], [1, 0], [1, 1], [2, 1]])
  }

  /// RFC 2661 appendix B.2: the ICRP is lost; the repeated ICRQ is answered with a ZLB.
  @Test func lostReplyEqualsAppendixB2() throws {
    var bench = Bench.at(.established)
    bench.acknowledge()
    bench.send(.icrq)
    #expect(bench.sent.last?.type == .icrp)
    bench.sent = []
    let icrq = Sample.message(
      .icrq, tunnelID: Bench.localID, ns: bench.ns &- 1, nr: bench.nr &- 1)
    bench.receive(icrq)
    #expect(bench.sentTypes == [nil])
    #expect(bench.sent.last?.header.ns == bench.nr)
    #expect(bench.sent.last?.header.nr == bench.ns)
    bench.run(until: .zero + .seconds(1))
    #expect(bench.sentTypes == [nil, .icrp])
  }

  @Test func acknowledgementRidesOnAQueuedMessage() {
    var bench = Bench.at(.established)
    bench.acknowledge()
    bench.sent = []
    bench.send(.icrq)
    #expect(bench.sentTypes == [.icrp])
    #expect(bench.sent.first?.header.nr == bench.ns)
  }

  @Test func messagesAheadWaitForTheirPredecessor() {
    var bench = Bench.at(.established)
    bench.acknowledge()
    let ns = bench.ns
    for (offset, id) in [(2, 3), (1, 2), (0, 1)] as [(UInt16, UInt16)] {
      let avps = [AVP(.assignedSessionID, id), AVP(.callSerialNumber, UInt32(1))]
      bench.receive(
        Sample.message(
          .icrq, tunnelID: Bench.localID, ns: ns &+ offset, nr: bench.nr, avps: avps))
    }
    #expect(bench.tunnel.snapshot.sessions.count == 3)
    #expect(bench.tunnel.snapshot.nr == ns &+ 3)
  }

  @Test func windowOpensByOneForEachAcknowledgementUpToThePeersWindow() {
    var channel = ReliableChannel(
      firstWait: .seconds(1), waitMax: .seconds(8), receiveWindow: 4)
    channel.open(peerWindow: 3)
    for _ in 0..<20 { channel.enqueue(message) }
    var windows: [Int] = []
    var acknowledged: UInt16 = 0
    for _ in 0..<8 {
      channel.pump(at: .zero)
      windows.append(channel.inFlight)
      #expect(channel.inFlight <= 3)
      acknowledged &+= 1
      _ = try? channel.receive(zlb(nr: acknowledged), at: .zero)
    }
    #expect(windows == [1, 2, 3, 3, 3, 3, 3, 3])
  }

  @Test func lossHalvesTheThresholdAndStartsSlowlyAgain() {
    var channel = ReliableChannel(
      firstWait: .seconds(1), waitMax: .seconds(8), receiveWindow: 4)
    channel.open(peerWindow: 8)
    for _ in 0..<40 { channel.enqueue(message) }
    channel.pump(at: .zero)
    var acknowledged: UInt16 = 0
    func acknowledge(_ channel: inout ReliableChannel) {
      acknowledged &+= 1
      _ = try? channel.receive(zlb(nr: acknowledged), at: .zero)
      channel.pump(at: .zero)
    }
    while channel.congestionWindow < 8 { acknowledge(&channel) }
    let goesOn = channel.handleTimeout(at: .zero + .seconds(1), retransmissionsMax: 5)
    #expect(goesOn)
    #expect(channel.congestionWindow == 1)
    #expect(channel.slowStartThreshold == 4)
    #expect(channel.inFlight == 1)
    // Slow start to 4, then one more for every whole window of acknowledgements.
    var windows: [Int] = []
    for _ in 0..<12 {
      acknowledge(&channel)
      windows.append(channel.congestionWindow)
    }
    #expect(windows == [2, 3, 4, 4, 4, 4, 5, 5, 5, 5, 5, 6])
  }

  @Test func sequenceNumbersWrap() {
    var bench = Bench.at(.established) { $0.helloInterval = .zero }
    bench.acknowledge()
    for _ in 0..<70_000 {
      let violation = bench.send(.hello)
      #expect(violation == nil)
      bench.sent = []
    }
    #expect(bench.tunnel.snapshot.nr == bench.ns)
    bench.send(.icrq)
    #expect(bench.sentTypes == [.icrp])
  }

  @Test func ourSequenceNumbersWrapToo() {
    var channel = ReliableChannel(
      firstWait: .seconds(1), waitMax: .seconds(8), receiveWindow: 4)
    channel.open(peerWindow: 4)
    var acknowledged: UInt16 = 0
    for _ in 0..<70_000 {
      channel.enqueue(message)
      channel.pump(at: .zero)
      let sent = channel.nextTransmit(to: 1)
      #expect(sent != nil)
      acknowledged &+= 1
      let reception = try? channel.receive(zlb(nr: acknowledged), at: .zero)
      #expect(reception == .duplicate)
    }
    #expect(channel.outgoing.isEmpty)
    #expect(channel.ns == acknowledged)
  }

  private var message: ReliableChannel.Outgoing {
    ReliableChannel.Outgoing(tunnelID: 1, sessionID: 0, body: [], isHello: false)
  }

  private func zlb(nr: UInt16) -> ControlHeader {
    ControlHeader(tunnelID: 1, sessionID: 0, ns: 0, nr: nr, lengthBytes: 12)
  }
}
