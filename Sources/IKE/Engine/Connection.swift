import Primitives

/// What to connect to, for `ISAKMPEngine.initiate`.
public struct ConnectionRequest: Sendable, Hashable {
  /// The IPsec policy, by name; it names the ISAKMP policy.
  public var policy: String
  /// Usually port 500.
  public var local: SocketAddress
  /// Usually port 500.
  public var remote: SocketAddress
  /// Our UDP port in the selectors: 1701, or 0 for any.
  public var localPort: UInt16
  /// The peer's UDP port in the selectors.
  public var remotePort: UInt16

  public init(
    policy: String, local: SocketAddress, remote: SocketAddress,
    localPort: UInt16 = 1701, remotePort: UInt16 = 1701
  ) {
    self.policy = policy
    self.local = local
    self.remote = remote
    self.localPort = localPort
    self.remotePort = remotePort
  }
}

/// The engine's record of one connection.
struct Connection: Sendable {
  let id: ConnectionID
  let role: Role
  let policy: ISAKMPPolicy
  /// Present when we started it.
  let request: ConnectionRequest?
  var path: Path
  var identity: Identity?
  var nat = NATState()
  /// `connectionUp` has been reported for the current attempt.
  var isUp = false
  /// Since when, for the current attempt.
  var upAt: Instant?
  /// Established ISAKMP SAs and those being born for it, oldest first.
  var isakmpSAs: [ISAKMPSAID] = []
  /// Inbound SPIs of its phase 2 SAs, oldest first.
  var phase2SAs: [UInt32] = []
  /// What the next quick mode replaces, when one waits for an ISAKMP SA.
  var pendingQuickMode: PendingQuickMode?
  var lastAuthenticatedAt: Instant
  /// A phase 2 SA was complete in the current attempt.
  var wasEstablished = false
  /// Retries made since it was last established (IK-13).
  var retries = 0
  var retryAt: Instant?
  /// The end of the grace after the peer deleted its last ISAKMP SA.
  var orphanedUntil: Instant?
  var lastError: String?

  init(
    id: ConnectionID, role: Role, policy: ISAKMPPolicy, request: ConnectionRequest?, path: Path,
    at now: Instant
  ) {
    self.id = id
    self.role = role
    self.policy = policy
    self.request = request
    self.path = path
    lastAuthenticatedAt = now
  }

  /// Whether this end starts rekeying.
  var leadsRekeying: Bool { role == .initiator || policy.rekeyLead == .both }
}

/// A quick mode that waits until the connection has an ISAKMP SA.
struct PendingQuickMode: Sendable {
  var replaces: UInt32?
}
