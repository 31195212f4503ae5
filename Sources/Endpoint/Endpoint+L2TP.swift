import Dataplane
import IKE
import L2TP
import Primitives

// Control connections: who may open one, what their events mean, when they go.
extension Endpoint {
  /// An L2TP control message arrived inside an IPsec connection (or clear, on a clear carrier).
  ///
  /// - Parameters:
  ///   - carrier: whose SA decrypted it; never guessed from addresses.
  ///   - peerPort: the UDP port the peer used inside; clients may use any.
  public mutating func receiveL2TP(
    _ message: [UInt8], on carrier: CarrierID, peerPort: UInt16, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    guard carriers[carrier] != nil else {
      counters.unknownCarrier &+= 1
      return
    }
    let header: ControlHeader
    do throws(L2TP.Violation) {
      header = try ControlHeader(parsing: message)
    } catch {
      counters.malformedL2TP &+= 1
      return
    }
    if header.tunnelID == 0 {
      receiveSCCRQ(message, on: carrier, peerPort: peerPort, at: now, using: &random)
    } else if let number = carriers[carrier]?.tunnels[header.tunnelID],
      let record = tunnels[number]
    {
      record.peerPort = peerPort
      record.tunnel.receive(message, at: now, using: &random)
      work.append(.tunnel(number))
    } else {
      counters.unknownTunnel &+= 1
      if let answer = Tunnel.answerWithoutTunnel(to: message) {
        emit(.sendL2TP(answer, on: carrier, peerPort: peerPort))
      }
    }
    settle(at: now, using: &random)
  }

  private mutating func receiveSCCRQ(
    _ message: [UInt8], on carrier: CarrierID, peerPort: UInt16, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    guard let facts = readSCCRQ(message, on: carrier) else {
      counters.malformedL2TP &+= 1
      return
    }
    if let record = repeatedTunnel(of: facts, on: carrier, at: now) {
      record.tunnel.receive(message, at: now, using: &random)
      work.append(.tunnel(record.number))
      return
    }
    switch admit(facts, on: carrier) {
    case .success(let (destination, host)):
      let localID = freeTunnelID(on: carrier, using: &random)
      let record = addTunnel(
        Tunnel(accepting: host.tunnel, localID: localID, at: now), on: carrier,
        destination: destination, host: host, peerPort: peerPort, at: now)
      record.tunnel.receive(message, at: now, using: &random)
      guard record.tunnel.phase != .idle else {
        // The SCCRQ was no good after all: nothing began.
        forgetTunnel(record.number)
        counters.malformedL2TP &+= 1
        return
      }
      work.append(.tunnel(record.number))
    case .failure(let refusal):
      counters.tunnelsRefused &+= 1
      emit(
        .event(
          .tunnelRefused(
            carrier, hostName: facts.peer.hostName, refusal.cause.reason,
            detail: refusal.cause.detail)))
      let answer = Tunnel.refusal(
        of: facts, localID: freeTunnelID(on: carrier, using: &random),
        result: ResultCode(stopCCN: refusal.result, text: refusal.cause.detail))
      if let answer { emit(.sendL2TP(answer, on: carrier, peerPort: peerPort)) }
    }
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

  private struct Refusal: Error {
    var cause: RecordedEnd.Cause
    var result: StopCCNResult
  }

  private func repeatedTunnel(
    of facts: SCCRQFacts, on carrier: CarrierID, at now: Instant
  ) -> TunnelRecord? {
    let numbers = carriers[carrier]?.tunnels.values.sorted() ?? []
    for number in numbers {
      if let record = tunnels[number], record.tunnel.isRepetition(facts, at: now) { return record }
    }
    return nil
  }

  /// Decides whether a new tunnel may be opened, and by which profile (LT-4, LT-6, LT-8).
  private func admit(
    _ facts: SCCRQFacts, on id: CarrierID
  ) -> Result<(destination: String, host: RemoteHostProfile), Refusal> {
    guard let carrier = carriers[id] else {
      return .failure(Refusal(cause: .init(.internalError, "no carrier"), result: .notAuthorized))
    }
    guard !carrier.isSpent, !(carrier.isSingleShot && !carrier.tunnels.isEmpty) else {
      return .failure(
        Refusal(
          cause: .init(.singleShotSpent, "this IPsec connection has carried its one tunnel"),
          result: .notAuthorized))
    }
    guard !isDraining else {
      return .failure(
        Refusal(cause: .init(.policyRefused, "the gateway is draining"), result: .shuttingDown))
    }
    let remote = carrier.path.remote.address
    guard let destination = DestinationProfile.matching(remote, among: destinations),
      let host = destination.host(named: facts.peer.hostName)
    else {
      return .failure(
        Refusal(
          cause: .init(.policyRefused, "no destination profile for \(remote) and this host name"),
          result: .notAuthorized))
    }
    guard carrier.connection != nil || !host.requiresIPsec else {
      return .failure(
        Refusal(cause: .init(.policyRefused, "IPsec is required"), result: .notAuthorized))
    }
    guard tunnels.count < limits.tunnelsMax + limits.closedRecordsMax,
      carrier.tunnels.count < limits.tunnelsPerCarrierMax
    else {
      return .failure(
        Refusal(cause: .init(.policyRefused, "too many tunnels"), result: .generalError))
    }
    return .success((destination.name, host))
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

  mutating func addTunnel(
    _ tunnel: consuming Tunnel, on carrier: CarrierID, destination: String,
    host: RemoteHostProfile, peerPort: UInt16, at now: Instant
  ) -> TunnelRecord {
    let record = TunnelRecord(
      number: TunnelNumber(tunnelNumberNext), carrier: carrier, destination: destination,
      host: host, openedAt: now, peerPort: peerPort, tunnel: tunnel)
    tunnelNumberNext &+= 1
    tunnels[record.number] = record
    carriers[carrier]?.tunnels[record.localID] = record.number
    if host.rules.isSingleShot { carriers[carrier]?.isSingleShot = true }
    return record
  }

  mutating func drainTunnel(
    _ number: TunnelNumber, at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    guard let record = tunnels[number] else { return }
    flushTransmits(of: record)
    while let event = record.tunnel.nextEvent() {
      handle(event, of: record, at: now, using: &random)
      flushTransmits(of: record)
    }
    if record.end != nil, record.lifecycle.phase == .gone { return }
    deadlines.set(record.nextTimeout, for: .tunnel(number))
  }

  private mutating func flushTransmits(of record: TunnelRecord) {
    while let message = record.tunnel.nextTransmit() {
      guard carriers[record.carrier] != nil else { continue }
      emit(.sendL2TP(message, on: record.carrier, peerPort: record.peerPort))
    }
  }

  private mutating func handle(
    _ event: TunnelEvent, of record: TunnelRecord, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    switch event {
    case .established:
      record.lifecycle.tunnelEstablished(at: now)
      emit(.event(.tunnelUp(record.number)))
      if record.dial != nil { dialSession(of: record, at: now, using: &random) }
    case .sessionEstablished(let localID, let remoteID, let facts):
      openSession(
        on: record, localID: localID, peerID: remoteID, facts: facts, at: now, using: &random)
    case .sessionRefused(_, let result):
      emit(.event(.sessionRefused(record.number, .policyRefused, detail: result.text)))
    case .sessionClosed(let localID, let reason, let detail):
      let cause = RecordedEnd.Cause(reason, detail.sentence)
      if let id = record.sessions[localID] {
        endSession(id, cause, at: now, using: &random)
      } else {
        if record.dial != nil { record.closingFor = record.closingFor ?? cause }
        carryOut(record.lifecycle.sessionFailed(), for: record, at: now, using: &random)
      }
    case .closed(let reason, let detail):
      endTunnel(record, RecordedEnd.Cause(reason, detail.sentence), at: now, using: &random)
    }
  }

  mutating func tunnelTimeout(
    _ number: TunnelNumber, at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    guard let record = tunnels[number] else { return }
    record.tunnel.handleTimeout(at: now)
    let orders = record.lifecycle.handleTimeout(at: now)
    carryOut(orders, for: record, at: now, using: &random)
    work.append(.tunnel(number))
  }

  /// The tunnel is closed: its sessions end with it, its record stays for the destruct timeout.
  mutating func endTunnel(
    _ record: TunnelRecord, _ reported: RecordedEnd.Cause, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    guard record.end == nil else { return }
    let cause = record.closingFor ?? reported
    record.end = RecordedEnd(at: now, cause: cause)
    for id in record.sessions.values.sorted() { endSession(id, cause, at: now, using: &random) }
    emit(.event(.tunnelClosed(record.number, cause.reason, detail: cause.detail)))
    closedTunnels.append(record.number)
    carryOut(record.lifecycle.tunnelClosed(at: now), for: record, at: now, using: &random)
    work.append(.tunnel(record.number))
    reclaimRecords(at: now, using: &random)
  }
}
