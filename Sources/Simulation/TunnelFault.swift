import Endpoint
import IKE
import Primitives

/// A fault that is put into tunnels on purpose, to see that a checker notices it: in what the hosts
/// are told, in what they show, or in what passes between them and the world.
public enum TunnelFault: Sendable, Hashable, CaseIterable {
  /// Nothing that a client has wrong is of any consequence.
  case admitsAnybody
  /// The gateway prefers the weaker algorithms.
  case takesTheWeaker
  /// What was changed on the way is believed.
  case overlooksTampering
  /// The gateway follows a replayed packet to where it came from.
  case followsReplays
  /// A Delete without authentication ends the connection.
  case believesForgeries
  /// The limits on half-open main modes do not hold.
  case keepsHalfOpen
  /// L2TP without IPsec is as good as with it.
  case takesClearTunnels
  /// Nobody has to prove that he knows the tunnel's secret.
  case asksNoTunnelSecret
  /// A single-shot tunnel is a tunnel like any other.
  case forgetsSingleShot
  /// An idle tunnel goes a second late (LT-1).
  case idlesLonger
  /// The record of a closed tunnel goes a second late (LT-2).
  case forgetsLate
  /// Retransmissions come late (IK-2).
  case retransmitsLate
  /// A failed negotiation is tried more often than it may be (IK-13).
  case retriesTooOften
  /// An inactive session goes a second late.
  case overlooksInactivity
  /// A dead peer is found late.
  case overlooksDeadPeer
  /// A client whose tunnel is gone dials anew (CS-5).
  case dialsAgain
  /// A user's packet comes twice.
  case deliversTwice
  /// A user's packet comes as another's.
  case mixesUsersUp
  /// A packet with somebody else's address passes.
  case passesSpoofed
  /// Users' packets are lost without need.
  case losesPackets
  /// The end of a session is not told.
  case hidesEnds
  /// The end of a session is told twice.
  case repeatsEnds
  /// What is no user's packet counts as activity.
  case countsKeepalives
  /// Something is left when everybody has gone.
  case leavesSomething

  // What the hosts are told

  func spoil(gateway cast: inout Cast) {
    switch self {
    case .takesTheWeaker:
      cast.isakmpTransforms.reverse()
      cast.espTransforms.reverse()
    case .keepsHalfOpen: cast.halfOpenPerAddressMax *= 4
    case .takesClearTunnels: cast.requiresIPsec = false
    case .asksNoTunnelSecret: cast.asksTunnelSecret = false
    case .forgetsSingleShot: cast.rules.isSingleShot = false
    case .idlesLonger: if cast.rules.idleTimeout > .zero { cast.rules.idleTimeout += .seconds(1) }
    case .forgetsLate: cast.rules.destructTimeout += .seconds(1)
    case .overlooksDeadPeer: cast.deadPeerDetection.timeout *= 2
    case .admitsAnybody, .overlooksTampering, .followsReplays, .believesForgeries,
      .retransmitsLate, .retriesTooOften, .overlooksInactivity, .dialsAgain, .deliversTwice,
      .mixesUsersUp, .passesSpoofed, .losesPackets, .hidesEnds, .repeatsEnds, .countsKeepalives,
      .leavesSomething:
      break
    }
  }

  func spoil(client cast: inout Cast) {
    switch self {
    case .retransmitsLate: cast.backoff.timeoutSeconds += 1
    case .retriesTooOften: cast.retryIkeAttempts += 2
    case .overlooksInactivity:
      cast.inactivityTimeout = cast.inactivityTimeout.map { $0 + .seconds(1) }
    case .overlooksDeadPeer: cast.deadPeerDetection.timeout *= 2
    case .admitsAnybody, .takesTheWeaker, .overlooksTampering, .followsReplays,
      .believesForgeries, .keepsHalfOpen, .takesClearTunnels, .asksNoTunnelSecret,
      .forgetsSingleShot, .idlesLonger, .forgetsLate, .dialsAgain, .deliversTwice, .mixesUsersUp,
      .passesSpoofed, .losesPackets, .hidesEnds, .repeatsEnds, .countsKeepalives,
      .leavesSomething:
      break
    }
  }

  // What the gateway shows

  func spoil(_ events: inout [EndpointEvent]) {
    switch self {
    case .hidesEnds:
      events.removeAll { if case .sessionClosed = $0 { true } else { false } }
    case .repeatsEnds:
      events += events.filter { if case .sessionClosed = $0 { true } else { false } }
    default: break
    }
  }

  /// - Parameter elsewhere: where somebody has sent old packets from.
  func spoil(
    _ sight: inout Sight, arrivedFromElsewhere elsewhere: IPAddress?, at now: Instant
  ) {
    switch self {
    case .followsReplays:
      guard let elsewhere else { return }
      for index in sight.carriers.indices {
        sight.carriers[index].path.remote.address = elsewhere
      }
    case .countsKeepalives:
      for id in sight.statistics.keys { sight.statistics[id]?.lastUserActivity = now }
    default: break
    }
  }

  /// When all is over.
  func spoil(_ residue: inout HostResidue) {
    if self == .leavesSomething { residue.exchanges += 1 }
  }
}

// Faults that need the whole world.
extension World {
  /// What comes out of the gateway, with the fault in it.
  mutating func spoilt(_ delivered: [[UInt8]]) -> [[UInt8]] {
    switch fault {
    case .deliversTwice: return delivered + delivered
    case .mixesUsersUp:
      let addresses = clients.compactMap { $0.watch.routed?.address }
      return delivered.map { inner in
        guard var ping = Ping(parsing: inner),
          let other = addresses.first(where: { $0 != ping.source })
        else { return inner }
        ping.source = other
        return ping.bytes
      }
    default: return delivered
    }
  }

  /// Whether a packet is lost that the network does not lose.
  mutating func isLost(_ packet: VirtualPacket) -> Bool {
    guard fault == .losesPackets else { return false }
    let isESP = [false, true].contains {
      Intruder.spi(of: packet, isToGateway: $0) != nil
    }
    return isESP && Bool.random(using: &random)
  }

  /// The gateway does what a forgery says.
  mutating func believe(
    _ forgery: Forgery, _ conversation: Intruder.Conversation
  ) throws(BrokenPromise) {
    guard fault == .believesForgeries,
      let id = gateway.owner.host.endpoint.isakmpEngine.establishedISAKMPSAs.first(where: {
        $0.cookies == conversation.cookies
      })?.connection
    else { return }
    try actOnGateway {
      _ = $0.host.endpoint.closeConnection(id, .peerDeleted, at: $1, using: &$2)
    }
  }

  /// A client whose tunnel is gone dials once more.
  mutating func dialAgain(_ index: Int) throws(BrokenPromise) {
    guard fault == .dialsAgain, case .over = clients[index].host.owner.phase,
      clients[index].host.owner.isDone, !clients[index].hasDialledAgain,
      let host = try? cast.client(index)
    else { return }
    clients[index].hasDialledAgain = true
    clients[index].host = host
    try dial(index, cast)
  }

  /// What the gateway holds when all is over.
  var gatewayResidue: HostResidue {
    var residue = gateway.residue
    residue.leases = gateway.owner.leaseCount
    fault?.spoil(&residue)
    return residue
  }
}
