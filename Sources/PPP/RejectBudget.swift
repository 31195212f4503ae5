import Primitives

/// How many Protocol- and Code-Rejects a peer may cause: a flood of unknown frames is answered a
/// few times a second, not frame for frame.
struct RejectBudget: Sendable, Equatable {
  /// Rejects in one window.
  static let countMax = 8
  static let window = Duration.seconds(1)

  private var windowStart: Instant?
  private var count = 0

  /// Takes one from the budget; `false` when it is spent.
  mutating func take(at now: Instant) -> Bool {
    if let start = windowStart, now < start + Self.window {
      guard count < Self.countMax else { return false }
      count += 1
    } else {
      windowStart = now
      count = 1
    }
    return true
  }
}
