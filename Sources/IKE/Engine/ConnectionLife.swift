import Primitives

// How connections begin, fail, are tried again and end.

extension ISAKMPEngine {
  /// Starts a connection: main mode, then quick mode, retried as the policy says. Failure is
  /// reported by events, also when the policy does not exist.
  public mutating func initiate(
    _ request: ConnectionRequest, at now: Instant, using random: inout some RandomNumberGenerator
  ) -> ConnectionID {
    let id = ConnectionID(value: makeNumber())
    let ipsec = configuration.ipsecPolicies.first { $0.name == request.policy }
    let isakmp = configuration.isakmpPolicies.first { $0.name == ipsec?.isakmpPolicy }
    guard let ipsec, let isakmp else {
      let detail = "no IPsec policy is named \(request.policy)"
      events.append(.attemptFailed(id, .policyRefused, detail: detail, retryAt: nil))
      events.append(.connectionDown(id, .policyRefused, detail: detail))
      return id
    }
    let path = Path(local: request.local, remote: request.remote, floated: false)
    insert(
      Connection(
        id: id, role: .initiator, policy: isakmp, request: request, path: path, at: now))
    let remote = request.remote.address
    if ipsec.peer.specificity(for: remote) == nil || isakmp.peer.specificity(for: remote) == nil {
      failAttempt(
        id, .policyRefused, "policy \(ipsec.name) is not for \(remote)", at: now, using: &random)
    } else {
      startMainMode(for: id, at: now, using: &random)
    }
    return id
  }

  /// Closes a connection: sends Deletes for its IPsec SAs and then for its ISAKMP SAs, and reports
  /// it down. Closing what does not exist does nothing.
  public mutating func close(
    _ connection: ConnectionID, reason: CloseReason, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    endConnection(connection, reason, "closed by this end", at: now, using: &random)
  }

  /// Deletes one IPsec SA pair, named by its inbound SPI, on both ends; `false` when unknown. A
  /// connection of ours that loses its last pair ends.
  @discardableResult
  public mutating func closeSA(
    spi: UInt32, reason: CloseReason, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) -> Bool {
    guard let phase2 = phase2SAs[spi] else { return false }
    sendESPDelete([spi], of: phase2.connection, using: &random)
    removePhase2SA(spi, reason)
    if connections[phase2.connection]?.role == .initiator,
      !hasCurrentPhase2SA(phase2.connection)
    {
      endConnection(
        phase2.connection, reason, "its last IPsec SA was closed", at: now, using: &random)
    }
    return true
  }

  /// Deletes one ISAKMP SA on both ends; `false` when unknown. When it was the connection's last,
  /// the connection ends.
  @discardableResult
  public mutating func closeSA(
    cookies: Cookies, reason: CloseReason, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) -> Bool {
    guard let id = saByCookies[cookies], let sa = isakmpSAs[id] else { return false }
    guard sa.isEstablished, let connection = sa.connection else {
      failMainMode(id, reason, "closed by this end", at: now, using: &random)
      return true
    }
    let others = (connections[connection]?.isakmpSAs ?? []).filter {
      $0 != id && isakmpSAs[$0]?.isEstablished == true
    }
    if others.isEmpty {
      endConnection(connection, reason, "closed by this end", at: now, using: &random)
    } else {
      sendISAKMPDelete(id, using: &random)
      removeISAKMPSA(id, at: now, using: &random)
    }
    return true
  }

  /// An attempt of ours failed: everything of it goes, and another follows if the policy allows
  /// (IK-10 to IK-14). A peer's connection just ends.
  mutating func failAttempt(
    _ id: ConnectionID, _ reason: CloseReason, _ detail: String, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    guard let connection = connections[id] else { return }
    let policy = connection.policy
    let retry = connection.retries + 1
    let isRetried = Self.isRetried(reason) && policy.retryIkeAttempts.allows(retry: retry)
    guard connection.request != nil, isRetried else {
      if connection.request != nil, !connection.wasEstablished {
        events.append(.attemptFailed(id, reason, detail: detail, retryAt: nil))
      }
      let wasRetried = connection.retries > 0
      endConnection(
        id, wasRetried ? .retriesExhausted : reason, detail, at: now, using: &random)
      return
    }
    tearDown(id, reason, notifyPeer: true, using: &random)
    let retryAt = now + Self.retryPause(before: retry, policy: policy, using: &random)
    connections[id]?.retries = retry
    connections[id]?.retryAt = retryAt
    connections[id]?.isUp = false
    connections[id]?.upAt = nil
    connections[id]?.wasEstablished = false
    connections[id]?.lastError = detail
    connections[id]?.identity = nil
    timers.set(retryAt, for: .retry(id))
    events.append(.attemptFailed(id, reason, detail: detail, retryAt: retryAt))
  }

  /// IK-12. What policy refuses or a fault of ours ends would fail again.
  private static func isRetried(_ reason: CloseReason) -> Bool {
    switch reason {
    case .negotiationFailed, .authenticationFailed, .retriesExhausted, .peerDeleted, .deadPeer:
      true
    default: false
    }
  }

  /// The pause before retry number `number`, counted from 1: min(max, first · 2^(n−1)) ± 20 %
  /// (IK-14).
  static func retryPause(
    before number: Int, policy: ISAKMPPolicy, using random: inout some RandomNumberGenerator
  ) -> Duration {
    let doublings = min(max(0, number - 1), 32)
    let pause = min(policy.retryPauseMax, policy.retryPauseFirst * (1 << doublings))
    return pause * Int.random(in: 800...1200, using: &random) / 1000
  }

  mutating func retryTimer(
    _ id: ConnectionID, at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    guard let request = connections[id]?.request else { return }
    connections[id]?.retryAt = nil
    move(id, to: Path(local: request.local, remote: request.remote, floated: false))
    connections[id]?.lastAuthenticatedAt = now
    startMainMode(for: id, at: now, using: &random)
  }

  /// Ends a connection for good and reports it, once.
  mutating func endConnection(
    _ id: ConnectionID, _ reason: CloseReason, _ detail: String, notifyPeer: Bool = true,
    at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    guard connections[id] != nil else { return }
    tearDown(id, reason, notifyPeer: notifyPeer, using: &random)
    removeConnection(id)
    events.append(.connectionDown(id, reason, detail: detail))
  }

  /// Removes all SAs and exchanges of a connection, in the order: IPsec SAs, then ISAKMP SAs.
  private mutating func tearDown(
    _ id: ConnectionID, _ reason: CloseReason, notifyPeer: Bool,
    using random: inout some RandomNumberGenerator
  ) {
    guard let connection = connections[id] else { return }
    if notifyPeer { sendESPDelete(connection.phase2SAs, of: id, using: &random) }
    for spi in connection.phase2SAs { removePhase2SA(spi, reason) }
    for saID in connection.isakmpSAs {
      if notifyPeer { sendISAKMPDelete(saID, using: &random) }
      removeISAKMPSA(saID)
    }
    connections[id]?.pendingQuickMode = nil
    for timer in [EngineTimer.deadPeer(id), .keepalive(id), .retry(id), .orphan(id)] {
      timers.set(nil, for: timer)
    }
  }
}
