import AgentService
import ConnectionService
import Foundation
import GRDB
import Primitives
import Programs
import Testing

@testable import Agent

/// CS-14, CS-15.
@Suite(.timeLimit(.minutes(5))) struct HistoryStoreTests {
  private let time = Fixtures.time

  @Test func whatIsAppendedIsReadInOrder() throws {
    let folder = try TemporaryFolder()
    let history = try folder.history()
    let events = (1...5).map { Fixtures.event($0, .agentStarted) }
    try history.append(Array(events[..<3]), at: time)
    try history.append(Array(events[3...]), at: time)
    #expect(try history.events(after: 0, limit: 10) == events)
    #expect(try history.events(after: 2, limit: 2).map(\.sequence) == [3, 4])
    #expect(try history.events(after: .max, limit: 2) == [])
  }

  @Test func everyFieldOfAnEventSurvives() throws {
    let history = try TemporaryFolder().history()
    var event = Fixtures.event(
      1, .unexpectedClose, tunnel: Fixtures.tunnel(1), connection: Fixtures.connection(1))
    event.organisation = Fixtures.name("acme")
    event.user = Fixtures.name("olga")
    event.reason = .deadPeer
    event.refusal = .establishmentFailed
    event.lastedSeconds = 12
    event.bytes = .max
    try history.append([event], at: time)
    #expect(try history.events(after: 0, limit: 1) == [event])
  }

  @Test func cs14AnOpenTunnelIsTheNextStartsRemainder() throws {
    let folder = try TemporaryFolder()
    let tunnel = Fixtures.tunnel(1)
    do {
      let history = try folder.history()
      try history.append(
        [
          Fixtures.event(1, .agentStarted), Fixtures.event(2, .tunnelEstablished, tunnel: tunnel),
          Fixtures.event(3, .connectionOpened, tunnel: tunnel, connection: Fixtures.connection(1)),
          Fixtures.event(4, .connectionOpened, tunnel: tunnel, connection: Fixtures.connection(2)),
          Fixtures.event(5, .connectionClosed, tunnel: tunnel, connection: Fixtures.connection(1)),
        ], at: time)
    }
    let remainder = try folder.history().remainder()
    #expect(remainder.historySequence == 5)
    #expect(remainder.openTunnel == tunnel)
    #expect(remainder.openConnections.map(\.id) == [Fixtures.connection(2)])
    #expect(remainder.closedConnections == [Fixtures.connection(1)])
  }

  @Test(arguments: [HistoryEvent.Kind.tunnelClosed, .unexpectedClose])
  func aTunnelThatEndedIsNoRemainder(_ end: HistoryEvent.Kind) throws {
    let history = try TemporaryFolder().history()
    let tunnel = Fixtures.tunnel(1)
    try history.append(
      [
        Fixtures.event(1, .tunnelEstablished, tunnel: tunnel),
        Fixtures.event(2, end, tunnel: tunnel),
      ], at: time)
    #expect(try history.remainder().openTunnel == nil)
  }

  @Test func cs15TheSequenceGoesOnWhenEverythingWasDropped() throws {
    let folder = try TemporaryFolder()
    let history = try folder.history(entries: 1)
    for sequence in 1...5 as ClosedRange<UInt64> {
      try history.append([Fixtures.event(sequence, .agentStarted)], at: time)
    }
    #expect(try history.events(after: 0, limit: 10).map(\.sequence) == [5])
    #expect(try history.remainder().historySequence == 5)
  }

  @Test func cs15TheCountIsBoundedAndOnePastItDropsTheOldest() throws {
    let history = try TemporaryFolder().history(entries: 100)
    try history.append((1...100).map { Fixtures.event($0, .connectRefused) }, at: time)
    #expect(try history.events(after: 0, limit: 1000).count == 100)
    try history.append([Fixtures.event(101, .connectRefused)], at: time)
    #expect(try history.events(after: 0, limit: 1000).map(\.sequence) == Array(2...101))
  }

  @Test func cs15AgeDropsOnlyWhatTheBrokerHas() throws {
    let history = try TemporaryFolder().history(days: 1)
    try history.append((1...4).map { Fixtures.event($0, .connectRefused) }, at: time)
    let id = try history.remainder().historyMark.id
    try history.keep(HistoryMark(id: id, acknowledged: 2))
    let later = time + .seconds(86_401)
    try history.append([Fixtures.event(5, .agentStarted, at: later)], at: later)
    #expect(try history.events(after: 0, limit: 10).map(\.sequence) == [3, 4, 5])
  }

  @Test func whatTheBrokerHasIsKept() throws {
    let folder = try TemporaryFolder()
    let id = try folder.history().remainder().historyMark.id
    // The file has its name for ever, and no other file has it.
    #expect(try folder.history().remainder().historyMark == HistoryMark(id: id))
    #expect(try TemporaryFolder().history().remainder().historyMark.id != id)
    for mark in [HistoryMark(id: id, acknowledged: 7), HistoryMark(id: Fixtures.history)] {
      try folder.history().keep(mark)
      #expect(try folder.history().remainder().historyMark == mark)
    }
  }

  @Test func aFileOfTheFirstVersionGetsANameAndKeepsItsLines() throws {
    let folder = try TemporaryFolder()
    do {
      let history = try folder.history()
      try history.append((1...9).map { Fixtures.event($0, .agentStarted) }, at: time)
      try history.keep(HistoryMark(id: Fixtures.history, acknowledged: 8))
    }
    try DatabaseQueue(path: folder.path + "/agent.sqlite").write { database in
      try database.execute(sql: "DROP TABLE history")
      try database.execute(sql: "DELETE FROM grdb_migrations WHERE identifier = '2'")
      // How far reports counted ahead in the first version; nobody asks for it any more.
      try database.execute(sql: "INSERT INTO facts (name, value) VALUES ('offset', 80)")
    }
    let remainder = try folder.history().remainder()
    #expect(remainder.historyMark.id != Fixtures.history)
    #expect(remainder.historyMark.acknowledged == 8)
    #expect(remainder.historySequence == 9)
  }

  @Test func cs13TheVPNAgentsLogKeepsTheExactReason() throws {
    let history = try TemporaryFolder().history()
    let tunnel = Fixtures.tunnel(1)
    try history.tunnelDialled(tunnel, gateway: "192.0.2.1", at: time)
    try history.append([Fixtures.event(1, .tunnelEstablished, tunnel: tunnel)], at: time)
    try history.append([Fixtures.event(2, .unexpectedClose, tunnel: tunnel)], at: time)
    try history.tunnelOver(tunnel, .deadPeer, detail: "no answer for 150 s", at: time)
    let log = try history.tunnels(limit: 10)
    #expect(log.map(\.reason) == [.deadPeer])
    #expect(log.first?.detail == "no answer for 150 s")
    #expect(log.first?.gateway == "192.0.2.1")
    #expect(log.first?.upAt == time)
  }

  @Test func writesReachTheDiskAndTheFileIsItsOwnersAlone() throws {
    let folder = try TemporaryFolder()
    _ = try folder.history()
    let attributes = try FileManager.default.attributesOfItem(atPath: folder.path + "/agent.sqlite")
    #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
    let queue = try DatabaseQueue(path: folder.path + "/agent.sqlite")
    #expect(try queue.read { try String.fetchOne($0, sql: "PRAGMA journal_mode") } == "wal")
  }

  @Test func aFileThatIsNoDatabaseIsRefused() throws {
    let folder = try TemporaryFolder()
    try Data(repeating: 65, count: 5000).write(to: URL(filePath: folder.path + "/agent.sqlite"))
    #expect(throws: (any Error).self) { _ = try folder.history() }
  }
}
