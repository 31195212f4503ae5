import ConnectionService
import LinuxIO
import Primitives

/// Where the agent's time comes from, and how it waits.
public struct AgentClock: Sendable {
  /// For timers.
  public var now: @Sendable () -> Instant
  /// For the history.
  public var time: @Sendable () -> Timestamp
  /// Returns after the duration, or when the task is cancelled.
  public var sleep: @Sendable (Duration) async -> Void

  public init(
    now: @escaping @Sendable () -> Instant, time: @escaping @Sendable () -> Timestamp,
    sleep: @escaping @Sendable (Duration) async -> Void
  ) {
    self.now = now
    self.time = time
    self.sleep = sleep
  }

  /// The host's clocks.
  public static let system = AgentClock(
    now: { MonotonicClock.now() },
    time: { Timestamp(milliseconds: WallClock.now().wholeNanoseconds / 1_000_000) },
    sleep: { try? await Task.sleep(for: $0) })
}
