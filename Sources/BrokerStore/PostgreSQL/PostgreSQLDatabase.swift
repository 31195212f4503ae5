import ConnectionService

/// A store in PostgreSQL, for any number of brokers.
///
/// Isolation is READ COMMITTED with row locks where the contract asks for them: a device, the head of
/// the events, a webhook. SERIALIZABLE would not save those locks and would cost the waiting: all
/// writers meet at the head of the events, and one that waited for it would be thrown back to its
/// beginning each time, where here it goes on with the head as it then is. What no lock covers (slots,
/// tokens, keys, product ids) is a unique constraint.
final class PostgreSQLDatabase: SQLDatabase {
  private let pool: PostgreSQLPool
  private let listener: PostgreSQLListener

  init(conninfo: String) {
    pool = PostgreSQLPool(conninfo: conninfo)
    listener = PostgreSQLListener(conninfo: conninfo)
  }

  func attempt<Result>(
    _ body: (any SQLConnection) throws(SQLFailure) -> Result
  ) throws(SQLFailure) -> Result {
    try pool.withConnection { (connection) throws(SQLFailure) in
      try connection.transaction(body)
    }
  }

  func waitForChange(timeout: Duration) -> Bool { listener.wait(timeout: timeout) }
}
