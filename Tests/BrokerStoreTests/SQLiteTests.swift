import Broker
import ConnectionService
import Foundation
import Programs
import Testing

@testable import BrokerStore

@Suite("SQLite", .timeLimit(.minutes(5)))
struct SQLiteTests {
  @Test func theFileAndItsLogAreTheOwnersAlone() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("broker.sqlite")
    // Also one that somebody made readable.
    _ = FileManager.default.createFile(
      atPath: path, contents: nil, attributes: [.posixPermissions: 0o644])
    let store = try openStore(.sqlite(path: path))
    try store.transact { rows throws(Refusal) in try rows.appendNext() }
    for file in [path, path + "-wal", path + "-shm"] {
      let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions]
      #expect(mode as? NSNumber == 0o600, "\(file)")
    }
  }

  @Test func whatHasToLastIsSyncedBeforeAnybodyIsTold() throws {
    let folder = try TemporaryFolder()
    let database = try SQLiteDatabase(path: folder.file("broker.sqlite"))
    let store = try SQLStore(database)
    let device = try Samples.device("pump")
    // The schema is the first.
    #expect(database.log.lastCommit == 1)
    #expect(database.log.lastSynced == 1)
    try store.transact { rows throws(Refusal) in try rows.insert(device) }
    #expect(database.log.lastCommit == 2)
    #expect(database.log.lastSynced == 2)
    // A lease alone need not last; reading never does.
    try store.transact { rows throws(Refusal) in
      try rows.update(device)
      _ = try rows.lockEventHead()
    }
    #expect(database.log.lastCommit == 2)
    try store.transact { rows throws(Refusal) in try rows.appendNext() }
    #expect(database.log.lastSynced == 3)
  }

  @Test func aLogThatCannotBeSyncedIsNotBelievedAgain() throws {
    let folder = try TemporaryFolder()
    let log = LogSync(path: folder.file("broker.sqlite"))
    log.noteCommit()
    #expect(throws: SQLFault.self) { try log.sync(upTo: 1) }
    _ = FileManager.default.createFile(atPath: folder.file("broker.sqlite-wal"), contents: nil)
    #expect(throws: SQLFault.self) { try log.sync(upTo: 1) }
    #expect(log.lastSynced == 0)
  }

  @Test func aMissingFolderAndAForeignFileAreToldWithTheirPath() throws {
    let folder = try TemporaryFolder()
    let missing = #expect(throws: Refusal.self) {
      try openStore(.sqlite(path: folder.file("nowhere/broker.sqlite")))
    }
    #expect(missing?.code == .storeUnavailable)
    #expect(missing?.cause.contains("nowhere/broker.sqlite") == true)
    let path = folder.file("letter.txt")
    try String(repeating: "Dear Sir, ", count: 1000).write(
      toFile: path, atomically: true, encoding: .utf8)
    let foreign = #expect(throws: Refusal.self) { try openStore(.sqlite(path: path)) }
    #expect(foreign?.code == .storeUnavailable)
  }

  /// A killed process leaves exactly the files that are there at that moment: they are copied after
  /// every step of a transaction, and opened as the next start would.
  @Test func badInput65AKillBetweenAnyTwoStepsLeavesWholeTransactions() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("broker.sqlite")
    let store = try openStore(.sqlite(path: path))
    let device = try Samples.device("pump")
    let connection = try Samples.connection(1, phase: .requested)
    let command = NewCommand(
      product: device.product, action: .closeAll(reason: .closeAll), createdAt: Samples.time(1),
      actor: "ann")
    try store.transact { rows throws(Refusal) in
      try rows.insert(device)
      try rows.appendNext()
    }
    var copies: [String] = []
    func copyAsIfKilled() {
      let copy = folder.file("killed-\(copies.count)")
      for ending in ["", "-wal"] {
        try? FileManager.default.copyItem(atPath: path + ending, toPath: copy + ending)
      }
      copies.append(copy)
    }
    try store.transact { rows throws(Refusal) in
      copyAsIfKilled()
      try rows.insert(connection)
      copyAsIfKilled()
      _ = try rows.insert(command)
      copyAsIfKilled()
      try rows.appendNext(.connectRequested)
      copyAsIfKilled()
    }
    let during = copies
    copyAsIfKilled()

    for copy in during {
      let next = try openStore(.sqlite(path: copy))
      try next.transact { rows throws(Refusal) in
        #expect(try rows.liveConnections(of: device.product).isEmpty)
        #expect(try rows.commands(of: device.product, limit: 9).isEmpty)
        #expect(try rows.lockEventHead()?.sequence == 1)
        // It goes on where it was.
        try rows.insert(connection)
        #expect(try rows.insert(command) == 1)
        try rows.appendNext(.connectRequested)
      }
    }
    let after = try openStore(.sqlite(path: try #require(copies.last)))
    try after.transact { rows throws(Refusal) in
      #expect(try rows.liveConnections(of: device.product) == [connection])
      #expect(try rows.commands(of: device.product, limit: 9).count == 1)
      #expect(try rows.lockEventHead()?.sequence == 2)
    }
  }

  @Test func badInput63TheClockGoesOnFromItsStartWhateverTheCalendarDoes() {
    let started = ContinuousClock.now
    let clock = StoreClock(wall: Samples.time(1_000), started: started)
    #expect(clock.now(at: started) == Samples.time(1_000))
    #expect(clock.now(at: started + .seconds(7200)) == Samples.time(7_201_000))
  }
}
