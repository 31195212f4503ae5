import Glibc
import LinuxIO
import Synchronization

/// What the handler leaves behind: the signals that came, one bit each.
private let pendingSignals = Atomic<UInt32>(0)
/// Whom the handler wakes; −1 while there is no inbox.
private let wakeDescriptor = Atomic<Int32>(-1)

/// The process's SIGTERM, SIGINT and SIGHUP, for a poller.
///
/// A handler, not signalfd: the language's runtime parks the main thread with every signal let
/// through, so that a signal blocked elsewhere would end the process there. One at a time.
final class SignalInbox: Sendable {
  private static let signals: [(number: Int32, meaning: ProcessSignal)] = [
    (SIGTERM, .terminate), (SIGINT, .interrupt), (SIGHUP, .hangup),
  ]

  private let waker: Waker

  /// - Throws: when there are no descriptors left.
  init() throws(SystemError) {
    waker = try Waker()
    let isOnly = wakeDescriptor.compareExchange(
      expected: -1, desired: waker.descriptor, ordering: .sequentiallyConsistent
    ).exchanged
    precondition(isOnly, "one inbox takes the process's signals")
    pendingSignals.store(0, ordering: .sequentiallyConsistent)
    for signal in Self.signals { Self.install(noteSignal, for: signal.number) }
  }

  deinit {
    for signal in Self.signals { Self.install(SIG_DFL, for: signal.number) }
    wakeDescriptor.store(-1, ordering: .sequentiallyConsistent)
  }

  /// What the poller watches.
  var descriptor: Int32 { waker.descriptor }

  /// Takes the signals that came since the last call.
  func take() -> [ProcessSignal] {
    waker.drain()
    let bits = pendingSignals.exchange(0, ordering: .sequentiallyConsistent)
    return Self.signals.filter { bits & 1 << UInt32($0.number) != 0 }.map(\.meaning)
  }

  private static func install(_ handler: __sighandler_t?, for number: Int32) {
    var action = sigaction()
    unsafe action.__sigaction_handler.sa_handler = handler
    action.sa_flags = SA_RESTART
    _ = unsafe sigaction(number, &action, nil)
  }
}

/// The handler: one system call, which signal-safety(7) allows, and nothing that locks or allocates.
private func noteSignal(_ number: Int32) {
  let savedError = errno
  pendingSignals.bitwiseOr(1 << UInt32(number), ordering: .sequentiallyConsistent)
  var one: UInt64 = 1
  _ = unsafe write(wakeDescriptor.load(ordering: .relaxed), &one, MemoryLayout<UInt64>.size)
  errno = savedError
}
