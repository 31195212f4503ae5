import Broker
import ConnectionService

/// The rows of one transaction, in SQL.
///
/// A statement that fails ends the transaction: it is taken back even when the body does not pass the
/// error on, on SQLite as on PostgreSQL. What a caller may want to go on after (a taken slot, a used
/// key) is therefore no failed statement, but one that did nothing.
final class SQLTransaction {
  let connection: any SQLConnection
  private var fault: SQLFault?

  init(_ connection: any SQLConnection) { self.connection = connection }

  var sql: SQLDialect { connection.dialect }

  /// Runs the body, and tells what the body refused from what the database did.
  func run<Result>(
    _ body: (any StoreTransaction) throws(Refusal) -> Result
  ) throws(SQLFailure) -> Result {
    let result: Result
    do throws(Refusal) {
      result = try body(self)
    } catch {
      if let fault { throw .fault(fault) }
      throw .refused(error)
    }
    if let fault { throw .fault(fault) }
    return result
  }

  /// Remembers the fault of `work`, so that the transaction cannot be committed any more.
  func watching<Result>(
    _ work: () throws(SQLFault) -> Result
  ) throws(Refusal) -> Result {
    do throws(SQLFault) {
      return try work()
    } catch {
      fault = fault ?? error
      throw error.refusal
    }
  }

  func rows(_ statement: String, _ arguments: [SQLValue]) throws(SQLFault) -> [SQLRow] {
    try connection.rows(statement, Self.storable(arguments))
  }

  func run(_ statement: String, _ arguments: [SQLValue]) throws(SQLFault) {
    try connection.run(statement, Self.storable(arguments))
  }

  private static func storable(_ arguments: [SQLValue]) throws(SQLFault) -> [SQLValue] {
    guard !arguments.contains(where: \.holdsNUL) else {
      throw .unstorable("it has the character NUL (U+0000)")
    }
    return arguments
  }
}

extension SQLTransaction {
  /// All records that `rest`, which continues a `SELECT`, finds.
  func records<Record: SQLRecord>(
    _ rest: String, _ arguments: [SQLValue]
  ) throws(Refusal) -> [Record] {
    try watching { () throws(SQLFault) -> [Record] in
      try read(try rows("\(Record.table.select) \(rest)", arguments))
    }
  }

  func record<Record: SQLRecord>(
    _ rest: String, _ arguments: [SQLValue]
  ) throws(Refusal) -> Record? {
    let records: [Record] = try records(rest, arguments)
    return records.first
  }

  func read<Record: SQLRecord>(_ rows: [SQLRow]) throws(SQLFault) -> [Record] {
    var records: [Record] = []
    records.reserveCapacity(rows.count)
    for var row in rows { records.append(try Record(reading: &row)) }
    return records
  }

  /// Inserts; a row that is there already is a fault of ours.
  func add(_ record: some SQLRecord) throws(Refusal) {
    connection.isLasting = true
    try watching { () throws(SQLFault) in
      try run(type(of: record).table.insert, try record.values)
    }
  }

  /// Inserts with a clause for the row that may be there already.
  /// - Returns: whether there is now a row as `record` says.
  func add(_ record: some SQLRecord, onConflict clause: String) throws(Refusal) -> Bool {
    connection.isLasting = true
    return try watching { () throws(SQLFault) in
      let statement = "\(type(of: record).table.insert) ON CONFLICT \(clause) RETURNING 1"
      return try !rows(statement, try record.values).isEmpty
    }
  }

  /// Changes the row of the same key; nothing when there is none.
  /// - Parameter lasting: `false` for what is told again after a power loss.
  func change(_ record: some SQLRecord, lasting: Bool = true) throws(Refusal) {
    if lasting { connection.isLasting = true }
    try watching { () throws(SQLFault) in
      try run(type(of: record).table.update, try record.values)
    }
  }

  func change(
    _ statement: String, _ arguments: [SQLValue], lasting: Bool = true
  ) throws(Refusal) {
    if lasting { connection.isLasting = true }
    try watching { () throws(SQLFault) in try run(statement, arguments) }
  }
}

extension SQLTransaction: StoreTransaction {
  func now() throws(Refusal) -> Timestamp {
    try watching { () throws(SQLFault) in try connection.now() }
  }
}
