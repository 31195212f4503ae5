import ConnectionService
import Foundation
import GRDB

/// One transaction's use of the one SQLite connection.
final class SQLiteConnection: SQLConnection {
  let dialect = SQLDialect(engine: .sqlite)
  var isNews = false
  var isLasting = false

  private let database: Database
  private let clock: StoreClock

  init(_ database: Database, clock: StoreClock) {
    self.database = database
    self.clock = clock
  }

  /// Runs `body` between begin and commit, and takes everything back when it throws.
  func transaction<Result>(
    _ body: (any SQLConnection) throws(SQLFailure) -> Result
  ) throws(SQLFailure) -> Result {
    try control { try database.beginTransaction(.immediate) }
    do throws(SQLFailure) {
      let result = try body(self)
      try control { try database.commit() }
      return result
    } catch {
      // SQLite may have taken it back itself, as after a full disk; what failed first is what counts.
      if database.isInsideTransaction { try? database.rollback() }
      throw error
    }
  }

  private func control(_ work: () throws -> Void) throws(SQLFailure) {
    do throws(SQLFault) {
      try SQLiteDatabase.catching(work)
    } catch {
      throw .fault(error)
    }
  }

  func now() throws(SQLFault) -> Timestamp { clock.now() }

  func rows(_ statement: String, _ arguments: [SQLValue]) throws(SQLFault) -> [SQLRow] {
    try SQLiteDatabase.catching {
      let prepared = try prepared(statement, arguments)
      var rows: [SQLRow] = []
      let cursor = try Row.fetchCursor(prepared)
      while let row = try cursor.next() {
        rows.append(SQLRow(row.databaseValues.map(SQLValue.init)))
      }
      return rows
    }
  }

  func run(_ statement: String, _ arguments: [SQLValue]) throws(SQLFault) {
    try SQLiteDatabase.catching { try prepared(statement, arguments).execute() }
  }

  /// Statements are compiled once and kept; `$1` of ours is `?1` of SQLite's.
  private func prepared(_ statement: String, _ arguments: [SQLValue]) throws -> Statement {
    let numbered = statement.replacing("$", with: "?")
    guard !arguments.isEmpty else { return try database.makeStatement(sql: numbered) }
    let prepared = try database.cachedStatement(sql: numbered)
    try prepared.setArguments(StatementArguments(arguments.map(\.databaseValue)))
    return prepared
  }
}

extension SQLValue {
  fileprivate init(_ value: DatabaseValue) {
    switch value.storage {
    case .null: self = .null
    case .int64(let number): self = .integer(number)
    case .string(let text): self = .text(text)
    case .blob(let data): self = .bytes([UInt8](data))
    // No column is a floating-point number; a reader finds that this is no number of its own.
    case .double(let number): self = .text("\(number)")
    }
  }

  fileprivate var databaseValue: DatabaseValue {
    switch self {
    case .null: .null
    case .integer(let number): number.databaseValue
    case .text(let text): text.databaseValue
    case .bytes(let bytes): Data(bytes).databaseValue
    }
  }
}
