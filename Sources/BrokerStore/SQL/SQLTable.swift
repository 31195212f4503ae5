/// A table with its columns, and the statements that follow from them.
struct SQLTable: Sendable {
  let name: String
  /// All columns, in the order of a record's values.
  let columns: String
  /// `SELECT` of all columns, to be continued.
  let select: String
  /// `INSERT` of a record's values, to be continued.
  let insert: String
  /// `UPDATE` of all columns but the key's with a record's values.
  let update: String

  /// - Parameter keyCount: how many of the columns, the first ones, name a row.
  init(_ name: String, keyCount: Int = 1, _ columns: [String]) {
    self.name = name
    self.columns = columns.joined(separator: ", ")
    let parameters = columns.indices.map { "$\($0 + 1)" }
    let pairs = zip(columns, parameters).map { "\($0) = \($1)" }
    select = "SELECT \(self.columns) FROM \(name)"
    insert =
      "INSERT INTO \(name) (\(self.columns)) VALUES (\(parameters.joined(separator: ", ")))"
    update =
      "UPDATE \(name) SET \(pairs.dropFirst(keyCount).joined(separator: ", "))"
      + " WHERE \(pairs.prefix(keyCount).joined(separator: " AND "))"
  }
}

/// A record that is one row of one table.
protocol SQLRecord {
  static var table: SQLTable { get }
  /// In the order of the table's columns.
  var values: [SQLValue] { get throws(SQLFault) }
  init(reading row: inout SQLRow) throws(SQLFault)
}
