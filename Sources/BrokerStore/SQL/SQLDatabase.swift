import ConnectionService

/// A database engine: all that one ``SQLStore`` asks of it.
protocol SQLDatabase: Sendable {
  /// Runs `body` once between begin and commit, and takes everything back when it throws.
  ///
  /// Blocks; safe from several threads at once.
  func attempt<Result>(
    _ body: (any SQLConnection) throws(SQLFailure) -> Result
  ) throws(SQLFailure) -> Result

  /// Returns `true` when events or commands may have come since the last call returned, `false`
  /// when `timeout` passed without.
  func waitForChange(timeout: Duration) -> Bool
}

/// A connection within one transaction, used by one thread.
///
/// Statements have parameters `$1`, `$2`… in order of first use and never hold values.
protocol SQLConnection: AnyObject {
  var dialect: SQLDialect { get }

  /// The clock that every broker on this database goes by.
  func now() throws(SQLFault) -> Timestamp

  func rows(_ statement: String, _ arguments: [SQLValue]) throws(SQLFault) -> [SQLRow]

  /// For a statement whose answer nobody waits for: it travels with the next one, and its fault
  /// comes with that one or with the commit.
  func run(_ statement: String, _ arguments: [SQLValue]) throws(SQLFault)

  /// This transaction adds events or commands: whoever waits for some is woken.
  var isNews: Bool { get set }

  /// This transaction has to survive a power loss. One that does not is whole or not at all, too, but
  /// may be forgotten with the seconds before the loss.
  var isLasting: Bool { get set }
}
