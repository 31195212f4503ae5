import Broker
import ConnectionService
import Synchronization
import Testing

@testable import BrokerStore

@Suite("PostgreSQL", .timeLimit(.minutes(5)))
struct PostgreSQLTests {
  /// A store, and a session that can end its connections.
  private func storeAndKiller() throws -> (SQLStore, kill: @Sendable () -> Void) {
    let conninfo = try TestPostgreSQL.shared.makeDatabase()
    let store = try openStore(.postgreSQL(conninfo: conninfo))
    let kill: @Sendable () -> Void = {
      try? PostgreSQLSession(conninfo: conninfo).command(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
          + " WHERE datname = current_database() AND pid <> pg_backend_pid()")
    }
    return (store, kill)
  }

  @Test func aConnectionThatEndsWithinATransactionIsReplacedAndNothingIsDoubled() throws {
    let (store, kill) = try storeAndKiller()
    let attempts = Mutex(0)
    try store.transact { rows throws(Refusal) in
      let attempt = attempts.withLock { attempts in
        attempts += 1
        return attempts
      }
      try rows.appendNext()
      if attempt == 1 { kill() }
      _ = try rows.now()
    }
    let events = try store.transact { rows throws(Refusal) in try rows.everyEvent() }
    #expect(attempts.withLock { $0 } == 2)
    #expect(events.count == 1)
  }

  @Test func aCommitThatIsNotAnsweredIsNotTriedAgain() throws {
    let (store, kill) = try storeAndKiller()
    let attempts = Mutex(0)
    let refusal = #expect(throws: Refusal.self) {
      try store.transact { rows throws(Refusal) in
        attempts.withLock { $0 += 1 }
        try rows.appendNext()
        kill()
      }
    }
    #expect(attempts.withLock { $0 } == 1)
    #expect(refusal?.code == .storeUnavailable)
    #expect(refusal?.nextStep.contains("Idempotency-Key") == true)
    try store.transact { rows throws(Refusal) in try rows.appendNext() }
  }

  @Test func connectionsThatEndedWhileIdleAreReplacedUnnoticed() throws {
    let (store, kill) = try storeAndKiller()
    // The second one has no question in it: its commit is the first thing that the server hears.
    for _ in 1...2 {
      kill()
      try store.transact { rows throws(Refusal) in _ = try rows.now() }
      kill()
      try store.transact { rows throws(Refusal) in
        try rows.removeIdempotency(before: Samples.time(0))
      }
    }
  }

  @Test func moreStatementsThanStayPreparedAreNoProblem() throws {
    let database = PostgreSQLDatabase(conninfo: try TestPostgreSQL.shared.makeDatabase())
    for round in 0..<3 {
      let sum = try database.transact { (connection) throws(SQLFailure) in
        do throws(SQLFault) {
          var sum: Int64 = 0
          for number in 0..<200 {
            let statement = "SELECT $1::BIGINT + \(number + round * 150)"
            for var row in try connection.rows(statement, [.integer(1)]) {
              sum += try row.integer()
            }
          }
          return sum
        } catch {
          throw .fault(error)
        }
      }
      #expect(sum == Int64(200 + 199 * 100 + round * 150 * 200))
    }
  }

  @Test func aTransactionMayWriteMoreThanIsKeptBack() throws {
    let store = try TestStore(.postgreSQL)
    let tokens = try (1...200).map { try Samples.token("tok-\($0)", hash: UInt8($0)) }
    let count = try store { rows throws(Refusal) in
      for token in tokens { try rows.insert(token) }
      return try rows.tokenCount()
    }
    #expect(count == 200)
  }

  /// Nobody else's test may use this server.
  @Test func cs27AServerThatGoesAndComesBackNeedsNoRestartOfTheBroker() throws {
    let server = try TestPostgreSQL()
    let location = StoreLocation.postgreSQL(conninfo: try server.makeDatabase())
    let store = try openStore(location)
    _ = store.waitForChange(timeout: .zero)
    try store.transact { rows throws(Refusal) in try rows.appendNext() }

    try server.stop()
    let refusal = #expect(throws: Refusal.self) {
      try store.transact { rows throws(Refusal) in try rows.appendNext() }
    }
    #expect(refusal?.code == .storeUnavailable)
    #expect(refusal?.cause.isEmpty == false)
    #expect(throws: Refusal.self) { try openStore(location) }
    // The listener sees the end of its connection, and waits out its time.
    _ = store.waitForChange(timeout: .milliseconds(1))
    #expect(!store.waitForChange(timeout: .milliseconds(1)))

    try server.start()
    try store.transact { rows throws(Refusal) in try rows.appendNext() }
    let events = try store.transact { rows throws(Refusal) in try rows.everyEvent() }
    #expect(events.map(\.sequence) == [1, 2])
    // It listens again, and says that it may have missed something.
    #expect(store.waitForChange(timeout: .seconds(30)))
    try store.transact { rows throws(Refusal) in try rows.appendNext() }
    #expect(store.waitForChange(timeout: .seconds(30)))
  }
}
