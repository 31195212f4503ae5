/// The inactivity timeout of a device's tunnel: between 5 minutes and 1 hour, 20 minutes when
/// nothing is asked for (CS-10).
public struct InactivityTimeout: Hashable, Sendable, Codable {
  public static let secondsRange: ClosedRange<Int64> = 300...3600
  public static let secondsWhenAbsent: Int64 = 1200

  /// What is in force.
  public let seconds: Int64
  /// What was asked for differs from what is in force.
  public let wasClamped: Bool

  /// - Parameter requestedSeconds: any number at all; `nil` when the request names none.
  public init(requestedSeconds: Int64?) {
    let requested = requestedSeconds ?? Self.secondsWhenAbsent
    seconds = min(max(requested, Self.secondsRange.lowerBound), Self.secondsRange.upperBound)
    wasClamped = seconds != requested
  }

  init(knownSeconds: Int64, wasClamped: Bool) {
    seconds = knownSeconds
    self.wasClamped = wasClamped
  }

  public var duration: Duration { .seconds(seconds) }
}
