import Primitives
import Testing

@testable import L2TP

@Suite(.timeLimit(.minutes(5))) struct HelloTests {
  @Test func helloIsSentAfterSixtySecondsOfSilence() {
    var pair = Pair()
    pair.run(for: .seconds(59))
    #expect(!pair.types(byLAC: true).contains(.hello))
    pair.run(for: .seconds(2))
    let hellos = pair.sent.filter { $0.message.type == .hello }
    #expect(hellos.count >= 1)
    // Silence began when the last message arrived.
    #expect(hellos.first?.at == .zero + .milliseconds(60_030))
    #expect(hellos.allSatisfy { $0.message.header.sessionID == 0 })
    pair.run(for: .seconds(3600))
    #expect(pair.lac.phase == .established)
  }

  @Test func noHelloIsSentWhenItIsOff() {
    var lac = TunnelConfiguration(hostName: "lac")
    lac.helloInterval = .zero
    var pair = Pair(lac: lac, lns: lac)
    pair.run(for: .seconds(10_000))
    #expect(pair.sent.filter { $0.message.type == .hello }.isEmpty)
    #expect(pair.lac.nextTimeout == nil)
  }

  @Test func dataPutsTheHelloOff() {
    var bench = Bench.at(.established)
    bench.acknowledge()
    bench.now = .zero + .seconds(50)
    bench.tunnel.noteDataReceived(at: bench.now)
    #expect(bench.tunnel.nextTimeout == .zero + .seconds(110))
    bench.run(until: .zero + .seconds(109))
    #expect(!bench.sentTypes.contains(.hello))
    bench.run(until: .zero + .seconds(110))
    #expect(bench.sentTypes.last == .hello)
  }

  @Test func silentPeerIsDeadOneCycleAfterTheHello() {
    var pair = Pair()
    pair.openSession(1)
    pair.run(for: .seconds(1))
    let silence = pair.lns.snapshot.nextHello
    pair.isCut = true
    pair.run(for: .seconds(200))
    #expect(pair.lnsEvents.last?.closeReason == .deadPeer)
    #expect(pair.lnsEvents.compactMap(\.sessionEnd).map(\.1) == [.deadPeer])
    let hellos = pair.sent.filter { !$0.byLAC && $0.message.type == .hello }.map(\.at)
    let start = silence ?? .zero
    #expect(hellos == [0, 1, 3, 7, 15, 23, 31, 39].map { start + .seconds($0) })
    #expect(pair.lns.isDiscardable == true)
  }

  @Test func badInput48UnacknowledgedHelloDoesNotKillWhileDataFlows() {
    var bench = Bench.at(.established)
    bench.acknowledge()
    let ready = bench.tunnel.snapshot.nextHello
    #expect(ready == .zero + .seconds(60))
    // A packet every 5 s for 10 h; no Hello is ever acknowledged.
    for second in stride(from: 60, through: 36_000, by: 5) {
      bench.run(until: .zero + .seconds(second))
      bench.tunnel.noteDataReceived(at: bench.now + .milliseconds(1))
    }
    #expect(bench.tunnel.phase == .established)
    let hellos = bench.sentTypes.count { $0 == .hello }
    #expect(hellos >= 1)
    #expect(hellos <= 3)
    // Then nothing more comes.
    bench.run(until: .zero + .seconds(36_200))
    #expect(bench.events.map(\.closeReason) == [.deadPeer])
  }

  @Test func badInput48CDNReachesAPeerThatIgnoresHello() {
    var bench = Bench.at(.established)
    bench.acknowledge()
    bench.send(.icrq)
    bench.send(.iccn, to: bench.sessionID)
    bench.acknowledge()
    bench.run(until: .zero + .seconds(60))
    #expect(bench.sentTypes.last == .hello)
    bench.tunnel.noteDataReceived(at: .zero + .milliseconds(60_500))
    bench.run(until: .zero + .seconds(62))
    bench.sent = []
    bench.tunnel.closeSession(
      bench.sessionID, result: ResultCode(cdn: .administrative), at: bench.now)
    bench.drain()
    #expect(bench.sentTypes == [.hello, .cdn])
  }

  @Test func badInput48CDNBehindAnIgnoredHelloDoesNotKillWhileDataFlows() {
    var bench = Bench.at(.established)
    bench.acknowledge()
    bench.send(.icrq)
    bench.acknowledge()
    bench.run(until: .zero + .seconds(60))
    bench.tunnel.closeSession(
      bench.sessionID, result: ResultCode(cdn: .administrative), at: bench.now)
    bench.events = []
    for second in 61...400 {
      bench.run(until: .zero + .seconds(second))
      bench.tunnel.noteDataReceived(at: bench.now)
    }
    #expect(bench.tunnel.phase == .established)
    bench.run(until: .zero + .seconds(600))
    #expect(bench.events.map(\.closeReason) == [.deadPeer])
  }

  @Test func badInput48AcknowledgingPeerWithoutDataStaysUp() {
    var bench = Bench.at(.established)
    bench.acknowledge()
    for minute in 1...100 {
      bench.run(until: .zero + .seconds(60 * minute))
      bench.acknowledge()
    }
    #expect(bench.tunnel.phase == .established)
    #expect(bench.sentTypes.count { $0 == .hello } == 100)
  }

  @Test func badInput48HelloFloodIsAcknowledgedOneForOneAndNothingGrows() {
    var bench = Bench.at(.established)
    bench.acknowledge()
    bench.sent = []
    for _ in 0..<10_000 { bench.send(.hello) }
    #expect(bench.sentTypes == Array(repeating: nil, count: 10_000))
    #expect(bench.tunnel.snapshot.outgoing == 0)
    #expect(bench.events.isEmpty)
  }
}
