import Dataplane
import IKE
import L2TP
import PPP
import Primitives

// What the owner asks for: dial, close, drain.
extension Endpoint {
  /// Opens a tunnel to a gateway; the events tell how it goes, under this connection.
  public mutating func dial(
    _ request: DialRequest, at now: Instant, using random: inout some RandomNumberGenerator
  ) -> ConnectionID {
    let connection = isakmp.initiate(request.connection, at: now, using: &random)
    dials[connection] = request
    settle(at: now, using: &random)
    return connection
  }

  /// The first ESP SAs of a dialled connection are up: open the control connection, once.
  mutating func startDial(
    on connection: ConnectionID, at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    guard let request = dials.removeValue(forKey: connection) else { return }
    let id = CarrierID(connection.value)
    let tunnel = Tunnel(
      opening: request.host.tunnelUnderRules, localID: freeTunnelID(on: id, using: &random),
      at: now, using: &random)
    let record = addTunnel(
      tunnel, on: id, profile: AdmittedProfile(dialling: request.host),
      peerPort: request.peerPort, at: now)
    guard let record else { return }
    record.isDialled = true
    record.inactivityTimeout = request.inactivityTimeout
    work.append(.tunnel(record.number))
  }

  /// Asks the gateway for a session in a tunnel that this end opened.
  mutating func dialSession(
    of record: TunnelRecord, at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    var localID: UInt16 = random.nonZero()
    let taken = Set(record.tunnel.snapshot.sessions.map(\.localID))
    while taken.contains(localID) { localID = random.nonZero() }
    do throws(SessionOpenError) {
      try record.tunnel.openSession(localID: localID, at: now, using: &random)
    } catch {
      refuseSession(of: record, RecordedEnd.Cause(.policyRefused, "\(error)"), at: now)
    }
    work.append(.tunnel(record.number))
  }

  /// Asks for one more session in a standing tunnel that this end opened.
  /// - Returns: `false` when there is no such tunnel.
  public mutating func openSession(
    in number: TunnelNumber, at now: Instant, using random: inout some RandomNumberGenerator
  ) -> Bool {
    guard let record = tunnels[number], record.end == nil, record.isDialled else { return false }
    dialSession(of: record, at: now, using: &random)
    settle(at: now, using: &random)
    return true
  }

  /// Closes a tunnel, its sessions first.
  /// - Returns: `false` when there is no such live tunnel.
  public mutating func closeTunnel(
    _ number: TunnelNumber, _ reason: CloseReason, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) -> Bool {
    guard let record = tunnels[number], record.end == nil else { return false }
    disconnect(record, RecordedEnd.Cause(reason), at: now)
    settle(at: now, using: &random)
    return true
  }

  /// Closes a session in order; `detail` is for people.
  /// - Returns: `false` when there is no such live session.
  public mutating func closeSession(
    _ id: SessionID, _ reason: CloseReason, detail: String = "", at now: Instant,
    using random: inout some RandomNumberGenerator
  ) -> Bool {
    guard let session = sessions[id], session.end == nil else { return false }
    closeSession(id, RecordedEnd.Cause(reason, detail), at: now)
    settle(at: now, using: &random)
    return true
  }

  /// Closes an IPsec connection and everything on it; the peer is told at every layer.
  /// - Returns: `false` when there is no such connection.
  public mutating func closeConnection(
    _ connection: ConnectionID, _ reason: CloseReason, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) -> Bool {
    let id = CarrierID(connection.value)
    guard carriers[id] != nil else {
      guard dials.removeValue(forKey: connection) != nil else { return false }
      isakmp.close(connection, reason: reason, at: now, using: &random)
      settle(at: now, using: &random)
      return true
    }
    for record in tunnelRecords(on: id) {
      disconnect(record, RecordedEnd.Cause(reason), at: now)
    }
    settle(at: now, using: &random)
    isakmp.close(connection, reason: reason, at: now, using: &random)
    settle(at: now, using: &random)
    return true
  }

  /// Refuses new tunnels and new sessions from now on; what stands stays.
  public mutating func drain() {
    isDraining = true
    for record in tunnels.values { record.tunnel.drain() }
  }

  /// Closes everything, telling every peer, for good: no peer's main mode is answered afterwards.
  public mutating func shutDown(
    at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    drain()
    let connections = carriers.values.compactMap(\.connection) + dials.keys
    for connection in Set(connections).sorted() {
      _ = closeConnection(connection, .shutdown, at: now, using: &random)
    }
    for number in tunnels.keys.sorted() {
      _ = closeTunnel(number, .shutdown, at: now, using: &random)
    }
    isShutDown = true
  }
}
