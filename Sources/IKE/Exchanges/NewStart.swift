import Primitives

// A peer that lost its state and connects again from the same socket, told from one that rekeys.
// Main mode is the same for both. Most say INITIAL-CONTACT; who is set up not to (Libreswan with
// `initial-contact=no`) is known by what it does next.

extension ISAKMPEngine {
  /// How long before its new main mode a peer that has started anew was silent at least. The data
  /// path tells of traffic once a second.
  static let newStartSilence: Duration = .seconds(2)
  /// How soon after main mode its first quick mode follows.
  static let newStartWindow: Duration = .seconds(30)

  /// Whether the quick mode that begins now shows that the peer has started anew.
  ///
  /// Deviation: the RFCs know INITIAL-CONTACT only. Who rekeys phase 1 still uses the older SAs and
  /// negotiates phase 2 when its time has come. Who negotiates phase 2 at once, beside pairs that
  /// are not half through their lifetime and that nothing is heard on, has forgotten them.
  func hasStartedAnew(_ sa: ISAKMPSA, at now: Instant) -> Bool {
    guard let lastHeard = sa.joinedLastHeardAt, let establishedAt = sa.establishedAt,
      lastHeard + Self.newStartSilence <= sa.createdAt, !sa.isSuperseded,
      !sa.messageIDs.hasSeenQuickMode, now < establishedAt + Self.newStartWindow,
      let connection = sa.connection.flatMap({ connections[$0] }), connection.role == .responder,
      connection.lastAuthenticatedAt <= establishedAt
    else { return false }
    let current = connection.phase2SAs.compactMap { phase2SAs[$0] }.filter { !$0.isSuperseded }
    return !current.isEmpty
      && current.allSatisfy { now - $0.createdAt < ($0.expiresAt - $0.createdAt) / 2 }
  }

  /// Ends the connection that an SA has joined, which the peer knows no longer, and gives the SA
  /// one of its own.
  mutating func separate(
    _ sa: ISAKMPSA, _ detail: String, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    guard let old = sa.connection, let identity = sa.peerIdentity else { return }
    note(.initialContact, connection: old, path: sa.path, "\(identity)", at: now)
    connections[old]?.isakmpSAs.removeAll { $0 == sa.id }
    endConnection(old, .peerDeleted, detail, notifyPeer: false, at: now, using: &random)
    let own = makeConnection(for: sa, at: now)
    attach(sa.id, to: own, identity: identity, at: now, using: &random)
  }

  /// INITIAL-CONTACT in its own message, as racoon sends it: by then the SA has joined the
  /// connection that it makes obsolete, and leaves it again.
  mutating func receiveInitialContact(
    in sa: ISAKMPSA, at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    guard let old = sa.connection, let connection = connections[old] else { return }
    let hasOlder =
      connection.isakmpSAs.contains { $0 < sa.id } || !connection.phase2SAs.isEmpty
    guard connection.role == .responder, hasOlder, !sa.messageIDs.hasSeenQuickMode,
      !sa.isSuperseded
    else { return }
    if let lastHeard = sa.joinedLastHeardAt, lastHeard > sa.createdAt {
      note(
        .initialContactIgnored, connection: old, path: sa.path, "the older SAs are in use",
        at: now)
      return
    }
    separate(sa, "INITIAL-CONTACT: the peer started anew", at: now, using: &random)
  }

  /// Before a quick mode that follows on a new ISAKMP SA at once: shows on the older one that this
  /// end has not started anew.
  mutating func showContinuity(
    of id: ConnectionID, using random: inout some RandomNumberGenerator
  ) {
    guard let connection = connections[id], connection.pendingQuickMode != nil,
      let older = connection.isakmpSAs.last(where: { isakmpSAs[$0]?.isSuperseded == true })
    else { return }
    sendRUThere(older, using: &random)
  }
}
