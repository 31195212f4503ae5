import ConnectionService

/// Where a broker's store is.
public enum StoreLocation: Hashable, Sendable {
  /// A file of one broker's own; made (mode 0600) when missing. Its folder must exist and be on a
  /// local disk.
  case sqlite(path: String)
  /// A PostgreSQL database (15 or newer, encoding UTF8) that any number of brokers share.
  ///
  /// `conninfo` is libpq's: `host=… dbname=… user=…` or a `postgresql://` URL; passwords better come
  /// from a `passfile`.
  case postgreSQL(conninfo: String)
}

/// Opens the store, making it or bringing its schema forward when need be.
///
/// Blocks. For any number of brokers at once.
/// - Throws: `storeUnavailable` when the database cannot be reached or is newer than this program.
public func openStore(_ location: StoreLocation) throws(Refusal) -> SQLStore {
  switch location {
  case .sqlite(let path): try SQLStore(SQLiteDatabase(path: path))
  case .postgreSQL(let conninfo): try SQLStore(PostgreSQLDatabase(conninfo: conninfo))
  }
}
