import Dataplane
import IKE
import L2TP
import Primitives

// Who may open a tunnel or a session.
extension Endpoint {
  /// Why an SCCRQ gets no tunnel, for people and for the peer.
  private struct Refusal: Error {
    var cause: RecordedEnd.Cause
    var result: StopCCNResult

    init(_ reason: CloseReason, _ detail: String, _ result: StopCCNResult = .notAuthorized) {
      cause = RecordedEnd.Cause(reason, detail)
      self.result = result
    }
  }

  mutating func receiveSCCRQ(
    _ message: [UInt8], on carrier: CarrierID, peerPort: UInt16, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    // Without an id of the peer's there is nobody to answer.
    guard let facts = readSCCRQ(message, on: carrier), facts.assignedTunnelID != nil else {
      counters.malformedL2TP &+= 1
      return
    }
    if let record = repeatedTunnel(of: facts, on: carrier, at: now) {
      give(message, to: record, peerPort: peerPort, at: now, using: &random)
      return
    }
    do throws(Refusal) {
      let profile = try admit(facts, on: carrier)
      guard survivesCollision(of: facts, on: carrier, at: now, using: &random) else { return }
      let record = addTunnel(
        Tunnel(
          accepting: profile.host.tunnelUnderRules,
          localID: freeTunnelID(on: carrier, using: &random), at: now),
        on: carrier, profile: profile, peerPort: peerPort, at: now)
      guard let record else { return }
      give(message, to: record, peerPort: peerPort, at: now, using: &random)
      // The SCCRQ was no good after all: nothing began.
      if record.tunnel.phase == .idle { forgetTunnel(record.number) }
    } catch {
      refuse(facts, on: carrier, peerPort: peerPort, error, at: now, using: &random)
    }
  }

  private mutating func refuse(
    _ facts: SCCRQFacts, on carrier: CarrierID, peerPort: UInt16, _ refusal: Refusal,
    at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    counters.tunnelsRefused &+= 1
    let cause = refusal.cause
    if carriers[carrier]?.mayReportRefusal(at: now) == true {
      emit(
        .event(
          .tunnelRefused(
            carrier, hostName: facts.peer.hostName, cause.reason, detail: cause.detail)))
    }
    let answer = Tunnel.refusal(
      of: facts, localID: freeTunnelID(on: carrier, using: &random),
      result: ResultCode(stopCCN: refusal.result, text: cause.detail))
    if let answer { emit(.sendL2TP(answer, on: carrier, peerPort: peerPort)) }
  }

  /// Reads an SCCRQ twice: the host name, which is never hidden, tells the secret that opens what
  /// may be.
  private func readSCCRQ(_ message: [UInt8], on carrier: CarrierID) -> SCCRQFacts? {
    guard let facts = try? Tunnel.peekSCCRQ(message) else { return nil }
    let remote = carriers[carrier]?.path.remote.address
    let secret = remote.flatMap { DestinationProfile.matching($0, among: destinations) }?
      .host(named: facts.peer.hostName)?.tunnel.secret
    guard let secret else { return facts }
    return try? Tunnel.peekSCCRQ(message, secret: secret)
  }

  private func repeatedTunnel(
    of facts: SCCRQFacts, on carrier: CarrierID, at now: Instant
  ) -> TunnelRecord? {
    tunnelRecords(on: carrier).first {
      $0.tunnel.phase != .over && $0.tunnel.isRepetition(facts, at: now)
    }
  }

  /// The peer opens a tunnel while we open one to it: the tie breakers decide (RFC 2661 §4.4.3).
  /// - Returns: whether the peer's goes on.
  private mutating func survivesCollision(
    of facts: SCCRQFacts, on carrier: CarrierID, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) -> Bool {
    for record in tunnelRecords(on: carrier) {
      let outcome = record.tunnel.collide(with: facts, at: now)
      drainTunnel(record.number, at: now, using: &random)
      switch outcome {
      case .separate, .lost: continue
      case .won, .bothDiscarded: return false
      }
    }
    return true
  }

  /// Decides whether a new tunnel may be opened, and by which profile (LT-4, LT-6, LT-8).
  private mutating func admit(
    _ facts: SCCRQFacts, on id: CarrierID
  ) throws(Refusal) -> AdmittedProfile {
    guard let carrier = carriers[id] else { throw Refusal(.internalError, "no carrier") }
    guard !carrier.isSpent else { throw Self.spent }
    guard !isDraining else {
      throw Refusal(.policyRefused, "the gateway is draining", .shuttingDown)
    }
    let remote = carrier.path.remote.address
    guard let destination = DestinationProfile.matching(remote, among: destinations),
      let host = destination.host(named: facts.peer.hostName)
    else {
      throw Refusal(
        .policyRefused, "no destination profile for \(remote) and this host name")
    }
    guard carrier.connection != nil || !host.requiresIPsec else {
      throw Refusal(.policyRefused, "IPsec is required")
    }
    guard !carrier.isUsedUp(for: host.rules) else { throw Self.spent }
    guard liveCounts.tunnels < limits.tunnelsMax, makeRoomForTunnel(on: id) else {
      throw Refusal(.policyRefused, "too many tunnels", .generalError)
    }
    return AdmittedProfile(destination, host)
  }

  private static var spent: Refusal {
    Refusal(.singleShotSpent, "a single-shot tunnel needs an IPsec connection of its own")
  }

  /// A carrier holds so many records. Those of closed tunnels make room, the oldest first (LT-2);
  /// their IPsec connection stays, because the new tunnel needs it (LT-3).
  private mutating func makeRoomForTunnel(on id: CarrierID) -> Bool {
    let records = tunnelRecords(on: id)
    guard records.count >= limits.tunnelsPerCarrierMax else { return true }
    guard let oldest = records.first(where: { $0.end != nil }) else { return false }
    removeTunnel(oldest.number)
    return true
  }

  /// A tunnel id that no tunnel of this carrier has; another carrier's may (a packet belongs to the
  /// SA that decrypted it).
  func freeTunnelID(
    on carrier: CarrierID, using random: inout some RandomNumberGenerator
  ) -> UInt16 {
    var id: UInt16 = random.nonZero()
    while carriers[carrier]?.tunnels[id] != nil { id = random.nonZero() }
    return id
  }

  /// - Returns: `nil` when there is no such carrier.
  mutating func addTunnel(
    _ tunnel: consuming Tunnel, on id: CarrierID, profile: AdmittedProfile, peerPort: UInt16,
    at now: Instant
  ) -> TunnelRecord? {
    guard let carrier = carriers[id] else { return nil }
    let record = TunnelRecord(
      number: TunnelNumber(tunnelNumberNext), carrier: carrier, profile: profile,
      openedAt: now, peerPort: peerPort, tunnel: tunnel)
    tunnelNumberNext &+= 1
    tunnels[record.number] = record
    carriers[id]?.tunnels[record.localID] = record.number
    carriers[id]?.tunnelsInLife += 1
    if profile.host.rules.isSingleShot, carrier.connection != nil {
      carriers[id]?.isSingleShot = true
    }
    return record
  }

  /// Decides whether a session that L2TP has set up may begin.
  ///
  /// The maxima are of profiles and of this process, over many tunnels, and L2TP knows one tunnel:
  /// so the CDN comes after the ICCN and not in place of the ICRP, with the result that tells the
  /// peer to try later (RFC 2661 §4.4.2).
  mutating func admitsSession(
    _ localID: UInt16, of record: TunnelRecord, at now: Instant
  ) -> Bool {
    let refusal = census.refusal(under: record.profile, sessionsMax: limits.sessionsMax)
    guard let refusal else { return true }
    record.tunnel.closeSession(
      localID, result: ResultCode(cdn: .noFacilitiesTemporary, text: refusal),
      reason: .policyRefused, at: now)
    return false
  }
}
