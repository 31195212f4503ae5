import Dataplane
import IKE
import L2TP
import Primitives

// The lifecycle's orders carried out; carriers lost; records dropped.
extension Endpoint {
  /// - Parameter cause: why the session ended that these orders follow from.
  mutating func carryOut(
    _ orders: [TunnelLifecycle.Order], for record: TunnelRecord,
    because cause: RecordedEnd.Cause? = nil, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    for order in orders {
      switch order {
      case .disconnectTunnel(let reason):
        // Who dialled wants to know why the session ended, not that this used up the tunnel.
        let told = record.isDialled ? cause : nil
        disconnect(record, told ?? RecordedEnd.Cause(reason), at: now)
      case .markIPsecSpent:
        markSpent(record)
      case .disconnectIPsec(let reason):
        let cause = record.isDialled ? record.end?.cause.reason ?? reason : reason
        disconnectIPsec(under: record, cause, at: now, using: &random)
      case .forget:
        forgetTunnel(record.number)
      }
    }
  }

  /// The tunnels that have a record on a carrier, oldest first.
  func tunnelRecords(on id: CarrierID) -> [TunnelRecord] {
    guard let carrier = carriers[id] else { return [] }
    return tunnelRecords(of: carrier)
  }

  private func tunnelRecords(of carrier: Carrier) -> [TunnelRecord] {
    var records: [TunnelRecord] = []
    for number in carrier.tunnels.values.sorted() {
      if let record = tunnels[number] { records.append(record) }
    }
    return records
  }

  /// Starts to close a tunnel; its machine says when that is done.
  mutating func disconnect(_ record: TunnelRecord, _ cause: RecordedEnd.Cause, at now: Instant) {
    guard record.end == nil else { return }
    record.closingFor = record.closingFor ?? cause
    record.tunnel.close(result: cause.reason.stopCCN, reason: cause.reason, at: now)
    work.append(.tunnel(record.number))
  }

  private mutating func markSpent(_ record: TunnelRecord) {
    guard record.connection != nil, !record.isCarrierLost else { return }
    carriers[record.carrier]?.isSpent = true
  }

  /// Tells the IPsec connection to disconnect, unless a standard connection has found other work
  /// meanwhile (LT-3).
  private mutating func disconnectIPsec(
    under record: TunnelRecord, _ reason: CloseReason, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    guard !record.isCarrierLost, let carrier = carriers[record.carrier],
      let connection = carrier.connection
    else { return }
    let others = carrier.tunnels.values.filter { $0 != record.number }
    guard record.host.rules.isSingleShot || others.isEmpty else { return }
    // What the tunnel still has to say (its StopCCN) must leave before the SA does.
    work.append(.tunnel(record.number))
    drainTunnel(record.number, at: now, using: &random)
    isakmp.close(connection, reason: reason, at: now, using: &random)
  }

  /// An IPsec connection is gone: nothing can be said any more, everything on it ends now.
  mutating func loseCarrier(
    _ id: CarrierID, _ cause: RecordedEnd.Cause, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    guard let carrier = carriers.removeValue(forKey: id) else { return }
    for spi in carrier.children { children[spi] = nil }
    for record in tunnelRecords(of: carrier) {
      record.isCarrierLost = true
      endTunnel(record, cause, at: now, using: &random)
      work.append(.tunnel(record.number))
    }
    // Last: until a session has ended, a route of another may pass to it.
    emit(.dataplane(.removeCarrier(id)))
  }

  /// Drops the record of a tunnel, and its clear carrier when that has no other.
  mutating func forgetTunnel(_ number: TunnelNumber) {
    guard let record = tunnels[number] else { return }
    removeTunnel(number)
    dropUnusedClearCarrier(record.carrier)
  }

  mutating func removeTunnel(_ number: TunnelNumber) {
    guard let record = tunnels.removeValue(forKey: number) else { return }
    deadlines.set(nil, for: .tunnel(number))
    if !record.isCarrierLost { carriers[record.carrier]?.tunnels[record.localID] = nil }
    if let index = closedTunnels.firstIndex(of: number) { closedTunnels.remove(at: index) }
  }

  mutating func forgetSession(_ id: SessionID) {
    if let carrier = sessions.removeValue(forKey: id)?.binding.carrier {
      carriers[carrier]?.closedSessions.removeAll { $0 == id }
    }
    deadlines.set(nil, for: .session(id))
    deadlines.set(nil, for: .closedSession(id))
    if let index = closedSessions.firstIndex(of: id) { closedSessions.remove(at: index) }
  }

  /// One peer's closed sessions make room for its own.
  mutating func reclaimSessions(of carrier: CarrierID) {
    guard let closed = carriers[carrier]?.closedSessions else { return }
    for id in closed.prefix(max(0, closed.count - limits.closedSessionsPerCarrierMax)) {
      forgetSession(id)
    }
  }

  /// Under pressure the oldest records of what is closed go first (LT-2), as if their destruct
  /// timeout were over: the IPsec connection of a standard tunnel goes with it (LT-3).
  mutating func reclaimRecords(
    at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    while closedTunnels.count > limits.closedRecordsMax, let oldest = closedTunnels.first {
      guard let record = tunnels[oldest] else {
        closedTunnels.removeFirst()
        continue
      }
      carryOut(record.lifecycle.expire(), for: record, at: now, using: &random)
    }
    while closedSessions.count > limits.closedRecordsMax, let oldest = closedSessions.first {
      forgetSession(oldest)
    }
  }
}
