import Dataplane

/// Two sessions that may exchange packets, or no longer; neither comes first.
struct SessionPair: Hashable, Comparable {
  let low: SessionID
  let high: SessionID

  /// `nil` for one and the same session.
  init?(_ one: SessionID, _ other: SessionID) {
    guard one != other else { return nil }
    low = min(one, other)
    high = max(one, other)
  }

  static func < (left: SessionPair, right: SessionPair) -> Bool {
    (left.low, left.high) < (right.low, right.high)
  }
}
