import ConnectionService
import Primitives
import Testing

@testable import Agent

/// CS-5, CS-13, CS-14, CS-20, CS-21: what the supervision finds, and what a restart finds.
@Suite(.timeLimit(.minutes(5))) struct SupervisionTests {
  @Test(arguments: [
    VPNAgentState.over(.inactivity, detail: ""), .over(.deadPeer, detail: ""),
    .over(.peerClosed, detail: ""), .over(.requested, detail: ""), .down, .dialling,
  ])
  func cs13ATunnelThatIsGoneLeavesExactlyOneUnexpectedClose(_ end: VPNAgentState) {
    var bench = ConnectionBench()
    _ = bench.bringUp(2)
    bench.advance(.seconds(90))
    var reading = ConnectionBench.reading
    reading.receivedBytes = 40
    reading.sentBytes = 2
    bench.observe(.up(reading))
    bench.forget()
    for _ in 0..<3 { bench.observe(end) }
    let lost = bench.records.filter { $0.kind == .unexpectedClose }
    #expect(lost.count == 1)
    #expect(lost.first?.lastedSeconds == 90)
    #expect(lost.first?.bytes == 42)
    if case .over(let reason, _) = end {
      #expect(lost.first?.reason == reason)
    } else {
      #expect(lost.first?.reason == .internalError)
    }
    #expect(bench.kinds.count { $0 == .connectionClosed } == 2)
    #expect(bench.dials.isEmpty)
    #expect(bench.agent.state.connections.isEmpty)
  }

  @Test func cs5OnlyANewConnectDialsAfterALoss() {
    var bench = ConnectionBench()
    let ids = bench.bringUp()
    bench.observe(.over(.deadPeer, detail: ""))
    bench.advance(.seconds(3600))
    bench.agent.detached()
    bench.agent.attached(epoch: 2)
    bench.observe(.over(.deadPeer, detail: ""))
    #expect(bench.dials.isEmpty)
    // The lost connection's own id does not.
    #expect(bench.refusal(of: bench.connect(ids[0], epoch: 2)) == .connectionClosed)
    #expect(bench.dials.isEmpty)
    bench.connect(ConnectionBench.connection(70), epoch: 2)
    #expect(bench.dials.count == 1)
  }

  @Test func cs20LosingTheStreamClosesNothing() {
    var bench = ConnectionBench()
    let ids = bench.bringUp(2)
    bench.agent.detached()
    bench.advance(.seconds(300))
    #expect(bench.outputs.isEmpty)
    #expect(bench.agent.state.connections == ids.sorted())
    bench.agent.attached(epoch: 2)
    bench.drain()
    #expect(bench.outputs == [.stateChanged])
  }

  @Test func aTunnelThatNobodyAskedForIsClosed() {
    var bench = ConnectionBench()
    bench.observe(.up(ConnectionBench.reading))
    #expect(bench.closes == [.internalError])
    bench.observe(.down)
    #expect(bench.agent.state.phase == .down)
    #expect(bench.kinds == [.agentStarted])
  }

  @Test func aConnectWhileTheTunnelClosesIsRefused() {
    var bench = ConnectionBench()
    _ = bench.bringUp()
    bench.send(.closeAll(reason: .closeAll))
    let early = bench.connect(ConnectionBench.connection(20))
    #expect(bench.refusal(of: early) == .tunnelClosing)
    bench.observe(.over(.closeAll, detail: ""))
    bench.connect(ConnectionBench.connection(21))
    #expect(bench.dials.count == 1)
  }

  @Test func cs14ARestartWritesWhatWasLostOnce() {
    var random = SeededRandom(seed: 3)
    let tunnel = TunnelID(using: &random)
    let connection = ConnectionBench.connection(1)
    let remainder = Remainder(
      historyMark: HistoryMark(id: ConnectionBench.history), historySequence: 40,
      openTunnel: tunnel,
      openConnections: [.init(id: connection, organisation: nil, user: nil)])
    var bench = ConnectionBench(after: remainder)
    #expect(bench.kinds == [.agentStarted, .connectionClosed, .unexpectedClose])
    #expect(bench.records.map(\.sequence) == [41, 42, 43])
    #expect(bench.records.last?.tunnel == tunnel)
    #expect(bench.dials.isEmpty)
    // Its command was never answered, and comes again: it is over all the same (CS-5).
    #expect(bench.refusal(of: bench.connect(connection)) == .connectionClosed)
    #expect(bench.dials.isEmpty)
  }

  @Test func closedIdsSurviveARestart() {
    let id = ConnectionBench.connection(1)
    var bench = ConnectionBench(
      after: Remainder(
        historyMark: HistoryMark(id: ConnectionBench.history), closedConnections: [id]))
    #expect(bench.refusal(of: bench.connect(id)) == .connectionClosed)
  }

  @Test func historyCountsAsAcknowledgedAsTheBrokerSays() {
    var bench = ConnectionBench()
    _ = bench.bringUp()
    bench.report(acknowledged: 0)
    bench.report(acknowledged: 2)
    #expect(bench.agent.historyAcknowledged == 2)
    bench.report(acknowledged: bench.agent.historySequence)
    #expect(bench.agent.historyAcknowledged == bench.agent.historySequence)
    // A broker that was restored from older times.
    bench.report(acknowledged: 1)
    #expect(bench.agent.historyMark == HistoryMark(id: ConnectionBench.history, acknowledged: 1))
  }

  @Test func theTableOfClosedIdsForgetsTheOldest() {
    let count = ConnectionAgent.closedConnectionsMax
    let ids = (0...count).map { ConnectionBench.connection(10_000 + $0) }
    let mark = HistoryMark(id: ConnectionBench.history)
    let bench = ConnectionBench(
      after: Remainder(historyMark: mark, closedConnections: Array(ids.prefix(count))))
    #expect(bench.agent.closed[ids[0]] != nil)
    let more = ConnectionBench(after: Remainder(historyMark: mark, closedConnections: ids))
    #expect(more.agent.closed[ids[0]] == nil)
    #expect(more.agent.closed.count == count)
  }
}
