/// A point on a monotonic clock, in nanoseconds since that clock's own origin.
///
/// Engines never read a clock: every input carries the instant at which it happened, so the same
/// machine runs in production and in virtual time.
public struct Instant: Hashable, Comparable, Sendable {
  /// Nanoseconds since the clock's origin.
  public var nanoseconds: Int64

  public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  /// The clock's origin; the simulation starts here.
  public static let zero = Instant(nanoseconds: 0)

  public static func < (left: Instant, right: Instant) -> Bool {
    left.nanoseconds < right.nanoseconds
  }

  /// Saturates at the ends of the clock instead of trapping.
  public static func + (instant: Instant, duration: Duration) -> Instant {
    let (sum, overflow) = instant.nanoseconds.addingReportingOverflow(duration.wholeNanoseconds)
    guard overflow else { return Instant(nanoseconds: sum) }
    return Instant(nanoseconds: duration < .zero ? .min : .max)
  }

  /// Saturates like the addition.
  public static func - (instant: Instant, duration: Duration) -> Instant {
    let span = duration.wholeNanoseconds
    let (difference, overflow) = instant.nanoseconds.subtractingReportingOverflow(span)
    guard overflow else { return Instant(nanoseconds: difference) }
    return Instant(nanoseconds: span < 0 ? .max : .min)
  }

  /// The time from `right` to `left`; negative when `left` is earlier.
  public static func - (left: Instant, right: Instant) -> Duration {
    let (difference, overflow) = left.nanoseconds.subtractingReportingOverflow(right.nanoseconds)
    guard overflow else { return .nanoseconds(difference) }
    return .nanoseconds(left > right ? Int64.max : Int64.min)
  }
}

extension Duration {
  /// The duration in nanoseconds, rounded towards zero and saturated to what 64 bits hold
  /// (292 years).
  public var wholeNanoseconds: Int64 {
    let (seconds, attoseconds) = components
    let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    guard !overflow else { return seconds < 0 ? .min : .max }
    let (sum, carried) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
    guard carried else { return sum }
    return seconds < 0 ? .min : .max
  }

  /// The duration in whole seconds, rounded towards zero.
  public var wholeSeconds: Int64 { components.seconds }
}

/// The earlier of two optional deadlines; `nil` means "no deadline".
public func earliest(_ left: Instant?, _ right: Instant?) -> Instant? {
  guard let left else { return right }
  guard let right else { return left }
  return min(left, right)
}
