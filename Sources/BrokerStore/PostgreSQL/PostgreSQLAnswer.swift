import CPostgreSQL

/// What PostgreSQL answered to one statement; owns libpq's result.
@safe
final class PostgreSQLAnswer {
  /// Types of columns (`pg_type`'s oids).
  private enum ColumnType {
    static let bytea: Oid = 17
    static let int8: Oid = 20
    static let int2: Oid = 21
    static let int4: Oid = 23
    static let text: Oid = 25
  }

  private let handle: OpaquePointer

  /// `nil` when libpq has no answer.
  @unsafe
  init?(_ handle: OpaquePointer?) {
    guard let handle = unsafe handle else { return nil }
    unsafe self.handle = handle
  }

  deinit { unsafe PQclear(handle) }

  private var status: ExecStatusType { unsafe PQresultStatus(handle) }

  /// The mark behind which the server goes on.
  var isSync: Bool { status == PGRES_PIPELINE_SYNC }

  /// Not run, because a statement before it failed.
  var isSkipped: Bool { status == PGRES_PIPELINE_ABORTED }

  /// Why the statement failed; `nil` when it did not.
  var fault: SQLFault? {
    switch status {
    case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_PIPELINE_SYNC, PGRES_PIPELINE_ABORTED: return nil
    default: return SQLFault(state: field(Int32(UInt8(ascii: "C"))), message: primaryMessage)
    }
  }

  /// The first line alone: the detail would quote values.
  private var primaryMessage: String {
    field(Int32(UInt8(ascii: "M"))) ?? "PostgreSQL closed the connection"
  }

  /// A field of an error, by libpq's code (`PG_DIAG_…`).
  private func field(_ code: Int32) -> String? {
    guard let text = unsafe PQresultErrorField(handle, code) else { return nil }
    return unsafe String(cString: text)
  }

  func rows() throws(SQLFault) -> [SQLRow] {
    let columns = unsafe PQnfields(handle)
    var rows: [SQLRow] = []
    for row in unsafe 0..<PQntuples(handle) {
      var values: [SQLValue] = []
      values.reserveCapacity(Int(columns))
      for column in 0..<columns { values.append(try value(row, column)) }
      rows.append(SQLRow(values))
    }
    return rows
  }

  private func value(_ row: Int32, _ column: Int32) throws(SQLFault) -> SQLValue {
    guard unsafe PQgetisnull(handle, row, column) == 0 else { return .null }
    let length = unsafe Int(PQgetlength(handle, row, column))
    let bytes = unsafe UnsafeRawBufferPointer(start: PQgetvalue(handle, row, column), count: length)
    switch unsafe PQftype(handle, column) {
    case ColumnType.text: return unsafe .text(String(decoding: bytes, as: UTF8.self))
    case ColumnType.bytea: return unsafe .bytes([UInt8](bytes))
    case ColumnType.int8, ColumnType.int4, ColumnType.int2:
      // Big-endian, of the type's own width; the first byte has the sign.
      let first = unsafe bytes.first.map { Int64(Int8(bitPattern: $0)) } ?? 0
      return unsafe .integer(bytes.dropFirst().reduce(first) { $0 << 8 | Int64($1) })
    case let type: throw .ours("a column has type \(type), which no column of ours has")
    }
  }
}

extension SQLFault {
  /// What an SQLSTATE means here (PostgreSQL's appendix A).
  fileprivate init(state: String?, message: String) {
    let text = "PostgreSQL: \(message) (\(state ?? "no code"))"
    switch state {
    // Serialisation failure and deadlock; a lock that was waited for too long.
    case "40001", "40P01": self = .conflict(text)
    case "55P03": self = .busy(text)
    // Statement time-out; idle in transaction for too long; a server that only reads.
    case nil, "57014", "25P03", "25006": self = .unreachable(text)
    case let state?:
      // Connection, resources, shut down or starting, system, log-in, missing database.
      let isServers = ["08", "53", "57", "58", "28", "3D"].contains(state.prefix(2))
      self = isServers ? .unreachable(text) : .ours(text)
    }
  }
}
