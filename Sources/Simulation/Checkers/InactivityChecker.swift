import Dataplane
import Primitives

/// A session with an inactivity timeout begins to close that long after its last user's packet: not
/// earlier, not later, and whatever else passed.
public struct InactivityChecker: Checker {
  private let timeout: Duration?
  /// The last user activity of sessions whose network layer is up.
  private var activeAt: [SessionID: Instant] = [:]

  /// - Parameter timeout: `nil` when there is none.
  public init(timeout: Duration?) { self.timeout = timeout }

  public mutating func note(_ occurrence: Occurrence, at now: Instant) throws(BrokenPromise) {
    switch occurrence {
    case .sessionUp(let id, _): activeAt[id] = now
    case .userPacket(let id): if activeAt[id] != nil { activeAt[id] = now }
    case .sessionClosing(let id, let reason), .sessionClosed(let id, let reason):
      guard activeAt[id] != nil else { return }
      let due = deadline(of: id)
      activeAt[id] = nil
      guard reason == .inactivity else { return }
      try promise(
        due == now, "inactivity", at: now, "\(id) closed as inactive, due \(due?.seconds ?? "-")")
    case .sessionSuspended(let id): activeAt[id] = nil
    case .connectionUp, .connectionPath, .connectionDown, .attemptFailed, .pairUp, .pairDown,
      .tunnelOpened, .tunnelUp, .tunnelClosed, .tunnelForgotten, .sessionOpened,
      .sessionForgotten:
      break
    }
  }

  public func checkOverdue(at now: Instant) throws(BrokenPromise) {
    for id in activeAt.keys.sorted() {
      let isLate = deadline(of: id).map { $0 < now } ?? false
      try promise(!isLate, "inactivity", at: now, "\(id) is inactive and still there")
    }
  }

  private func deadline(of id: SessionID) -> Instant? {
    guard let timeout, let last = activeAt[id] else { return nil }
    return last + timeout
  }
}
