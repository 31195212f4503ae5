import CLinux
import Glibc

/// What a signal asks of the process.
public enum ProcessSignal: Hashable, Sendable {
  /// SIGTERM
  case terminate
  /// SIGINT
  case interrupt
  /// SIGHUP: read the configuration again.
  case hangup
}

/// Delivers SIGTERM, SIGINT and SIGHUP as events of a poller (signalfd).
///
/// Create it in the main thread before any other thread starts: it blocks the signals, and threads
/// inherit what is blocked.
public struct SignalSource: ~Copyable, Sendable {
  private let signals: FileDescriptor

  public init() throws(SystemError) {
    signals = try FileDescriptor(clinux_signalfd_create(), "receive signals")
  }

  /// What to add to the poller, for reading.
  public var descriptor: Int32 { signals.number }

  /// Takes one pending signal; `nil` when there is none.
  public mutating func next() throws(SystemError) -> ProcessSignal? {
    let result = clinux_signalfd_next(signals.number)
    if result == -EAGAIN || result == -EINTR { return nil }
    switch try check(result, "receive a signal") {
    case SIGTERM: return .terminate
    case SIGINT: return .interrupt
    default: return .hangup
    }
  }
}
