import LinuxIO
import Primitives

/// Tells the service manager how many tunnels there are, at most once a second.
struct StatusLine {
  private static let pause = Duration.seconds(1)

  private var shown: (tunnels: Int, sessions: Int)?
  /// When a change may be told.
  private(set) var due: Instant?
  private var earliest = Instant.zero

  /// Tells `counts` if they are news and the last ones are old enough; otherwise `due` says when.
  mutating func update(
    _ counts: (tunnels: Int, sessions: Int), to notifier: ServiceNotifier, at now: Instant
  ) {
    due = nil
    if let shown, shown == counts { return }
    guard now >= earliest else {
      due = earliest
      return
    }
    shown = counts
    earliest = now + Self.pause
    // A manager that does not listen is no reason to stop.
    try? notifier.status("\(counts.tunnels) tunnels, \(counts.sessions) sessions")
  }
}
