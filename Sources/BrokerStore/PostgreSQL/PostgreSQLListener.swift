import ConnectionService
import Foundation
import Glibc
import Primitives
import Synchronization

/// The connection on which PostgreSQL tells of new events and commands (`LISTEN`).
final class PostgreSQLListener: Sendable {
  private let conninfo: String
  private let session = Mutex<PostgreSQLSession?>(nil)

  init(conninfo: String) { self.conninfo = conninfo }

  /// Blocks until PostgreSQL tells of something or `timeout` is over; while the database is away,
  /// always for `timeout`.
  func wait(timeout: Duration) -> Bool {
    session.withLock { session in
      do throws(SQLFault) {
        guard let session else {
          session = try listen()
          // What was told before is missed.
          return true
        }
        if try session.takeNotifications() { return true }
        guard Self.isReadable(session.descriptor, within: timeout) else { return false }
        return try session.takeNotifications()
      } catch {
        session = nil
        Thread.sleep(forTimeInterval: timeout / .seconds(1))
        return false
      }
    }
  }

  private func listen() throws(SQLFault) -> PostgreSQLSession {
    let session = try PostgreSQLSession(conninfo: conninfo)
    try session.command("LISTEN \(EventGuard.eventsChannel)")
    try session.command("LISTEN \(EventGuard.commandsChannel)")
    return session
  }

  private static func isReadable(_ descriptor: Int32, within timeout: Duration) -> Bool {
    var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    let milliseconds = Int32(clamping: max(0, timeout.wholeNanoseconds) / 1_000_000)
    return unsafe poll(&watched, 1, milliseconds) > 0
  }
}
