import Dataplane

/// Two sessions that may exchange packets, or no longer; neither comes first.
package struct SessionPair: Hashable, Comparable {
  package let low: SessionID
  package let high: SessionID

  /// `nil` for one and the same session.
  package init?(_ one: SessionID, _ other: SessionID) {
    guard one != other else { return nil }
    low = min(one, other)
    high = max(one, other)
  }

  package static func < (left: SessionPair, right: SessionPair) -> Bool {
    (left.low, left.high) < (right.low, right.high)
  }
}
