import Broker
import ConnectionService
import Programs
import Synchronization
import Testing

@testable import BrokerStore

@Suite("What a transaction costs", .timeLimit(.minutes(5)))
struct RoundTripTests {
  /// Counts the statements that wait for their answer, and all.
  private final class Counting: SQLDatabase {
    let inner: SQLiteDatabase
    let counts = Mutex((waited: 0, all: 0))

    init(_ inner: SQLiteDatabase) { self.inner = inner }

    func attempt<Result>(
      _ body: (any SQLConnection) throws(SQLFailure) -> Result
    ) throws(SQLFailure) -> Result {
      try inner.attempt { (connection) throws(SQLFailure) in
        try body(CountingConnection(connection, self))
      }
    }

    func waitForChange(timeout: Duration) -> Bool { false }
  }

  private final class CountingConnection: SQLConnection {
    let inner: any SQLConnection
    let database: Counting

    init(_ inner: any SQLConnection, _ database: Counting) {
      self.inner = inner
      self.database = database
    }

    var dialect: SQLDialect { inner.dialect }

    func now() throws(SQLFault) -> Timestamp {
      count(waits: true)
      return try inner.now()
    }

    func rows(_ statement: String, _ arguments: [SQLValue]) throws(SQLFault) -> [SQLRow] {
      count(waits: true)
      return try inner.rows(statement, arguments)
    }

    func run(_ statement: String, _ arguments: [SQLValue]) throws(SQLFault) {
      count(waits: false)
      try inner.run(statement, arguments)
    }

    var isNews: Bool {
      get { inner.isNews }
      set { inner.isNews = newValue }
    }

    var isLasting: Bool {
      get { inner.isLasting }
      set { inner.isLasting = newValue }
    }

    private func count(waits: Bool) {
      database.counts.withLock { counts in
        counts.all += 1
        if waits { counts.waited += 1 }
      }
    }
  }

  @Test func aConnectNeedsEightRoundTripsAndItsCommit() throws {
    let folder = try TemporaryFolder()
    let database = Counting(try SQLiteDatabase(path: folder.file("broker.sqlite")))
    let store = try SQLStore(database)
    let device = try Samples.device("pump")
    let connection = try Samples.connection(1, phase: .requested)
    let key = IdempotencyRecord(
      key: IdempotencyKey(tokenID: "tok", key: "k"), requestDigest: Samples.digest(1),
      connection: connection.view.id, createdAt: Samples.time(1))
    let command = NewCommand(
      product: device.product, action: .closeAll(reason: .closeAll), createdAt: Samples.time(1),
      actor: "ann")
    try store.transact { rows throws(Refusal) in try rows.insert(device) }

    database.counts.withLock { $0 = (0, 0) }
    // As `Broker.connect` does it.
    try store.transact { rows throws(Refusal) in
      _ = try rows.now()
      _ = try rows.idempotency(key.key)
      _ = try rows.device(device.product, locking: true)
      _ = try rows.liveConnections(of: device.product)
      try rows.insert(connection)
      _ = try rows.insert(command)
      try rows.insert(key)
      try rows.appendNext(.connectRequested)
    }
    let counts = database.counts.withLock { $0 }
    #expect(counts.waited == 8)
    // The others, begin and commit included, travel along.
    #expect(counts.all == 10)
  }
}
