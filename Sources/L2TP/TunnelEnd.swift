import Primitives

// How a control connection ends (RFC 2661 §5.7, §5.8, §7.2.1).

extension Tunnel {
  mutating func receiveStopCCN(
    _ attributes: inout Attributes, at now: Instant
  ) -> Violation? {
    // Deviation: Windows may name another tunnel in the Assigned Tunnel ID. The header, and the
    // carrier that authenticates the peer, say which tunnel it is.
    if remoteID == 0 { remoteID = attributes.nonZero(.assignedTunnelID) ?? 0 }
    let result = attributes.bytes(.resultCode).flatMap(ResultCode.init(parsing:))
    let reason: CloseReason
    switch (phase, result?.stopCCNResult) {
    case (_, .notAuthorized): reason = .authenticationFailed
    case (.established, _), (_, .shuttingDown), (_, .generalRequest): reason = .peerClosed
    case (_, .generalError), (_, .alreadyExists), (_, .unsupportedVersion),
      (_, .finiteStateMachineError), (_, nil):
      reason = .negotiationFailed
    }
    finish(reason, CloseDetail(.peer, result))
    channel.dropAll()
    return nil
  }

  mutating func stopForSequence(_ type: MessageType, at now: Instant) -> Violation? {
    let result = ResultCode(stopCCN: .finiteStateMachineError, text: "\(type) in \(phase.rawValue)")
    stop(
      result, .negotiationFailed, CloseDetail(.local, result, violation: .improperSequence),
      at: now)
    return .improperSequence
  }

  mutating func stopForAuthentication(at now: Instant) -> Violation? {
    let result = ResultCode(stopCCN: .notAuthorized)
    stop(
      result, .authenticationFailed, CloseDetail(.local, result, violation: .authentication),
      at: now)
    return .authentication
  }

  mutating func stop(for malformation: Malformation, at now: Instant) -> Violation? {
    let result = ResultCode(
      stopCCN: .generalError, error: malformation.error, text: malformation.text)
    stop(
      result, .negotiationFailed, CloseDetail(.local, result, violation: malformation.violation),
      at: now)
    return malformation.violation
  }

  /// Sends a StopCCN, which voids what was not sent yet, and cleans up.
  ///
  /// Before the peer's id is known nothing is sent; if its SCCRP still comes, it is answered with
  /// the StopCCN. So a peer that was never reached is not made to build a tunnel.
  mutating func stop(
    _ result: ResultCode, _ reason: CloseReason, _ detail: CloseDetail, at now: Instant
  ) {
    switch phase {
    case .stopped, .over: return
    case .idle, .waitCtlReply, .waitCtlConn, .established: break
    }
    finish(reason, detail)
    if remoteID == 0 { channel.dropAll() } else { sendStopCCN(result, at: now) }
    retainIfDone(at: now)
  }

  private mutating func sendStopCCN(_ result: ResultCode, at now: Instant) {
    channel.dropUnsent()
    send(.stopCCN, [AVP(.assignedTunnelID, localID), result.avp], at: now)
    channel.pump(at: now, ignoringCongestion: true)
  }

  mutating func answerLate(_ attributes: inout Attributes, at now: Instant) {
    guard let assigned = attributes.nonZero(.assignedTunnelID) else { return }
    remoteID = assigned
    retentionEnds = nil
    sendStopCCN(ResultCode(stopCCN: .generalRequest), at: now)
  }

  /// Retransmissions are spent: the connection is lost (§5.8), so nobody is told and nothing kept.
  mutating func giveUp(at now: Instant) {
    if phase == .established, channel.isHelloInFront, lastHeard > channel.cycleBegan {
      return channel.restartCycle(at: now)
    }
    if phase != .stopped {
      finish(phase == .established ? .deadPeer : .retriesExhausted, CloseDetail(.local))
    }
    forget()
  }

  mutating func cleanUp(_ reason: CloseReason, violation: Violation) -> Violation? {
    finish(reason, CloseDetail(.local, violation: violation))
    channel.dropAll()
    return violation
  }

  mutating func finish(_ reason: CloseReason, _ detail: CloseDetail) {
    for localID in sessions.keys.sorted() {
      if let session = sessions[localID] { end(session, reason, detail) }
    }
    phase = .stopped
    challengeSent = nil
    establishmentEnds = nil
    events.append(.closed(reason, detail))
  }

  mutating func forget() {
    channel.dropAll()
    retentionEnds = nil
    phase = .over
  }

  /// §5.7, §5.8: the state is kept for one retransmission cycle after the last exchange, so that a
  /// repeated message of the peer finds its acknowledgement.
  mutating func retainIfDone(at now: Instant) {
    guard phase == .stopped, channel.outgoing.isEmpty, retentionEnds == nil else { return }
    retentionEnds =
      now + configuration.retransmissionCycle(retransmissionsMax: retransmissionsMax)
  }
}
