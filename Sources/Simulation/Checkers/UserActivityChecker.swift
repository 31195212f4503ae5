import Dataplane
import Primitives

/// User activity is a user's IP packet and nothing else: the packet path's own notion of it is
/// compared with the packets that the world saw pass.
public struct UserActivityChecker: Checker {
  private var lastPacketAt: [SessionID: Instant] = [:]

  public init() {}

  public mutating func note(_ occurrence: Occurrence, at now: Instant) {
    if case .userPacket(let id) = occurrence { lastPacketAt[id] = now }
  }

  /// - Parameter reported: what the packet path of the host says of the session.
  public func compare(
    _ id: SessionID, reported: Instant?, at now: Instant
  ) throws(BrokenPromise) {
    let seen = lastPacketAt[id]
    try promise(
      seen == reported, "user activity", at: now,
      "\(id) says \(reported?.seconds ?? "never"), the world saw \(seen?.seconds ?? "none")")
  }
}
