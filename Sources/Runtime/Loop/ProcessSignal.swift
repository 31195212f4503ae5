/// What a signal asks of the process.
enum ProcessSignal: Hashable, Sendable {
  /// SIGTERM
  case terminate
  /// SIGINT
  case interrupt
  /// SIGHUP: read the configuration again.
  case hangup
}
