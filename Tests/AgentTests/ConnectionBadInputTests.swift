import ConnectionService
import Primitives
import Testing

@testable import Agent

/// Bad inputs 60 to 65, as far as the device's ledger meets them.
@Suite(.timeLimit(.minutes(5))) struct ConnectionBadInputTests {
  @Test(
    arguments: [
      (0, 300), (-1, 300), (299, 300), (300, 300), (3600, 3600), (3601, 3600), (Int64.max, 3600),
      (Int64.min, 300),
    ] as [(Int64, Int64)])
  func badInput60AnyInactivityIsClampedAndReported(_ asked: Int64, _ inForce: Int64) {
    var bench = ConnectionBench()
    let command = bench.connect(ConnectionBench.connection(1), idle: asked)
    bench.observe(.up(ConnectionBench.reading))
    #expect(bench.dials.map(\.seconds) == [inForce])
    #expect(bench.facts(of: command)?.inactivity.seconds == inForce)
    #expect(bench.facts(of: command)?.inactivity.wasClamped == (asked != inForce))
  }

  @Test func badInput60AMissingInactivityIsTwentyMinutes() {
    var bench = ConnectionBench()
    bench.connect(ConnectionBench.connection(1))
    #expect(bench.dials.map(\.seconds) == [1200])
  }

  @Test func badInput60TheEleventhUserAndAConnectDuringTeardownAreRefused() {
    var bench = ConnectionBench()
    _ = bench.bringUp(10)
    #expect(bench.refusal(of: bench.connect(ConnectionBench.connection(11))) == .connectionLimit)
    bench.send(.closeAll(reason: .closeAll))
    #expect(bench.refusal(of: bench.connect(ConnectionBench.connection(12))) == .tunnelClosing)
  }

  @Test func badInput61CloseTwiceNeverUnderflows() {
    var bench = ConnectionBench()
    let ids = bench.bringUp(2)
    for _ in 0..<3 { bench.send(.close(connection: ids[0], reason: .requested)) }
    #expect(bench.agent.connections.map(\.id) == [ids[1]])
    #expect(bench.closes.isEmpty)
    #expect(bench.answers.count == 3)
  }

  @Test func badInput61CloseAllRacingAConnectLeavesNothingBehind() {
    var bench = ConnectionBench()
    let first = bench.connect(ConnectionBench.connection(1))
    bench.send(.closeAll(reason: .closeAll))
    let second = bench.connect(ConnectionBench.connection(2))
    #expect(bench.refusal(of: first) == .connectionClosed)
    #expect(bench.refusal(of: second) == .tunnelClosing)
    bench.observe(.over(.closeAll, detail: ""))
    #expect(bench.agent.state == DeviceState(phase: .down))
  }

  @Test func badInput61TheLastCloseRacingANewConnectEndsTheTunnelOnce() {
    var bench = ConnectionBench()
    let ids = bench.bringUp()
    bench.send(.close(connection: ids[0], reason: .requested))
    #expect(bench.refusal(of: bench.connect(ConnectionBench.connection(5))) == .tunnelClosing)
    #expect(bench.closes == [.lastConnectionClosed])
    #expect(bench.kinds.count { $0 == .tunnelClosed } == 1)
  }

  @Test func badInput62TheAnswerSurvivesAStreamThatDropsBeforeItIsAcknowledged() {
    var bench = ConnectionBench()
    let id = ConnectionBench.connection(1)
    let command = bench.connect(id)
    bench.agent.detached()
    bench.observe(.up(ConnectionBench.reading))
    bench.forget()
    bench.agent.attached(epoch: 2)
    bench.connect(id, id: command, epoch: 2)
    #expect(bench.facts(of: command)?.connection == id)
    #expect(bench.agent.connections.map(\.id) == [id])
    #expect(bench.dials.isEmpty)
  }

  @Test func badInput62AStaleBrokersCommandsAreRefusedAndForgotten() {
    var bench = ConnectionBench()
    let ids = bench.bringUp()
    bench.agent.attached(epoch: 2)
    bench.drain()
    let close = bench.send(.close(connection: ids[0], reason: .requested), epoch: 1)
    let connect = bench.connect(ConnectionBench.connection(8), epoch: 1)
    #expect(bench.refusal(of: close) == .epochOutdated)
    #expect(bench.refusal(of: connect) == .epochOutdated)
    #expect(bench.agent.connections.map(\.id) == ids)
    // The present broker sends the same command: it is a command.
    bench.send(.close(connection: ids[0], reason: .requested), id: close, epoch: 2)
    #expect(bench.answer(to: close) == .closed)
    bench.agent.detached()
    #expect(
      bench.refusal(of: bench.connect(ConnectionBench.connection(9), epoch: 2))
        == .epochOutdated)
  }

  @Test(arguments: [-86_400, 86_400, -1_000_000_000_000, 1_000_000_000_000] as [Int64])
  func badInput63AJumpOfTheWallClockMovesNoTimer(_ seconds: Int64) {
    var bench = ConnectionBench()
    bench.connect(ConnectionBench.connection(1))
    let due = bench.agent.nextTimeout
    bench.time = bench.time + .seconds(seconds)
    bench.advance(.seconds(49))
    #expect(bench.agent.nextTimeout == due)
    #expect(bench.agent.state.phase == .establishing)
    bench.observe(.up(ConnectionBench.reading))
    bench.time = bench.time + .seconds(-seconds)
    bench.advance(.seconds(10))
    bench.observe(.over(.deadPeer, detail: ""))
    #expect(bench.records.last?.lastedSeconds == 10)
  }

  @Test func badInput63ASuspensionOfTwoHoursFiresWhatFellDue() {
    var bench = ConnectionBench()
    let command = bench.connect(ConnectionBench.connection(1))
    bench.advance(.seconds(7200))
    #expect(bench.refusal(of: command) == .establishmentFailed)
    #expect(bench.closes == [.retriesExhausted])
  }

  @Test func badInput64TheVPNAgentsInactivityIsFoundAndNamed() {
    var bench = ConnectionBench()
    _ = bench.bringUp()
    bench.observe(.over(.inactivity, detail: ""))
    #expect(bench.records.last?.kind == .unexpectedClose)
    #expect(bench.records.last?.reason == .inactivity)
  }

  @Test func badInput65ARestartAfterARestartWritesNothingMore() {
    var random = SeededRandom(seed: 3)
    let lost = TunnelID(using: &random)
    let mark = HistoryMark(id: ConnectionBench.history)
    let first = ConnectionBench(
      after: Remainder(historyMark: mark, historySequence: 7, openTunnel: lost))
    #expect(first.kinds.count { $0 == .unexpectedClose } == 1)
    // What was written is stored: the next start finds no tunnel open.
    let second = ConnectionBench(
      after: Remainder(historyMark: mark, historySequence: first.agent.historySequence))
    #expect(second.kinds == [.agentStarted])
    #expect(second.agent.state == DeviceState(phase: .down))
  }
}
