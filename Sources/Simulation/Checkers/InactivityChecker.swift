import Dataplane
import Primitives

/// A session with an inactivity timeout begins to close that long after its last user's packet: not
/// earlier, not later, and whatever else passed.
public struct InactivityChecker: Checker {
  private struct Clock: Sendable {
    /// The last user's packet, or when the session was up first: to negotiate again is no activity.
    var activeAt: Instant
    /// Since when the network layer has been up; `nil` while it is not.
    var upSince: Instant?
  }

  private let timeout: Duration?
  /// Of sessions that have been up and are not closing.
  private var clocks: [SessionID: Clock] = [:]

  /// - Parameter timeout: `nil` when there is none.
  public init(timeout: Duration?) { self.timeout = timeout }

  public mutating func note(_ occurrence: Occurrence, at now: Instant) throws(BrokenPromise) {
    switch occurrence {
    case .sessionUp(let id, _):
      clocks[id, default: Clock(activeAt: now)].upSince = now
    case .userPacket(let id): clocks[id]?.activeAt = now
    case .sessionSuspended(let id): clocks[id]?.upSince = nil
    case .sessionClosing(let id, let reason), .sessionClosed(let id, let reason):
      let due = deadline(of: id)
      guard clocks.removeValue(forKey: id) != nil, reason == .inactivity else { return }
      try promise(
        due == now, "inactivity", at: now, "\(id) closed as inactive, due \(due?.seconds ?? "-")")
    case .connectionUp, .connectionPath, .connectionDown, .attemptFailed, .pairUp, .pairDown,
      .tunnelOpened, .tunnelUp, .tunnelClosed, .tunnelForgotten, .sessionOpened, .sessionFailed,
      .sessionForgotten:
      break
    }
  }

  public func checkOverdue(at now: Instant) throws(BrokenPromise) {
    for id in clocks.keys.sorted() {
      let isLate = deadline(of: id).map { $0 < now } ?? false
      try promise(!isLate, "inactivity", at: now, "\(id) is inactive and still there")
    }
  }

  /// A session without its network layer is not looked at; once it is back it is.
  private func deadline(of id: SessionID) -> Instant? {
    guard let timeout, let clock = clocks[id], let upSince = clock.upSince else { return nil }
    return max(clock.activeAt + timeout, upSince)
  }
}
