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
  /// Changed by `ISAKMPEngine.move` alone, which keeps the index of peers.
  fileprivate(set) var path: Path
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
  /// In force when both ends can and want it; outlives the ISAKMP SA that agreed on it.
  var deadPeerDetection: DeadPeerDetection?
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

extension Connection {
  /// Where a main mode of this connection's peer may come from.
  ///
  /// Ours is dialled at one port and floats to another, and when both ends open at the same time
  /// the peer's own main mode comes from either.
  var peerSockets: [SocketAddress] {
    guard let dialled = request?.remote.address else { return [path.remote] }
    let ports = [Path.ikePort, Path.floatedPort].map { SocketAddress(dialled, port: $0) }
    return ports.contains(path.remote) ? ports : ports + [path.remote]
  }
}

extension ISAKMPEngine {
  /// Adds a connection.
  mutating func insert(_ connection: Connection) {
    connections[connection.id] = connection
    peers.insert(connection)
  }

  /// Forgets a connection, whose SAs are gone.
  mutating func removeConnection(_ id: ConnectionID) {
    guard let connection = connections.removeValue(forKey: id) else { return }
    peers.remove(connection)
  }

  /// The connection's messages take another path from now on.
  mutating func move(_ id: ConnectionID, to path: Path) {
    guard let connection = connections[id], connection.path != path else { return }
    guard connection.path.remote != path.remote else {
      connections[id]?.path = path
      return
    }
    peers.remove(connection)
    connections[id]?.path = path
    if let moved = connections[id] { peers.insert(moved) }
  }
}
