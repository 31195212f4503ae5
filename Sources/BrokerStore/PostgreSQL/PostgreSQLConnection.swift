import ConnectionService

/// A connection of the pool: one transaction after another, each used by one thread.
///
/// Statements whose answers nobody waits for are kept back and sent with the next one that is waited
/// for (libpq's pipeline mode), beginning with BEGIN and ending with COMMIT: a transaction costs as
/// many round trips as it has questions, and one to commit; one that only reads, and locks nothing, does
/// not wait for that.
final class PostgreSQLConnection: SQLConnection {
  /// Different statements that stay prepared. There are some two hundred texts (the filters of lists
  /// in every combination); a fuller table is emptied.
  private static let preparedMax = 256
  /// Statements that are kept back: one more sends them, so that neither side's buffers can fill.
  private static let queuedMax = 64
  /// How long the server's clock is not asked again: two clocks do not part by a millisecond in it, and
  /// a step of the server's is followed that late.
  private static let readingAge = Duration.seconds(1)

  let dialect = SQLDialect(engine: .postgreSQL)
  /// Triggers tell (`EventGuard`).
  var isNews = false
  var isLasting = false

  private let session: PostgreSQLSession
  /// Names of prepared statements by text.
  private var prepared: [String: String] = [:]
  private var preparedCount = 0
  private var queued: [(statement: String, arguments: [SQLValue])] = []
  /// The server has answered since the transaction began.
  private var isBegun = false
  /// The transaction has changed something, or tried to.
  private var isWriting = false
  /// The transaction has locked rows: they are free when it has ended, not some time later. Otherwise
  /// the next one, on another connection, would pass over them (`SKIP LOCKED`).
  private var isLocking = false
  /// The last transaction's COMMIT is sent, and its answer not read yet.
  private var isCommitUnread = false
  /// What the server's clock said, and when that was heard.
  private var reading: (time: Timestamp, heardAt: ContinuousClock.Instant)?

  init(conninfo: String) throws(SQLFault) {
    session = try PostgreSQLSession(conninfo: conninfo)
    try session.enterPipeline()
  }

  var isBroken: Bool { session.isBroken }

  /// Runs `body` between begin and commit, and takes everything back when it throws.
  func transaction<Result>(
    _ body: (any SQLConnection) throws(SQLFailure) -> Result
  ) throws(SQLFailure) -> Result {
    isBegun = false
    isLasting = false
    isWriting = false
    isLocking = false
    queued = [("BEGIN", [])]
    if prepared.count > Self.preparedMax {
      queued.append(("DEALLOCATE ALL", []))
      prepared = [:]
    }
    do throws(SQLFailure) {
      let result = try body(self)
      do throws(SQLFault) { try commit() } catch { throw .fault(error) }
      return result
    } catch {
      rollBack()
      if session.isBroken, case .fault(.unreachable(let text)) = error {
        throw .fault(.broken(text))
      }
      throw error
    }
  }

  private func commit() throws(SQLFault) {
    // On a connection that broke long ago the commit would look as if it might have happened.
    if !isBegun { _ = try exchange() }
    guard isWriting || isLocking else { return try endReading() }
    if !isLasting { queued.append(("SET LOCAL synchronous_commit = off", [])) }
    queued.append(("COMMIT", []))
    do throws(SQLFault) {
      _ = try exchange()
    } catch {
      guard isWriting, session.isBroken, case .unreachable(let text) = error else { throw error }
      throw .commitUnknown(text)
    }
  }

  /// There is nothing that the server's answer could tell, and nothing that anybody waits for: it is
  /// read when the next one comes.
  private func endReading() throws(SQLFault) {
    try session.send(statement: "COMMIT")
    try session.sync()
    isCommitUnread = true
  }

  private func rollBack() {
    queued = []
    guard !session.isBroken, session.isInTransaction else { return }
    queued = [("ROLLBACK", [])]
    // A connection that does not even do this is broken, and dropped.
    _ = try? exchange()
  }

  func now() throws(SQLFault) -> Timestamp {
    if let reading {
      let age = ContinuousClock.now - reading.heardAt
      if age < Self.readingAge { return reading.time + age }
    }
    let statement = "SELECT FLOOR(EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::BIGINT"
    guard var row = try rows(statement, []).first else { throw .ours("the clock has no row") }
    let time = try row.time()
    reading = (time, .now)
    return time
  }

  func rows(_ statement: String, _ arguments: [SQLValue]) throws(SQLFault) -> [SQLRow] {
    if !statement.hasPrefix("SELECT") { isWriting = true }
    if statement.hasSuffix(dialect.locking) || statement.hasSuffix(dialect.lockingFree) {
      isLocking = true
    }
    queued.append((statement, arguments))
    return try exchange()
  }

  func run(_ statement: String, _ arguments: [SQLValue]) throws(SQLFault) {
    isWriting = true
    queued.append((statement, arguments))
    if queued.count > Self.queuedMax { _ = try exchange() }
  }

  // MARK: The pipeline.

  /// Sends what is queued and waits for all answers.
  /// - Returns: the rows of the last statement.
  private func exchange() throws(SQLFault) -> [SQLRow] {
    /// For each answer to come: the statement that it prepares, `nil` for one that runs.
    var awaited: [String?] = []
    for (statement, arguments) in queued {
      guard !arguments.isEmpty else {
        try session.send(statement: statement)
        awaited.append(nil)
        continue
      }
      if let name = prepared[statement] {
        try session.send(prepared: name, arguments)
      } else {
        preparedCount += 1
        let name = "s\(preparedCount)"
        try session.sendPrepare(statement, as: name)
        awaited.append(statement)
        prepared[statement] = name
        try session.send(prepared: name, arguments)
      }
      awaited.append(nil)
    }
    queued = []
    try session.sync()
    try readCommit()
    return try collect(awaited)
  }

  /// A connection that was lost meanwhile says so in the answers that follow.
  private func readCommit() throws(SQLFault) {
    guard isCommitUnread else { return }
    isCommitUnread = false
    _ = try session.nextAnswer()
    guard try session.nextAnswer().isSync else {
      throw .unreachable("PostgreSQL closed the connection")
    }
  }

  private func collect(_ awaited: [String?]) throws(SQLFault) -> [SQLRow] {
    var fault: SQLFault?
    var last: PostgreSQLAnswer?
    for preparing in awaited {
      let answer = try session.nextAnswer()
      if let preparing, answer.isSkipped || answer.fault != nil { prepared[preparing] = nil }
      fault = fault ?? answer.fault
      last = answer
    }
    let mark = session.isBroken ? nil : try session.nextAnswer()
    if let fault { throw fault }
    guard mark?.isSync == true else { throw .unreachable("PostgreSQL closed the connection") }
    isBegun = true
    return try last?.rows() ?? []
  }
}
