import Glibc
import Primitives

/// Where a loop reads the time once per turn.
public protocol TimeSource {
  /// The present instant; never earlier than the one before.
  mutating func now() -> Instant
}

/// The time since boot, suspension included, so that a timer which fell due while the machine slept
/// fires when it wakes (CLOCK_BOOTTIME).
public struct MonotonicClock: TimeSource, Sendable {
  public init() {}

  public func now() -> Instant { Self.now() }

  /// One clock read, about 20 ns: once per batch, not once per packet.
  public static func now() -> Instant { Instant(nanoseconds: nanoseconds(of: CLOCK_BOOTTIME)) }

  static func nanoseconds(of clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
  }
}

/// The time of day; only for what people read, never for a timer.
public enum WallClock {
  /// The time since 1970-01-01T00:00:00Z.
  public static func now() -> Duration {
    .nanoseconds(MonotonicClock.nanoseconds(of: CLOCK_REALTIME))
  }
}

/// A clock that moves when told to.
public struct MemoryClock: TimeSource, Sendable {
  private var instant: Instant

  public init(at instant: Instant = .zero) { self.instant = instant }

  public func now() -> Instant { instant }

  /// Moves the clock to `later`; it never goes back.
  public mutating func advance(to later: Instant) { instant = max(instant, later) }
}
