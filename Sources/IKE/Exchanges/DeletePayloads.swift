import Primitives

// Delete payloads in both directions (RFC 2408 §3.15).

extension ISAKMPEngine {
  /// The peer no longer receives on these SPIs: the pairs that send to them end in both directions.
  mutating func receiveESPDelete(
    _ delete: Delete, in sa: ISAKMPSA, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    guard let connectionID = sa.connection else { return }
    for spi in delete.spis {
      guard let connection = connections[connectionID] else { return }
      // The peer may have used any SPI with us on another connection: only this one's count.
      let candidates = connection.phase2SAs.compactMap { phase2SAs[$0] }
      // Deviation: strongSwan that could not install a pair names the SPI that we receive on.
      guard
        let match = candidates.first(where: { bigEndian($0.outboundSPI) == spi })
          ?? candidates.first(where: { bigEndian($0.inboundSPI) == spi })
      else { continue }
      let wasCurrent = !match.isSuperseded
      removePhase2SA(match.inboundSPI, .peerDeleted)
      // IK-12: a Delete for the most recent SA only.
      guard wasCurrent, connection.role == .initiator, !hasCurrentPhase2SA(connectionID) else {
        continue
      }
      failAttempt(
        connectionID, .peerDeleted, "the peer deleted the IPsec SA", at: now, using: &random)
    }
  }

  mutating func receiveISAKMPDelete(
    _ delete: Delete, in sa: ISAKMPSA, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    for spi in delete.spis {
      // The SPI of an ISAKMP SA is its pair of cookies; only SAs of the same connection count.
      let candidates = sa.connection.flatMap { connections[$0]?.isakmpSAs } ?? []
      guard
        let target = candidates.compactMap({ isakmpSAs[$0] }).first(where: {
          $0.isEstablished && $0.cookies.bytes == spi
        })
      else { continue }
      removeISAKMPSA(target.id, at: now, using: &random)
      guard let connectionID = target.connection, let connection = connections[connectionID],
        currentISAKMPSA(of: connectionID) == nil
      else { continue }
      if connection.role == .initiator {
        failAttempt(
          connectionID, .peerDeleted, "the peer deleted the ISAKMP SA", at: now, using: &random)
      } else if connection.phase2SAs.isEmpty {
        endConnection(
          connectionID, .peerDeleted, "the peer deleted the ISAKMP SA", at: now, using: &random)
      } else {
        // Some clients let phase 1 lapse and bring a new one; their traffic goes on meanwhile.
        let until = now + Self.orphanGrace
        connections[connectionID]?.orphanedUntil = until
        timers.set(until, for: .orphan(connectionID))
        // The next word is the peer's: a question would be a new main mode.
        timers.set(nil, for: .deadPeer(connectionID))
      }
    }
  }

  /// How long phase 2 SAs outlive an ISAKMP SA that the peer deleted.
  static let orphanGrace: Duration = .seconds(60)

  /// Tells the peer that we no longer receive on these SPIs.
  mutating func sendESPDelete(
    _ inboundSPIs: [UInt32], of connectionID: ConnectionID,
    using random: inout some RandomNumberGenerator
  ) {
    guard !inboundSPIs.isEmpty, connections[connectionID]?.policy.sendDeletes == true,
      let id = currentISAKMPSA(of: connectionID)
    else { return }
    let delete = Delete(protocolID: .esp, spis: inboundSPIs.map(bigEndian))
    sendInformational([Payload(.delete, delete.bytes)], on: id, using: &random)
  }

  /// Tells the peer that an ISAKMP SA is gone, in its own last message.
  mutating func sendISAKMPDelete(
    _ id: ISAKMPSAID, using random: inout some RandomNumberGenerator
  ) {
    guard let sa = isakmpSAs[id], sa.isEstablished, sa.policy.sendDeletes else { return }
    let delete = Delete(protocolID: .isakmp, spis: [sa.cookies.bytes])
    sendInformational([Payload(.delete, delete.bytes)], on: id, using: &random)
  }

  /// Whether a pair that is not superseded is left, or one is being negotiated.
  func hasCurrentPhase2SA(_ connectionID: ConnectionID) -> Bool {
    guard let connection = connections[connectionID] else { return false }
    return connection.phase2SAs.contains { phase2SAs[$0]?.isSuperseded == false }
      || quickModesUnderWay(of: connectionID).contains { $0.role == .initiator }
  }

  /// Removes a pair and reports it; the caller decides what that means for the connection.
  mutating func removePhase2SA(_ inboundSPI: UInt32, _ reason: CloseReason) {
    guard let phase2 = phase2SAs.removeValue(forKey: inboundSPI) else { return }
    inboundSPIs.remove(inboundSPI)
    timers.set(nil, for: .phase2Lifetime(inboundSPI))
    connections[phase2.connection]?.phase2SAs.removeAll { $0 == inboundSPI }
    events.append(
      .childDown(
        phase2.connection, inboundSPI: inboundSPI, outboundSPI: phase2.outboundSPI, reason))
  }
}
