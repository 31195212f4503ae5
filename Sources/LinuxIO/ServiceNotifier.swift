import CLinux
import Glibc

/// Tells the service manager how far the process is (sd_notify(3)); without one, nothing happens.
public struct ServiceNotifier: Hashable, Sendable {
  /// The manager's socket: a path, or a name in the abstract space after `@`.
  public let socketName: String?

  public init(socketName: String?) { self.socketName = socketName }

  /// The manager that started this process, from `NOTIFY_SOCKET`.
  public static func fromEnvironment() -> ServiceNotifier {
    ServiceNotifier(socketName: getenv("NOTIFY_SOCKET").map { String(cString: $0) })
  }

  /// The service does its work; also ends a reload.
  public func ready() throws(SystemError) { try notify("READY=1") }

  /// The service is ending.
  public func stopping() throws(SystemError) { try notify("STOPPING=1") }

  /// The service reads its configuration again; `ready` must follow.
  public func reloading() throws(SystemError) {
    // The manager compares with its own CLOCK_MONOTONIC (sd_notify(3)), not with the boot clock.
    let microseconds = MonotonicClock.nanoseconds(of: CLOCK_MONOTONIC) / 1000
    try notify("RELOADING=1\nMONOTONIC_USEC=\(microseconds)")
  }

  /// One line for people, shown by `systemctl status`.
  public func status(_ text: String) throws(SystemError) {
    let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
    try notify("STATUS=\(line)")
  }

  private func notify(_ state: String) throws(SystemError) {
    guard let socketName, !socketName.isEmpty else { return }
    let bytes = Array(state.utf8)
    try check(clinux_notify(socketName, bytes, bytes.count), "notify \(socketName)")
  }
}
