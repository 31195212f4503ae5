import Broker
import ConnectionService

/// The broker's store on a database.
///
/// One schema and one set of statements for both engines (CS-27). Opened with ``openStore(_:)``.
public struct SQLStore: Store {
  private let database: any SQLDatabase

  /// Opens the store on `database`, bringing its schema forward first.
  init(_ database: some SQLDatabase) throws(Refusal) {
    try Schema.migrate(database)
    self.database = database
  }

  public func transact<Result>(
    _ body: (any StoreTransaction) throws(Refusal) -> Result
  ) throws(Refusal) -> Result {
    try database.transact { (connection) throws(SQLFailure) in
      try SQLTransaction(connection).run(body)
    }
  }

  /// Waits for a sign that there may be new events or commands.
  ///
  /// For one pump, on a thread of its own; signs that came between two calls count for the next one.
  /// A sign may be lost (a database that restarts, another process on one SQLite file): polling is the
  /// truth, this only makes it quick.
  /// - Returns: `true` on a sign, `false` when `timeout` is over.
  public func waitForChange(timeout: Duration) -> Bool {
    database.waitForChange(timeout: timeout)
  }
}
