import Broker
import ConnectionService
import Primitives

/// Every connection ends once, with one reason, and stays ended.
public struct EndChecker: Sendable {
  private var ended: [ConnectionID: ConnectionView] = [:]

  public init() {}

  public mutating func note(_ view: ConnectionView, at now: Instant) throws(BrokenPromise) {
    if let before = ended[view.id] {
      try promise(before == view, "one reason", at: now, "\(view.id) changed after its end")
      return
    }
    guard view.phase == .closed else { return }
    try promise(
      view.reason != nil && view.closedAt != nil, "one reason", at: now,
      "\(view.id) has no reason")
    try promise(
      (view.upAt == nil) == (view.failure != nil), "CS-4", at: now,
      "\(view.id) never stood and does not say why, or stood and failed")
    ended[view.id] = view
  }
}
