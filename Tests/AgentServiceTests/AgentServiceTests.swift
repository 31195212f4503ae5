import AgentService
import BrokerClient
import ConnectionService
import Control
import Foundation
import Primitives
import Programs
import Testing

@testable import Agent

/// The agent as a program, between a broker and a VPN agent in memory.
@Suite(.timeLimit(.minutes(5))) struct AgentServiceTests {
  /// An agent that runs, and the ends that the test holds.
  struct Bench {
    let link: MemoryLink
    let dialler = MemoryDialler()
    let agent: AgentService
    let running: Task<Void, any Error>
    var attachments: AsyncStream<MemoryLink.Stream.Continuation>.Iterator
    var reports: AsyncStream<DeviceReport>.Iterator
    private var epoch: UInt64 = 0
    /// The last event that a report has told: until it is acknowledged it is told again.
    private var toldSequence: UInt64 = 0

    /// - Parameter stored: lines that the broker has of the device's histories.
    init(_ history: HistoryStore, stored: [HistoryID?: UInt64] = [:]) throws {
      link = MemoryLink(stored: stored)
      // Pauses are as short as the machine makes them, and leave the others their turn.
      let clock = AgentClock(
        now: AgentClock.system.now, time: AgentClock.system.time,
        sleep: { duration in
          if duration >= .seconds(2) {
            try? await Task.sleep(for: .seconds(3600))
          } else {
            try? await Task.sleep(for: .milliseconds(1))
          }
        })
      agent = try AgentService(
        broker: "https://broker.test", link: link, dialler: dialler, history: history,
        version: "0", logger: Fixtures.quiet, clock: clock)
      attachments = link.attachments.makeAsyncIterator()
      reports = link.reports.makeAsyncIterator()
      let agent = agent
      running = Task { try await agent.run() }
    }

    /// Plays the broker's side of the next attachment.
    mutating func attach() async throws -> MemoryLink.Stream.Continuation {
      let next = await attachments.next(isolation: nil)
      let stream = try #require(next)
      epoch += 1
      stream.yield(.attached(epoch: epoch, heartbeatSeconds: 15))
      return stream
    }

    /// The next report that satisfies `condition`, with every answer and event up to it.
    mutating func report(
      where condition: (DeviceReport) -> Bool
    ) async throws -> (last: DeviceReport, answers: [DeviceAnswer], history: [HistoryEvent]) {
      var answers: [DeviceAnswer] = []
      var history: [HistoryEvent] = []
      while let report = await reports.next(isolation: nil) {
        answers += report.answers
        history += report.history.filter { $0.sequence > toldSequence }
        toldSequence = max(toldSequence, report.history.last?.sequence ?? 0)
        if condition(report) { return (report, answers, history) }
      }
      throw CancellationError()
    }

    /// The tunnel that is dialled now.
    func tunnel() async throws -> MemoryTunnel {
      while true {
        if let tunnel = dialler.tunnels.last { return tunnel }
        try await Bench.turn()
      }
    }

    /// Gives those who are asked again and again their turn.
    static func turn() async throws { try await Task.sleep(for: .milliseconds(1)) }

    func end() async throws {
      running.cancel()
      try await running.value
    }
  }

  @Test func aConnectTravelsToItsAnswerAndACloseAllBack() async throws {
    var bench = try Bench(try TemporaryFolder().history())
    let stream = try await bench.attach()
    stream.yield(.command(Fixtures.connect(1, id: 1)))
    try await bench.tunnel().comeUp()
    let up = try await bench.report { !$0.answers.isEmpty }
    guard case .connected(let facts) = up.answers.first?.outcome else {
      Issue.record("no answer")
      return
    }
    #expect(facts.vpnAddress == "10.99.0.7")
    #expect(up.last.state.connections == [Fixtures.connection(1)])
    #expect(up.history.map(\.kind) == [.agentStarted, .tunnelEstablished, .connectionOpened])
    #expect(await bench.agent.connections().map(\.user) == [Fixtures.name("olga")])

    stream.yield(.command(DeviceCommand(id: 2, epoch: 1, action: .closeAll(reason: .closeAll))))
    let down = try await bench.report { $0.state.phase == .down }
    #expect(down.answers.map(\.outcome) == [.closed])
    #expect(down.history.map(\.kind) == [.connectionClosed, .tunnelClosed])
    try await bench.end()
  }

  @Test func cs20LosingTheStreamClosesNothingAndTheNextOneIsTold() async throws {
    var bench = try Bench(try TemporaryFolder().history())
    let first = try await bench.attach()
    first.yield(.command(Fixtures.connect(1, id: 1)))
    try await bench.tunnel().comeUp()
    _ = try await bench.report { $0.state.phase == .up }
    first.finish(throwing: CancellationError())
    _ = try await bench.attach()
    let report = try await bench.report { $0.epoch == 2 }
    #expect(report.last.state.connections == [Fixtures.connection(1)])
    #expect(try await bench.tunnel().closes.isEmpty)
    #expect(bench.dialler.tunnels.count == 1)
    try await bench.end()
  }

  @Test func withoutABrokerNothingIsPostedAndTheAgentRests() async throws {
    var bench = try Bench(try TemporaryFolder().history())
    // The agent is attached to no broker, and asks for one: it must answer people all the same.
    let stream = await bench.attachments.next(isolation: nil)
    #expect(stream != nil)
    #expect(await bench.agent.status().brokerState == .connecting)
    #expect(await bench.agent.status().historyAcknowledged == 0)
    try await bench.end()
  }

  @Test func cs15ADeviceThatLostItsHistoryReportsAnotherOneFromItsFirstLine() async throws {
    let former = try TemporaryFolder().history().remainder().historyMark.id
    let history = try TemporaryFolder().history()
    var bench = try Bench(history, stored: [former: 80])
    _ = try await bench.attach()
    let first = try await bench.report { _ in true }
    #expect(first.last.historyID != nil && first.last.historyID != former)
    #expect(first.last.history.map(\.sequence) == [1])
    #expect(first.last.history.map(\.kind) == [.agentStarted])
    while await bench.agent.status().historyAcknowledged != 1 { try await Bench.turn() }
    try await bench.end()
    #expect(try history.remainder().historyMark.acknowledged == 1)
  }

  @Test func cs15AnOlderCopyOfTheHistoryGoesOnAsAnotherOne() async throws {
    let history = try TemporaryFolder().history()
    let id = try history.remainder().historyMark.id
    var bench = try Bench(history, stored: [id: 80])
    _ = try await bench.attach()
    let second = try await bench.report { $0.historyID != id }
    #expect(second.last.history.map(\.sequence) == [1])
    while await bench.agent.status().historyAcknowledged != 1 { try await Bench.turn() }
    try await bench.end()
    let mark = try history.remainder().historyMark
    #expect(mark.acknowledged == 1)
    #expect(mark.id == second.last.historyID)
  }

  @Test func aStreamThatJustEndsIsAskedForAgainByTheSameInstance() async throws {
    var bench = try Bench(try TemporaryFolder().history())
    let first = try await bench.attach()
    // Its own older request was handled late: the broker says good-bye and nothing else.
    first.yield(.heartbeat)
    first.finish()
    _ = try await bench.attach()
    _ = try await bench.report { $0.epoch == 2 }
    #expect(await bench.agent.status().brokerState == .attached)
    let instances = bench.link.instances.withLock { $0 }
    #expect(instances.count == 2)
    #expect(Set(instances).count == 1)
    var other = try Bench(try TemporaryFolder().history())
    _ = await other.attachments.next(isolation: nil)
    #expect(other.link.instances.withLock { $0 }.first != instances.first)
    try await other.end()
    try await bench.end()
  }

  @Test func cs21SupersededStopsAskingAndLocalCommandsLiveOn() async throws {
    var bench = try Bench(try TemporaryFolder().history())
    let stream = try await bench.attach()
    stream.yield(.command(Fixtures.connect(1, id: 1)))
    try await bench.tunnel().comeUp()
    _ = try await bench.report { $0.state.phase == .up }
    stream.yield(.superseded)
    stream.finish()
    while await bench.agent.status().brokerState != .superseded { try await Bench.turn() }
    #expect(await bench.agent.connections().count == 1)
    #expect(try await bench.agent.closeAll() == AgentCloseReply(closed: 1))
    #expect(try await bench.tunnel().closes == [.administrator])
    try await bench.end()
  }

  @Test func cs24WithoutABrokerTheTunnelStandsAndLocalCommandsCloseItForGood() async throws {
    var bench = try Bench(try TemporaryFolder().history())
    let stream = try await bench.attach()
    stream.yield(.command(Fixtures.connect(1, id: 1)))
    try await bench.tunnel().comeUp()
    _ = try await bench.report { $0.state.phase == .up }
    stream.finish(throwing: CancellationError())
    // It asks again, and no broker answers.
    let waiting = await bench.attachments.next(isolation: nil)
    #expect(await bench.agent.connections().map(\.id) == [Fixtures.connection(1)])
    #expect(try await bench.tunnel().closes.isEmpty)
    #expect(try await bench.agent.closeAll() == AgentCloseReply(closed: 1))
    #expect(try await bench.tunnel().closes == [.administrator])
    // The broker is back: it is told of the end, and nothing is dialled again.
    waiting?.yield(.attached(epoch: 2, heartbeatSeconds: 15))
    let report = try await bench.report { $0.epoch == 2 && $0.state.phase == .down }
    #expect(report.history.map(\.kind) == [.connectionClosed, .tunnelClosed])
    #expect(bench.dialler.tunnels.count == 1)
    try await bench.end()
  }

  @Test func cs13ALostTunnelLeavesOneUnexpectedCloseAndItsReasonInTheLog() async throws {
    var bench = try Bench(try TemporaryFolder().history())
    let stream = try await bench.attach()
    stream.yield(.command(Fixtures.connect(1, id: 1)))
    try await bench.tunnel().comeUp()
    _ = try await bench.report { $0.state.phase == .up }
    try await bench.tunnel().become(.over(.deadPeer, detail: "no answer for 150 s"))
    let lost = try await bench.report { $0.state.phase == .down }
    #expect(lost.history.map(\.kind) == [.connectionClosed, .unexpectedClose])
    #expect(lost.history.last?.reason == .deadPeer)
    while try await bench.agent.tunnels().first?.detail == nil { try await Bench.turn() }
    #expect(try await bench.agent.tunnels().map(\.detail) == ["no answer for 150 s"])
    try await bench.end()
  }

  @Test func badInput62AnAnswerThatWasNotTakenIsGivenAgainOnTheNextStream() async throws {
    var bench = try Bench(try TemporaryFolder().history())
    let first = try await bench.attach()
    first.yield(.command(Fixtures.connect(1, id: 1)))
    let tunnel = try await bench.tunnel()
    first.finish()
    let second = try await bench.attach()
    tunnel.comeUp()
    second.yield(.command(Fixtures.connect(1, id: 1, epoch: 2)))
    let report = try await bench.report { $0.epoch == 2 && !$0.answers.isEmpty }
    #expect(report.last.state.connections == [Fixtures.connection(1)])
    #expect(bench.dialler.tunnels.count == 1)
    try await bench.end()
  }

  @Test func badInput65AKilledAgentLeavesOneUnexpectedCloseAndDialsNothing() async throws {
    let folder = try TemporaryFolder()
    // The first one is never told to end: as if the power had failed.
    var first = try Bench(try folder.history())
    let stream = try await first.attach()
    stream.yield(.command(Fixtures.connect(1, id: 1)))
    try await first.tunnel().comeUp()
    _ = try await first.report { $0.state.phase == .up }
    let copy = try TemporaryFolder()
    for suffix in ["", "-wal"] {
      let name = "/agent.sqlite" + suffix
      try FileManager.default.copyItem(atPath: folder.path + name, toPath: copy.path + name)
    }
    try await first.end()

    var second = try Bench(try copy.history())
    _ = try await second.attach()
    let report = try await second.report { _ in true }
    #expect(report.last.state.phase == .down && report.last.state.connections.isEmpty)
    #expect(report.last.state.number == 1)
    #expect(report.history.filter { $0.kind == .unexpectedClose }.count == 1)
    #expect(report.history.filter { $0.kind == .connectionClosed }.count == 1)
    #expect(second.dialler.tunnels.isEmpty)
    try await second.end()

    let third = try Bench(try copy.history())
    while await third.agent.status().historySequence < report.last.history.last?.sequence ?? 0 {
      try await Bench.turn()
    }
    try await third.end()
    let all = try copy.history().events(after: 0, limit: 100)
    #expect(all.filter { $0.kind == .unexpectedClose }.count == 1)
    #expect(all.map(\.sequence) == Array(1...UInt64(all.count)))
  }

  @Test func anOrderlyEndClosesTheTunnelAndIsNoLoss() async throws {
    let folder = try TemporaryFolder()
    var bench = try Bench(try folder.history())
    let stream = try await bench.attach()
    stream.yield(.command(Fixtures.connect(1, id: 1)))
    try await bench.tunnel().comeUp()
    _ = try await bench.report { $0.state.phase == .up }
    try await bench.end()
    #expect(try await bench.tunnel().closes.first == .shutdown)
    let kinds = try folder.history().events(after: 0, limit: 100).map(\.kind)
    #expect(kinds.suffix(2) == [.connectionClosed, .tunnelClosed])
    #expect(try folder.history().remainder().openTunnel == nil)
  }
}
