/// How long to wait before a broken stream is tried again: full jitter under a bound that doubles
/// (CS-20), so that a broker that comes back is not met by everybody at once.
public struct ReconnectDelay: Hashable, Sendable {
  /// The bound of the first wait.
  public static let first = Duration.seconds(1)
  /// What no wait is longer than.
  public static let max = Duration.seconds(60)

  /// What the next wait is shorter than, or as long as.
  public private(set) var bound = Self.first

  public init() {}

  /// The next wait: any time from zero to ``bound``, which then doubles up to ``max``.
  public mutating func next(using random: inout some RandomNumberGenerator) -> Duration {
    let milliseconds = bound.components.seconds * 1000
    bound = min(bound * 2, Self.max)
    return .milliseconds(Int64.random(in: 0...milliseconds, using: &random))
  }

  /// The stream stood: the next break is a new one.
  public mutating func reset() { bound = Self.first }
}
