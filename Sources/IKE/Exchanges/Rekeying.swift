import Primitives

// Lifetimes of both phases: rekey before the end, make before break, and the end itself.

extension ISAKMPEngine {
  /// Rekeying starts at this part of a lifetime, in thousandths, drawn at random: the initiator's
  /// range lies before the responder's, so that with `RekeyLead.both` the client still leads.
  static let rekeyRangeInitiator: ClosedRange<Int64> = 850...920
  static let rekeyRangeResponder: ClosedRange<Int64> = 950...980
  /// The pause after a rekeying that failed.
  static let rekeyRetryPause: Duration = .seconds(30)
  /// How long a superseded ISAKMP SA stays for what is under way.
  static let supersededLinger: Duration = .seconds(30)

  /// When to start rekeying something that lives for `seconds` from `now`.
  static func rekeyInstant(
    seconds: UInt64, role: Role, at now: Instant, using random: inout some RandomNumberGenerator
  ) -> Instant {
    let range = role == .initiator ? rekeyRangeInitiator : rekeyRangeResponder
    let part = Int64.random(in: range, using: &random)
    return now + .milliseconds(Int64(clamping: min(seconds, UInt64(Int64.max / 1000))) * part)
  }

  mutating func scheduleISAKMPLifetime(
    _ id: ISAKMPSAID, at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    guard let sa = isakmpSAs[id], let connectionID = sa.connection,
      let connection = connections[connectionID]
    else { return }
    isakmpSAs[id]?.expiresAt = now + .seconds(sa.lifetimeSeconds)
    if connection.leadsRekeying {
      isakmpSAs[id]?.rekeyAt = Self.rekeyInstant(
        seconds: sa.lifetimeSeconds, role: connection.role, at: now, using: &random)
    }
    armISAKMPLifetimeTimer(id)
  }

  mutating func armISAKMPLifetimeTimer(_ id: ISAKMPSAID) {
    guard let sa = isakmpSAs[id] else { return }
    timers.set(earliest(sa.rekeyAt, sa.expiresAt), for: .isakmpLifetime(id))
  }

  /// A younger SA has taken over; the end that leads removes the older one after a while.
  mutating func supersede(_ id: ISAKMPSAID, at now: Instant) {
    guard let sa = isakmpSAs[id], !sa.isSuperseded else { return }
    isakmpSAs[id]?.isSuperseded = true
    isakmpSAs[id]?.rekeyAt = nil
    if let connection = sa.connection, connections[connection]?.leadsRekeying == true {
      isakmpSAs[id]?.expiresAt = earliest(sa.expiresAt, now + Self.supersededLinger)
    }
    armISAKMPLifetimeTimer(id)
  }

  mutating func isakmpLifetimeTimer(
    _ id: ISAKMPSAID, at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    guard let sa = isakmpSAs[id], let connectionID = sa.connection else { return }
    if let expires = sa.expiresAt, expires <= now {
      expireISAKMPSA(sa, of: connectionID, at: now, using: &random)
      return
    }
    if let rekey = sa.rekeyAt, rekey <= now {
      isakmpSAs[id]?.rekeyAt = nil
      // Behind a new mapping main mode would look like that of a stranger: the peer has to know
      // the mapping first, by something that the old SA authenticates.
      if sa.nat.localIsBehindNAT { sendRUThere(id, using: &random) }
      startMainModeUnlessUnderWay(for: connectionID, at: now, using: &random)
    }
    armISAKMPLifetimeTimer(id)
  }

  /// Phase 2 SAs outlive their ISAKMP SA; a connection that has neither is over.
  private mutating func expireISAKMPSA(
    _ sa: ISAKMPSA, of connectionID: ConnectionID, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    sendISAKMPDelete(sa.id, using: &random)
    removeISAKMPSA(sa.id, at: now, using: &random)
    if !sa.isSuperseded {
      note(.isakmpExpired, connection: connectionID, path: sa.path, "\(sa.cookies)", at: now)
    }
    guard let connection = connections[connectionID], connection.phase2SAs.isEmpty,
      connection.isakmpSAs.isEmpty
    else { return }
    endConnection(
      connectionID, .lifetimeExpired, "the ISAKMP SA reached its lifetime", at: now,
      using: &random)
  }

  /// Tries a failed phase 1 rekeying again while there is time.
  mutating func rearmRekey(of id: ISAKMPSAID, at now: Instant) {
    guard let sa = isakmpSAs[id], !sa.isSuperseded else { return }
    isakmpSAs[id]?.rekeyAt = now + Self.rekeyRetryPause
    armISAKMPLifetimeTimer(id)
  }

  mutating func startMainModeUnlessUnderWay(
    for id: ConnectionID, at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    let isUnderWay = (connections[id]?.isakmpSAs ?? []).contains {
      isakmpSAs[$0]?.isEstablished == false
    }
    guard !isUnderWay else { return }
    startMainMode(for: id, at: now, using: &random)
  }

  /// The data path reached the byte or sequence limit of a phase 2 SA, named by its inbound SPI.
  public mutating func requestRekey(
    _ spi: UInt32, at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    guard let phase2 = phase2SAs[spi], !phase2.isSuperseded else { return }
    phase2SAs[spi]?.rekeyAt = nil
    armPhase2LifetimeTimer(spi)
    startQuickMode(for: phase2.connection, replaces: spi, at: now, using: &random)
  }

  mutating func armPhase2LifetimeTimer(_ spi: UInt32) {
    guard let phase2 = phase2SAs[spi] else { return }
    timers.set(earliest(phase2.rekeyAt, phase2.expiresAt), for: .phase2Lifetime(spi))
  }

  mutating func phase2LifetimeTimer(
    _ spi: UInt32, at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    guard let phase2 = phase2SAs[spi] else { return }
    guard phase2.expiresAt > now else {
      expirePhase2SA(phase2, at: now, using: &random)
      return
    }
    if let rekey = phase2.rekeyAt, rekey <= now {
      requestRekey(spi, at: now, using: &random)
    } else {
      armPhase2LifetimeTimer(spi)
    }
  }

  private mutating func expirePhase2SA(
    _ phase2: Phase2SA, at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    let id = phase2.connection
    sendESPDelete([phase2.inboundSPI], of: id, using: &random)
    removePhase2SA(phase2.inboundSPI, .lifetimeExpired)
    guard !phase2.isSuperseded, let connection = connections[id], !hasCurrentPhase2SA(id) else {
      return
    }
    guard connection.role == .initiator || connection.isakmpSAs.isEmpty else { return }
    endConnection(
      id, .lifetimeExpired, "the IPsec SA reached its lifetime without a successor", at: now,
      using: &random)
  }
}
