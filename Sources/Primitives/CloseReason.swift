/// Why a tunnel, session, connection or security association ended.
///
/// One closed list that logs, API, metrics, accounting and user interface share. Every end has
/// exactly one. Extended when a new cause exists, never replaced by free text.
public enum CloseReason: String, CaseIterable, Sendable, Hashable {
  /// The user closed this connection, or this end asked for the close.
  case requested
  /// Every connection of a device was closed at once.
  case closeAll
  /// The last connection on the tunnel was closed.
  case lastConnectionClosed
  /// No user activity for the inactivity timeout.
  case inactivity
  /// A standard tunnel had no session for the idle timeout (LT-1).
  case idleTimeout
  /// Records of something closed before were dropped after the destruct timeout (LT-2, LT-3).
  case destructTimeout
  /// A single-shot tunnel's one session is over, or its IPsec connection was used up (LT-4 to 8).
  case singleShotSpent
  /// The peer stopped answering (DPD, Hello or LCP echo).
  case deadPeer
  /// The peer deleted the security association.
  case peerDeleted
  /// The peer closed the tunnel, session or PPP link.
  case peerClosed
  /// The two ends found no common ground (proposals, options).
  case negotiationFailed
  /// Wrong secret, wrong user or wrong password.
  case authenticationFailed
  /// Every retry of the negotiation failed (IK-13), or a message was never acknowledged.
  case retriesExhausted
  /// The security association reached its lifetime without a successor.
  case lifetimeExpired
  /// The longest time that a connection may last is over.
  case maxDuration
  /// An administrator closed it.
  case administrator
  /// Policy does not allow it: full pool, session limit, drained router.
  case policyRefused
  /// The gateway went away.
  case gatewayLost
  /// The broker went away.
  case brokerLost
  /// This process is ending.
  case shutdown
  /// The device's owner refused.
  case localVeto
  /// A fault of ours.
  case internalError
}
