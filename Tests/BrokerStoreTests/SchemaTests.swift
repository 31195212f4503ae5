import Broker
import ConnectionService
import Testing

@testable import BrokerStore

@Suite("The schema", .timeLimit(.minutes(5)))
struct SchemaTests {
  /// Runs one statement behind the store's back.
  private func run(_ statement: String, on location: StoreLocation) throws(Refusal) {
    func run(_ database: some SQLDatabase) throws(Refusal) {
      try database.transact { (connection) throws(SQLFailure) in
        do throws(SQLFault) {
          try connection.run(statement, [])
        } catch {
          throw .fault(error)
        }
      }
    }
    switch location {
    case .sqlite(let path): try run(SQLiteDatabase(path: path))
    case .postgreSQL(let conninfo): try run(PostgreSQLDatabase(conninfo: conninfo))
    }
  }

  @Test(arguments: TestStore.Engine.databases)
  func aNewerOneIsRefusedWithItsVersion(_ engine: TestStore.Engine) throws {
    let store = try TestStore(engine)
    let location = try #require(store.location)
    let newer = Schema.versions.count + 1
    try run("INSERT INTO drawbridge_schema (version) VALUES (\(newer))", on: location)
    let refusal = #expect(throws: Refusal.self) { try openStore(location) }
    #expect(refusal?.code == .storeUnavailable)
    #expect(refusal?.cause.contains("version \(newer)") == true)
  }

  @Test(arguments: TestStore.Engine.databases)
  func aStoreOfTheFirstVersionKeepsItsDevicesAndTheirCounts(_ engine: TestStore.Engine) throws {
    let store = try TestStore(engine)
    let location = try #require(store.location)
    var device = try Samples.device("pump")
    device.histories = HistoryCounts(unnamed: 7)
    try store { rows throws(Refusal) in try rows.insert(device) }
    try run("ALTER TABLE devices DROP COLUMN histories", on: location)
    try run("DELETE FROM drawbridge_schema WHERE version > 1", on: location)

    let newer = try openStore(location)
    device.histories.set(3, of: HistoryID("h-0123456789abcdef"))
    try newer.transact { rows throws(Refusal) in
      #expect(try rows.device(device.product, locking: true)?.histories[nil] == 7)
      try rows.update(device)
    }
    let found = try newer.transact { rows throws(Refusal) in
      try rows.device(device.product, locking: false)
    }
    #expect(found == device)
  }

  @Test(arguments: TestStore.Engine.databases)
  func cs26EventsAreNeverChangedOrRemoved(_ engine: TestStore.Engine) throws {
    let store = try TestStore(engine)
    let location = try #require(store.location)
    try store { rows throws(Refusal) in try rows.appendNext() }
    for statement in ["UPDATE events SET actor = 'nobody'", "DELETE FROM events"] {
      let refusal = #expect(throws: Refusal.self) { try run(statement, on: location) }
      #expect(refusal?.cause.contains("events are never changed") == true)
    }
  }

  @Test(arguments: TestStore.Engine.databases)
  func whatTheDatabaseRefusesIsToldWithoutAnyValue(_ engine: TestStore.Engine) throws {
    let store = try TestStore(engine)
    let token = try Samples.token("hush-hush", hash: 0x61)
    let refusal = #expect(throws: Refusal.self) {
      try store { rows throws(Refusal) in
        try rows.insert(token)
        try rows.insert(token)
      }
    }
    let text = "\(String(describing: refusal))"
    #expect(refusal?.code == .internalError)
    #expect(!text.contains("hush"))
    #expect(!text.contains("aaaa"))
    #expect(!text.contains("6161"))
  }
}
