import Primitives

// Dead peer detection (RFC 3706) and NAT keepalives (RFC 3948 §4).

extension ISAKMPEngine {
  /// Authenticated traffic of the peer, ESP or ISAKMP, counts as an answer (RFC 3706 §5.5). Called
  /// from the data path, from time to time: an instant per connection and second is enough.
  public mutating func noteAuthenticatedTraffic(_ connection: ConnectionID, at now: Instant) {
    guard let last = connections[connection]?.lastAuthenticatedAt, now > last else { return }
    connections[connection]?.lastAuthenticatedAt = now
    guard let id = currentISAKMPSA(of: connection) else { return }
    isakmpSAs[id]?.dpdUnanswered = 0
  }

  /// Authenticated ESP came from a new address: the peer's NAT has changed its mapping
  /// (RFC 3947 §4). Only a floated path moves.
  public mutating func notePeerPath(
    _ connection: ConnectionID, _ remote: SocketAddress, at now: Instant
  ) {
    guard var path = connections[connection]?.path, path.floated, path.remote != remote else {
      return
    }
    path.remote = remote
    move(connection, to: path)
    for id in connections[connection]?.isakmpSAs ?? [] where isakmpSAs[id]?.isEstablished == true {
      isakmpSAs[id]?.path.remote = remote
    }
    noteAuthenticatedTraffic(connection, at: now)
    events.append(.pathChanged(connection, path))
  }

  mutating func armDeadPeerTimer(_ id: ConnectionID, at now: Instant) {
    let interval = connections[id]?.deadPeerDetection?.interval
    timers.set(interval.map { now + $0 }, for: .deadPeer(id))
  }

  mutating func deadPeerTimer(
    _ id: ConnectionID, at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    guard let connection = connections[id], let detection = connection.deadPeerDetection else {
      return
    }
    let silentSince = connection.lastAuthenticatedAt
    if now >= silentSince + detection.timeout {
      counterValues.deadPeers &+= 1
      // A question without an answer is an exchange that timed out, so retries follow (IK-12).
      let detail = "no authenticated traffic for \(detection.timeout.wholeSeconds) s"
      if connection.role == .initiator {
        failAttempt(id, .deadPeer, detail, at: now, using: &random)
      } else {
        endConnection(id, .deadPeer, detail, at: now, using: &random)
      }
      return
    }
    // Traffic within the interval makes the question needless (RFC 3706 §5.5).
    guard now >= silentSince + detection.interval else {
      timers.set(silentSince + detection.interval, for: .deadPeer(id))
      return
    }
    // When the ISAKMP SA has lapsed, main mode is the question, and its success an answer.
    if let saID = currentISAKMPSA(of: id) {
      sendRUThere(saID, using: &random)
    } else {
      startMainModeUnlessUnderWay(for: id, at: now, using: &random)
    }
    timers.set(
      min(now + detection.interval, silentSince + detection.timeout), for: .deadPeer(id))
  }

  /// Asks the peer for life, which also shows it where we are: a NAT may have a new mapping.
  mutating func sendRUThere(_ id: ISAKMPSAID, using random: inout some RandomNumberGenerator) {
    guard let sa = isakmpSAs[id], sa.peerSupportsDPD, sa.policy.deadPeerDetection != nil else {
      return
    }
    let sequence = sa.dpdSent &+ 1
    isakmpSAs[id]?.dpdSent = sequence
    isakmpSAs[id]?.dpdUnanswered &+= 1
    sendNotification(
      Notification(
        .rUThere, protocolID: .isakmp, spi: sa.cookies.bytes, data: bigEndian(sequence)),
      on: id, using: &random)
  }

  /// Answers R-U-THERE; a sequence number that runs backwards is a replay (RFC 3706 §7).
  mutating func answerRUThere(
    _ notification: Notification, in sa: ISAKMPSA, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    guard notification.spi == sa.cookies.bytes, let sequence = notification.sequence else {
      counterValues.count(.notification)
      return
    }
    if let seen = isakmpSAs[sa.id]?.dpdSeen, sequence &- seen > UInt32.max / 2 {
      counterValues.count(.replay)
      return
    }
    isakmpSAs[sa.id]?.dpdSeen = sequence
    guard isakmpSAs[sa.id]?.informationalTokens.take(at: now) == true else {
      counterValues.count(.limit)
      return
    }
    sendNotification(
      Notification(
        .rUThereACK, protocolID: .isakmp, spi: sa.cookies.bytes, data: notification.data),
      on: sa.id, using: &random)
  }

  /// An acknowledgement was authenticated and so counted as a sign of life already; this only
  /// tells whether it answers a question of ours.
  mutating func receiveRUThereACK(_ notification: Notification, in sa: ISAKMPSA, at now: Instant) {
    let asked = isakmpSAs[sa.id]?.dpdSent ?? 0
    guard notification.spi == sa.cookies.bytes, let sequence = notification.sequence else {
      counterValues.count(.notification)
      return
    }
    if sequence != asked { counterValues.count(.replay) }
  }

  mutating func armKeepaliveTimer(_ id: ConnectionID, at now: Instant) {
    guard let connection = connections[id], connection.nat.localIsBehindNAT,
      connection.path.floated
    else {
      timers.set(nil, for: .keepalive(id))
      return
    }
    timers.set(now + connection.policy.keepaliveInterval, for: .keepalive(id))
  }

  mutating func keepaliveTimer(_ id: ConnectionID, at now: Instant) {
    guard let connection = connections[id] else { return }
    counterValues.keepalivesSent &+= 1
    transmits.append(Transmit(bytes: [0xff], path: connection.path, isKeepalive: true))
    armKeepaliveTimer(id, at: now)
  }
}
