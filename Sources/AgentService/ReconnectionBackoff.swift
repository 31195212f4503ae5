import Primitives

/// How long to wait before the broker is asked again: anything up to a bound that doubles with
/// every failure, so that a thousand devices do not come back in the same second (CS-20).
public struct ReconnectionBackoff: Sendable {
  public static let first = Duration.seconds(1)
  public static let last = Duration.seconds(60)

  /// What the next pause is at most.
  public private(set) var bound = Self.first

  public init() {}

  /// The next pause: uniform from zero to ``bound``, which doubles.
  public mutating func next(using random: inout some RandomNumberGenerator) -> Duration {
    let pause = Duration.nanoseconds(
      Int64.random(in: 0...bound.wholeNanoseconds, using: &random))
    bound = min(bound * 2, Self.last)
    return pause
  }

  /// The broker has been there for a while.
  public mutating func reset() { bound = Self.first }
}
