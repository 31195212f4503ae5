import ConnectionService

/// The versions of the schema, and the way from each to the next.
enum Schema {
  /// Each version's statements; a store is brought forward by running those it has not had.
  static let versions: [@Sendable (SQLDialect) -> [String]] = [
    SchemaVersion1.statements, SchemaVersion2.statements,
  ]

  /// Brings the database to the newest version, or refuses one that is newer.
  ///
  /// In one transaction and under a lock: of two brokers that start at once one waits and finds it
  /// done; one that is killed half-way leaves the old version.
  static func migrate(_ database: some SQLDatabase) throws(Refusal) {
    try database.transact { (connection) throws(SQLFailure) in
      do throws(SQLFault) {
        return try migrate(connection)
      } catch {
        throw .fault(error)
      }
    }
  }

  private static func migrate(_ connection: any SQLConnection) throws(SQLFault) {
    let sql = connection.dialect
    if sql.engine == .postgreSQL {
      // Any number that nothing else on this database locks; SQLite has locked the file by now.
      _ = try connection.rows("SELECT pg_advisory_xact_lock(4973102551)::TEXT", [])
    }
    try connection.run(
      "CREATE TABLE IF NOT EXISTS drawbridge_schema (version \(sql.integer) PRIMARY KEY"
        + sql.tableEnd, [])
    let present = try connection.number(
      "SELECT COALESCE(MAX(version), 0) FROM drawbridge_schema")
    guard present <= versions.count else {
      throw .tooNew(present: present, known: versions.count)
    }
    connection.isLasting = present < versions.count
    for (index, statements) in versions.enumerated().dropFirst(present) {
      for statement in statements(sql) { try connection.run(statement, []) }
      try connection.run(
        "INSERT INTO drawbridge_schema (version) VALUES ($1)", [.integer(index + 1)])
    }
  }
}

extension SQLConnection {
  /// The one number that a statement answers.
  fileprivate func number(_ statement: String) throws(SQLFault) -> Int {
    guard var row = try rows(statement, []).first else {
      throw .ours("a count has no row")
    }
    return Int(try row.integer())
  }
}
