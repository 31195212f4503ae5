import ConnectionService
import Dispatch
import Synchronization

/// Connections to one database, made when needed and kept.
final class PostgreSQLPool: Sendable {
  /// Transactions at once; more wait. Each connection is a process of the server's (of 100 by
  /// default, which several brokers share).
  static let connectionsMax = 8
  /// How long a transaction waits for a free connection.
  private static let waitSeconds = 10

  /// A connection is in the pool or with one thread, never both: so it may go from one to another.
  private struct Idle: Sendable {
    nonisolated(unsafe) let connection: PostgreSQLConnection
  }

  private let conninfo: String
  private let idle = Mutex<[Idle]>([])
  private let free = DispatchSemaphore(value: connectionsMax)

  init(conninfo: String) { self.conninfo = conninfo }

  /// Lends a connection to `work`. One that comes back broken is dropped with all idle ones, which
  /// most likely broke with it.
  func withConnection<Result>(
    _ work: (PostgreSQLConnection) throws(SQLFailure) -> Result
  ) throws(SQLFailure) -> Result {
    guard free.wait(timeout: .now() + .seconds(Self.waitSeconds)) == .success else {
      throw .fault(.busy("no free connection to PostgreSQL for \(Self.waitSeconds) s"))
    }
    defer { free.signal() }
    let connection: PostgreSQLConnection
    do throws(SQLFault) {
      connection = try take()
    } catch {
      throw .fault(error)
    }
    defer { giveBack(connection) }
    return try work(connection)
  }

  private func take() throws(SQLFault) -> PostgreSQLConnection {
    if let idle = idle.withLock({ $0.popLast() }) { return unsafe idle.connection }
    return try PostgreSQLConnection(conninfo: conninfo)
  }

  private func giveBack(_ connection: PostgreSQLConnection) {
    let isBroken = connection.isBroken
    let returned = Idle(connection: connection)
    idle.withLock { idle in
      if isBroken {
        idle = []
      } else {
        idle.append(returned)
      }
    }
  }
}
