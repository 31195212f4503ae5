import Dataplane
import IKE
import L2TP
import Primitives

// Control connections: whose a message is, what their events mean, when they go.
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
      receiveUnaddressed(message, on: carrier, peerPort: peerPort, at: now, using: &random)
    } else if let number = carriers[carrier]?.tunnels[header.tunnelID],
      let record = tunnels[number], record.tunnel.phase != .over
    {
      give(message, to: record, peerPort: peerPort, at: now, using: &random)
    } else {
      answerUnknown(message, on: carrier, peerPort: peerPort)
    }
    settle(at: now, using: &random)
  }

  /// Hands a message to its tunnel. Whoever answers our SCCRQ may do so from a port of his choice;
  /// after that both ports stay what they are (RFC 2661 §8.1).
  mutating func give(
    _ message: [UInt8], to record: TunnelRecord, peerPort: UInt16, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    let waitsForAnswer = record.tunnel.phase == .waitCtlReply
    let violation = record.tunnel.receive(message, at: now, using: &random)
    if waitsForAnswer, violation == nil { record.peerPort = peerPort }
    work.append(.tunnel(record.number))
  }

  /// A message without Tunnel ID is an SCCRQ, or the StopCCN of a peer that has not heard our id
  /// and names the tunnel by its own (§4.4.3).
  private mutating func receiveUnaddressed(
    _ message: [UInt8], on carrier: CarrierID, peerPort: UInt16, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    guard let stopped = StopCCNAddress(message) else {
      receiveSCCRQ(message, on: carrier, peerPort: peerPort, at: now, using: &random)
      return
    }
    // The newest, where a peer has used the same id again.
    let record = tunnelRecords(on: carrier).last {
      $0.tunnel.remoteID == stopped.tunnelID && $0.tunnel.phase != .over
    }
    guard let record else {
      answerUnknown(message, on: carrier, peerPort: peerPort)
      return
    }
    give(message, to: record, peerPort: peerPort, at: now, using: &random)
  }

  /// Nobody knows the tunnel (any more): a StopCCN is acknowledged, so that the peer gets done.
  private mutating func answerUnknown(
    _ message: [UInt8], on carrier: CarrierID, peerPort: UInt16
  ) {
    counters.unknownTunnel &+= 1
    if let answer = Tunnel.answerWithoutTunnel(to: message) {
      emit(.sendL2TP(answer, on: carrier, peerPort: peerPort))
    }
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
      guard !record.isCarrierLost else { continue }
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
      if record.isDialled { dialSession(of: record, at: now, using: &random) }
    case .sessionEstablished(let localID, let remoteID, let facts):
      openSession(
        on: record, localID: localID, peerID: remoteID, facts: facts, at: now, using: &random)
    case .sessionRefused(_, let result):
      refuseSession(
        of: record, RecordedEnd.Cause(.policyRefused, "CDN, result \(result.number)"), at: now)
    case .sessionClosed(let localID, let reason, let detail):
      let cause = RecordedEnd.Cause(reason, detail.sentence)
      if let id = record.sessions[localID] {
        endSession(id, cause, at: now, using: &random)
      } else {
        refuseSession(of: record, cause, at: now)
        let orders = record.lifecycle.sessionFailed()
        carryOut(orders, for: record, because: cause, at: now, using: &random)
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

  /// A call came to nothing before it was a session, ours or the peer's.
  mutating func refuseSession(
    of record: TunnelRecord, _ cause: RecordedEnd.Cause, at now: Instant
  ) {
    counters.sessionsRefused &+= 1
    // Whoever dialled waits for exactly this.
    let isReported =
      record.isDialled || carriers[record.carrier]?.mayReportRefusal(at: now) ?? true
    guard isReported else { return }
    emit(.event(.sessionRefused(record.number, cause.reason, detail: cause.detail)))
  }

  /// The tunnel is closed: its sessions end with it, its record stays for the destruct timeout.
  mutating func endTunnel(
    _ record: TunnelRecord, _ reported: RecordedEnd.Cause, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    guard record.end == nil else { return }
    let cause = record.closingFor ?? reported
    let wasUp = record.lifecycle.phase != .negotiating
    record.end = RecordedEnd(at: now, cause: cause)
    for id in record.sessions.values.sorted() { endSession(id, cause, at: now, using: &random) }
    emit(.event(.tunnelClosed(record.number, cause.reason, detail: cause.detail)))
    closedTunnels.append(record.number)
    carryOut(record.lifecycle.tunnelClosed(at: now), for: record, at: now, using: &random)
    // Anybody can send an SCCRQ in clear under any address: what never was up leaves no record.
    if record.connection == nil, !wasUp {
      carryOut(record.lifecycle.expire(), for: record, at: now, using: &random)
    }
    work.append(.tunnel(record.number))
    reclaimRecords(at: now, using: &random)
  }
}
