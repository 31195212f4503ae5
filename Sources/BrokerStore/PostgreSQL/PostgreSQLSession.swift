import CPostgreSQL
import ConnectionService
import Glibc

/// One connection to PostgreSQL, as libpq knows it; every call blocks.
///
/// The only place that touches libpq's pointers. Used by one thread at a time.
@safe
final class PostgreSQLSession {
  /// Seconds until an attempt to connect is given up.
  private static let connectTimeoutSeconds = 5

  /// Defaults that the operator's conninfo may change: a host that vanished is noticed in seconds.
  private static let defaults: [(keyword: String, value: String)] = [
    ("connect_timeout", "\(connectTimeoutSeconds)"), ("tcp_user_timeout", "10000"),
    ("keepalives_idle", "10"), ("keepalives_interval", "5"), ("keepalives_count", "3"),
    ("application_name", "drawbridge"),
  ]

  /// For the server's side: a broker that lost its power with a lock in its hand gives it up, and
  /// nobody waits for ever.
  private static let settings = """
    SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3;
    SET idle_in_transaction_session_timeout = '15s'; SET lock_timeout = '10s';
    SET statement_timeout = '30s'; SET default_transaction_isolation = 'read committed'
    """

  private static let serverVersionMin: Int32 = 15_00_00

  private let handle: OpaquePointer
  /// An answer did not come as libpq promises; the connection is of no more use.
  private var isConfused = false

  /// - Throws: `unreachable` with libpq's own words, which hold no password.
  init(conninfo: String) throws(SQLFault) {
    let pairs = Self.defaults + [("dbname", conninfo), ("client_encoding", "UTF8")]
    let keywords = unsafe CStrings(pairs.map(\.keyword))
    let values = unsafe CStrings(pairs.map(\.value))
    defer {
      unsafe keywords.free()
      unsafe values.free()
    }
    guard let handle = unsafe PQconnectdbParams(keywords.pointers, values.pointers, 1) else {
      throw .unreachable("libpq has no memory for a connection")
    }
    unsafe self.handle = handle
    // Notices would go to standard error, past the log; what matters comes as an error as well.
    unsafe PQsetNoticeProcessor(handle, { _, _ in }, nil)
    guard !isBroken else { throw .unreachable(message) }
    guard unsafe PQserverVersion(handle) >= Self.serverVersionMin else {
      throw .unreachable("the server is older than PostgreSQL 15")
    }
    let encoding = unsafe PQparameterStatus(handle, "server_encoding")
    guard let encoding = unsafe encoding, unsafe String(cString: encoding) == "UTF8" else {
      throw .unreachable("the database's encoding is not UTF8; create it with ENCODING 'UTF8'")
    }
    try command(Self.settings)
  }

  deinit { unsafe PQfinish(handle) }

  /// The connection is of no more use.
  var isBroken: Bool { unsafe isConfused || PQstatus(handle) != CONNECTION_OK }

  /// A transaction is open, failed or not.
  var isInTransaction: Bool { unsafe PQtransactionStatus(handle) != PQTRANS_IDLE }

  /// To wait on with `poll`.
  var descriptor: Int32 { unsafe PQsocket(handle) }

  private var message: String {
    let text = unsafe String(cString: PQerrorMessage(handle))
    return text.split(whereSeparator: \.isNewline).joined(separator: " ")
  }

  private var lost: SQLFault {
    .unreachable(message.isEmpty ? "PostgreSQL closed the connection" : message)
  }

  // MARK: Simple commands.

  /// Runs statements without parameters, each in a transaction of its own.
  func command(_ statements: String) throws(SQLFault) {
    let answer = unsafe PostgreSQLAnswer(PQexec(handle, statements))
    guard let answer else { throw lost }
    if let fault = answer.fault { throw fault }
  }

  /// Reads what has come; returns whether a notification is among it.
  func takeNotifications() throws(SQLFault) -> Bool {
    guard unsafe PQconsumeInput(handle) == 1 else { throw lost }
    var isNotified = false
    while let notification = unsafe PQnotifies(handle) {
      unsafe PQfreemem(notification)
      isNotified = true
    }
    return isNotified
  }

  // MARK: The pipeline.

  /// From now on statements are sent without waiting for the answers of those before.
  func enterPipeline() throws(SQLFault) {
    guard unsafe PQenterPipelineMode(handle) == 1 else { throw lost }
  }

  func send(statement: String) throws(SQLFault) {
    let sent = unsafe PQsendQueryParams(handle, statement, 0, nil, nil, nil, nil, 1)
    guard sent == 1 else { throw lost }
  }

  func sendPrepare(_ statement: String, as name: String) throws(SQLFault) {
    guard unsafe PQsendPrepare(handle, name, statement, 0, nil) == 1 else { throw lost }
  }

  func send(prepared name: String, _ arguments: [SQLValue]) throws(SQLFault) {
    var parameters = PostgreSQLParameters(arguments)
    let sent = unsafe parameters.withPointers { pointers, lengths, formats in
      unsafe PQsendQueryPrepared(
        handle, name, Int32(arguments.count), pointers, lengths, formats, 1)
    }
    guard sent == 1 else { throw lost }
  }

  /// Sends all, and marks the point behind which the server goes on after an error.
  func sync() throws(SQLFault) {
    guard unsafe PQpipelineSync(handle) == 1 else { throw lost }
  }

  /// The answer to the next of what was sent.
  func nextAnswer() throws(SQLFault) -> PostgreSQLAnswer {
    guard let answer = unsafe PostgreSQLAnswer(PQgetResult(handle)) else {
      isConfused = true
      throw lost
    }
    // Each answer but that to the mark is followed by an empty one.
    if !answer.isSync, unsafe PostgreSQLAnswer(PQgetResult(handle)) != nil {
      isConfused = true
      throw .ours("PostgreSQL answered one statement twice")
    }
    return answer
  }
}

/// Texts as C wants them, with a null pointer at the end.
@unsafe
private struct CStrings {
  private let owned: [UnsafeMutablePointer<CChar>?]

  init(_ texts: [String]) { unsafe owned = texts.map { unsafe strdup($0) } }

  var pointers: [UnsafePointer<CChar>?] {
    unsafe owned.map { unsafe UnsafePointer($0) } + [nil]
  }

  func free() { unsafe owned.forEach { unsafe Glibc.free($0) } }
}
