import Primitives

// What main mode has in common on both sides: jobs, timers, success and failure.

extension ISAKMPEngine {
  mutating func completeMainMode(
    _ id: ISAKMPSAID, _ result: KeyExchangeResult, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    guard let sa = isakmpSAs[id] else { return }
    let values: KeyExchangeResult.Values
    switch result.outcome {
    case .success(let computed): values = computed
    case .failure:
      counterValues.count(.keyExchange)
      failMainMode(
        id, .negotiationFailed, "the peer's public value is not acceptable", at: now,
        using: &random)
      return
    }
    switch (sa.phase, values.shared) {
    case (.generatingKey, .none):
      sendMessage3(id, publicValue: values.publicValue, at: now, using: &random)
    case (.derivingKeys, .some(let shared)): sendMessage5(id, shared: shared, at: now)
    case (.computingAnswer, .some(let shared)):
      sendMessage4(id, publicValue: values.publicValue, shared: shared, at: now, using: &random)
    case (.generatingKey, _), (.derivingKeys, _), (.computingAnswer, _), (.awaitingSA, _),
      (.awaitingKeyExchange, _), (.awaitingIdentity, _), (.awaitingPeerKeyExchange, _),
      (.awaitingPeerIdentity, _), (.established, _):
      return
    }
  }

  /// Tells the owner the cipher key that was just derived, if it asked for keys.
  mutating func reportKeys(of sa: ISAKMPSA) {
    guard configuration.reportsKeys, let keys = sa.keys else { return }
    events.append(.isakmpKeys(initiatorCookie: sa.cookies.initiator, keys.cipherKey))
  }

  /// Sets the initiator's timer: the next retransmission or the end of a doubt.
  mutating func armMainModeTimer(_ id: ISAKMPSAID) {
    guard let sa = isakmpSAs[id] else { return }
    timers.set(
      earliest(sa.retransmission?.nextAt, sa.doubt?.believedAt), for: .mainMode(id))
  }

  mutating func mainModeTimer(
    _ id: ISAKMPSAID, at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    guard let sa = isakmpSAs[id], !sa.isEstablished else { return }
    if let doubt = sa.doubt, doubt.believedAt <= now {
      failMainMode(id, doubt.reason, doubt.detail, at: now, using: &random)
      return
    }
    guard var retransmission = sa.retransmission else {
      removeISAKMPSA(id)
      counterValues.mainModesFailed &+= 1
      return
    }
    switch retransmission.step(at: now) {
    case .send:
      isakmpSAs[id]?.retransmission = retransmission
      counterValues.retransmissions &+= 1
      send(retransmission.bytes, on: sa.path)
      armMainModeTimer(id)
    case .expired:
      // Some responders are silent when they cannot decrypt message 5.
      let isSuspicious = sa.phase == .awaitingIdentity
      failMainMode(
        id, isSuspicious ? .authenticationFailed : .retriesExhausted,
        isSuspicious
          ? "no answer to main mode message 5: PSK mismatch likely"
          : "no answer from \(sa.path.remote) in main mode (\(sa.phase.rawValue))",
        at: now, using: &random)
    }
  }

  /// Ends a main mode that did not come about, and tells whoever waits for it.
  mutating func failMainMode(
    _ id: ISAKMPSAID, _ reason: CloseReason, _ detail: String, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    guard let sa = isakmpSAs[id] else { return }
    counterValues.mainModesFailed &+= 1
    if reason == .authenticationFailed, sa.role == .initiator {
      counterValues.authenticationFailures &+= 1
    }
    removeISAKMPSA(id)
    record(
      NegotiationFailure(
        at: now, path: sa.path, reason: reason, detail: detail, offered: [],
        accepted: sa.policy.transforms.map(\.description)))
    guard let connectionID = sa.connection, let connection = connections[connectionID] else {
      return
    }
    connections[connectionID]?.lastError = detail
    guard let current = currentISAKMPSA(of: connectionID) else {
      if connection.phase2SAs.isEmpty {
        failAttempt(connectionID, reason, detail, at: now, using: &random)
      } else {
        note(.rekeyFailed, connection: connectionID, path: sa.path, detail, at: now)
        connections[connectionID]?.pendingQuickMode = nil
        if let waiting = connection.pendingQuickMode?.replaces, phase2SAs[waiting] != nil {
          phase2SAs[waiting]?.rekeyAt = now + Self.rekeyRetryPause
          armPhase2LifetimeTimer(waiting)
        }
      }
      return
    }
    note(.rekeyFailed, connection: connectionID, path: sa.path, detail, at: now)
    rearmRekey(of: current, at: now)
  }

  /// Main mode is done: the SA belongs to a connection from here on.
  mutating func establish(
    _ id: ISAKMPSAID, initialContact: Bool, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    guard var sa = isakmpSAs[id], let transform = sa.transform, let identity = sa.peerIdentity
    else { return }
    sa.phase = .established
    sa.establishedAt = now
    sa.retransmission = nil
    sa.doubt = nil
    sa.dpdSent = UInt32.random(in: 1...0x7fff_ffff, using: &random)
    isakmpSAs[id] = sa
    forgetHalfOpen(sa)
    timers.set(nil, for: .mainMode(id))
    counterValues.mainModesEstablished &+= 1
    if transform.isLegacy {
      note(.legacyAlgorithms, path: sa.path, "\(transform) in use", at: now)
    }
    let connectionID =
      sa.connection
      ?? adopt(sa, identity: identity, initialContact: initialContact, at: now, using: &random)
    attach(id, to: connectionID, identity: identity, at: now, using: &random)
    scheduleISAKMPLifetime(id, at: now, using: &random)
    showContinuity(of: connectionID, using: &random)
    startNeededQuickMode(connectionID, at: now, using: &random)
  }

  /// The connection that a peer's new ISAKMP SA belongs to: the one it already has from the same
  /// socket under the same identity (then this is a rekeying of phase 1), else a new one.
  ///
  /// INITIAL-CONTACT (RFC 2407 §4.6.3.3) says that the peer has started anew, unless authenticated
  /// traffic on the older SAs since this main mode began proves that it has not.
  private mutating func adopt(
    _ sa: ISAKMPSA, identity: Identity, initialContact: Bool, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) -> ConnectionID {
    if let older = connectionToJoin(sa, identity: identity) {
      let lastHeard = connections[older]?.lastAuthenticatedAt ?? now
      isakmpSAs[sa.id]?.joinedLastHeardAt = lastHeard
      let isInUse = lastHeard > sa.createdAt
      // When both ends open at the same time each says it, and neither connection is old.
      let isOld = connections[older]?.upAt.map { $0 < sa.createdAt } ?? false
      guard initialContact, isOld else { return older }
      guard !isInUse else {
        note(
          .initialContactIgnored, connection: older, path: sa.path,
          "the older SAs are in use", at: now)
        return older
      }
      note(.initialContact, connection: older, path: sa.path, "\(identity)", at: now)
      endConnection(
        older, .peerDeleted, "INITIAL-CONTACT: the peer started anew", notifyPeer: false,
        at: now, using: &random)
    }
    return makeConnection(for: sa, at: now)
  }

  mutating func makeConnection(for sa: ISAKMPSA, at now: Instant) -> ConnectionID {
    let connection = Connection(
      id: ConnectionID(value: makeNumber()), role: .responder, policy: sa.policy, request: nil,
      path: sa.path, at: now)
    insert(connection)
    return connection.id
  }

  private func connectionToJoin(_ sa: ISAKMPSA, identity: Identity) -> ConnectionID? {
    peers.connections(at: sa.path.remote).filter { id in
      guard let connection = connections[id], connection.retryAt == nil else { return false }
      return (connection.identity ?? identity) == identity
    }.min()
  }

  /// Makes an established SA the one that serves its connection.
  mutating func attach(
    _ id: ISAKMPSAID, to connectionID: ConnectionID, identity: Identity, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    guard var connection = connections[connectionID], let sa = isakmpSAs[id],
      let transform = sa.transform
    else { return }
    isakmpSAs[id]?.connection = connectionID
    let older = connection.isakmpSAs.filter { $0 != id }
    connection.isakmpSAs = older + [id]
    connection.identity = identity
    connection.nat = sa.nat
    connection.lastAuthenticatedAt = now
    connection.deadPeerDetection = sa.peerSupportsDPD ? sa.policy.deadPeerDetection : nil
    connection.orphanedUntil = nil
    timers.set(nil, for: .orphan(connectionID))
    let pathChanged = connection.path != sa.path
    let wasUp = connection.isUp
    connection.isUp = true
    if !wasUp { connection.upAt = now }
    connections[connectionID] = connection
    move(connectionID, to: sa.path)
    for superseded in older where isakmpSAs[superseded]?.isEstablished == true {
      supersede(superseded, at: now)
    }
    if wasUp {
      note(.isakmpRekeyed, connection: connectionID, path: sa.path, "\(sa.cookies)", at: now)
      if pathChanged { events.append(.pathChanged(connectionID, sa.path)) }
    } else {
      events.append(
        .connectionUp(
          connectionID,
          ConnectionFacts(
            path: sa.path, identity: identity, role: connection.role, nat: sa.nat,
            policy: sa.policy.name, transform: transform)))
    }
    armDeadPeerTimer(connectionID, at: now)
    armKeepaliveTimer(connectionID, at: now)
  }

  /// Forgets what only the birth of an SA needs.
  private mutating func forgetHalfOpen(_ sa: ISAKMPSA) {
    guard let key = sa.firstMessage else { return }
    halfOpen.remove(sa.id, from: key.remote.address)
    if saByFirstMessage[key] == sa.id { saByFirstMessage[key] = nil }
  }

  /// Removes an SA in any phase with all that hangs on it, silently.
  mutating func removeISAKMPSA(_ id: ISAKMPSAID) {
    removeQuickModes(on: id)
    guard let sa = isakmpSAs.removeValue(forKey: id) else { return }
    saByCookies[sa.cookies] = nil
    if saByOurCookie[sa.cookies.initiator] == id { saByOurCookie[sa.cookies.initiator] = nil }
    if !sa.isEstablished { forgetHalfOpen(sa) }
    timers.set(nil, for: .mainMode(id))
    timers.set(nil, for: .isakmpLifetime(id))
    if let connection = sa.connection {
      connections[connection]?.isakmpSAs.removeAll { $0 == id }
    }
    guard sa.privateKey != nil else { return }
    jobOwners = jobOwners.filter { entry in
      if case .mainMode(id) = entry.value { false } else { true }
    }
  }
}

extension ISAKMPEngine {
  /// Removes an SA of a connection that goes on: quick modes of ours that it carried start again on
  /// its successor.
  mutating func removeISAKMPSA(
    _ id: ISAKMPSAID, at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    let connection = isakmpSAs[id]?.connection
    removeISAKMPSA(id)
    guard let connection, connections[connection]?.pendingQuickMode != nil,
      currentISAKMPSA(of: connection) != nil
    else { return }
    startNeededQuickMode(connection, at: now, using: &random)
  }
}

extension ISAKMPTransform {
  /// Only in the `legacy` profile; logged loudly.
  var isLegacy: Bool {
    cipher == .tripleDESCBC || hash == .md5 || group == .modp1024 || group == .modp1536
  }
}
