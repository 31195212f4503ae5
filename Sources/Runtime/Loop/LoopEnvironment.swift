import LinuxIO
import Primitives

/// What surrounds a loop: signals and the service manager.
struct LoopEnvironment: Sendable {
  /// `nil` where somebody else takes the process's signals.
  var signals: SignalInbox?
  /// The close reason that SIGINT stands for.
  var interruptReason = CloseReason.shutdown
  /// What SIGHUP does; `nil` ends like SIGTERM.
  var onHangup: (@Sendable () -> Void)?
  var notifier = ServiceNotifier(socketName: nil)
}
