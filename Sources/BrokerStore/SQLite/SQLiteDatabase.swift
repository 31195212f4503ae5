import ConnectionService
import Foundation
import GRDB
import Glibc

/// A store in one file, for one broker.
///
/// Every transaction takes the write lock at once and they run one after another on one connection:
/// nothing can be in another's way. SQLite's `synchronous` is NORMAL, with which a power loss may take
/// back the last commits; ``LogSync`` makes of it what FULL does, for all commits that have to last: a
/// device must not know a connection that its broker has forgotten, nor a webhook an event that comes
/// again as another one.
final class SQLiteDatabase: SQLDatabase {
  /// How long another process (a backup, `sqlite3`) may hold the file.
  private static let busySeconds: Double = 5

  private let queue: DatabaseQueue
  private let clock = StoreClock()
  private let changes = ChangeSignal()
  let log: LogSync

  init(path: String) throws(Refusal) {
    log = LogSync(path: path)
    do throws(SQLFault) {
      try Self.makePrivateFile(path)
      queue = try Self.catching { try DatabaseQueue(path: path, configuration: Self.configuration) }
    } catch {
      throw error.refusal
    }
  }

  private static var configuration: Configuration {
    var configuration = Configuration()
    configuration.label = "drawbridge"
    configuration.busyMode = .timeout(busySeconds)
    configuration.foreignKeysEnabled = true
    configuration.journalMode = .wal
    return configuration
  }

  /// The log beside the file gets the file's mode from SQLite.
  private static func makePrivateFile(_ path: String) throws(SQLFault) {
    let file = unsafe Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard file >= 0 else {
      throw .unreachable("cannot open \(path): \(unsafe String(cString: strerror(errno)))")
    }
    defer { close(file) }
    guard fchmod(file, 0o600) == 0 else {
      throw .unreachable("\(path) is another user's: \(unsafe String(cString: strerror(errno)))")
    }
  }

  func attempt<Result>(
    _ body: (any SQLConnection) throws(SQLFailure) -> Result
  ) throws(SQLFailure) -> Result {
    do {
      let (result, isNews, commit) = try queue.writeWithoutTransaction { database in
        let connection = SQLiteConnection(database, clock: clock)
        let result = try connection.transaction(body)
        if connection.isLasting { log.noteCommit() }
        // Also what was only read may hang on a commit that is not on the disk yet.
        return (result, connection.isNews, log.lastCommit)
      }
      try log.sync(upTo: commit)
      if isNews { changes.raise() }
      return result
    } catch let failure as SQLFailure {
      throw failure
    } catch let fault as SQLFault {
      throw .fault(fault)
    } catch {
      throw .fault(.ours("\(type(of: error)) in a transaction"))
    }
  }

  func waitForChange(timeout: Duration) -> Bool { changes.wait(timeout: timeout) }

  /// Runs `work`, and gives SQLite's errors their meaning.
  static func catching<Result>(_ work: () throws -> Result) throws(SQLFault) -> Result {
    do {
      return try work()
    } catch let error as DatabaseError {
      throw SQLFault(error)
    } catch {
      throw .ours("\(type(of: error)) from SQLite")
    }
  }
}

extension SQLFault {
  fileprivate init(_ error: DatabaseError) {
    // The message alone: the error's description would quote the statement.
    let text = "SQLite: \(error.message ?? "no message") (\(error.extendedResultCode.rawValue))"
    switch error.resultCode {
    case .SQLITE_BUSY, .SQLITE_LOCKED: self = .busy(text)
    case .SQLITE_IOERR, .SQLITE_CANTOPEN, .SQLITE_FULL, .SQLITE_READONLY, .SQLITE_CORRUPT,
      .SQLITE_NOTADB, .SQLITE_PERM, .SQLITE_AUTH, .SQLITE_NOMEM, .SQLITE_PROTOCOL:
      self = .unreachable(text)
    default: self = .ours(text)
    }
  }
}
