/// Histories by name: a product id may have several, each with a count of its own (CS-15, CS-21).
///
/// `history_sequence` is from now on the count of reports that name none.
enum SchemaVersion2 {
  static func statements(_ sql: SQLDialect) -> [String] {
    ["ALTER TABLE devices ADD COLUMN histories \(sql.text)"]
  }
}
