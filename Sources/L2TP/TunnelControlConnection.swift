import Primitives

// The control connection's state table (RFC 2661 §7.2.1).

extension Tunnel {
  /// Accepts a message into the reliable channel and processes all that is in sequence then.
  mutating func take(
    _ message: ControlMessage, at now: Instant, using random: inout some RandomNumberGenerator
  ) throws(Violation) -> Violation? {
    try checkAddress(of: message)
    let reception = try channel.receive(message.header, at: now)
    lastHeard = max(lastHeard, now)
    defer { retainIfDone(at: now) }
    switch reception {
    case .duplicate: return nil
    case .hold:
      channel.hold(message)
      return nil
    case .deliver: break
    }
    var violation = process(message, at: now, using: &random)
    while let held = channel.nextHeld() {
      let next = process(held, at: now, using: &random)
      violation = violation ?? next
    }
    return violation
  }

  /// A message is ours by its Tunnel ID. Without one it may only be an SCCRQ or a StopCCN of a
  /// peer that has not heard our id (§4.4.3); such an SCCRQ never belongs to a tunnel that we
  /// opened (see `collide(with:at:)`).
  private func checkAddress(of message: ControlMessage) throws(Violation) {
    guard phase != .over else { throw .tunnelID }
    let header = message.header
    let mayLackTunnelID =
      message.type == .sccrq && role == .lns || message.type == .stopCCN
    guard header.tunnelID == localID || header.tunnelID == 0 && mayLackTunnelID else {
      throw .tunnelID
    }
    guard phase == .idle else { return }
    switch message.type {
    case .sccrq, .sccrp, .scccn, .stopCCN:
      guard header.ns == 0, header.nr == 0 else { throw .improperSequence }
    case .hello, .ocrq, .ocrp, .occn, .icrq, .icrp, .iccn, .cdn, .wen, .sli, nil:
      throw .notSCCRQ
    }
  }

  /// Transition table: RFC 2661 §7.2.1, row by row.
  private mutating func process(
    _ message: ControlMessage, at now: Instant, using random: inout some RandomNumberGenerator
  ) -> Violation? {
    guard let type = message.type else { return processUnknown(message, at: now) }
    var attributes = Attributes(message, secret: configuration.secret)
    switch (phase, type) {
    case (.idle, .sccrq): return acceptSCCRQ(&attributes, at: now, using: &random)
    case (.idle, .sccrp):
      remoteID = attributes.nonZero(.assignedTunnelID) ?? 0
      return stopForSequence(type, at: now)
    case (.idle, .scccn):
      return cleanUp(.negotiationFailed, violation: .improperSequence)

    case (.waitCtlReply, .sccrp): return acceptSCCRP(&attributes, at: now, using: &random)
    case (.waitCtlReply, .sccrq), (.waitCtlReply, .scccn): return stopForSequence(type, at: now)

    case (.waitCtlConn, .scccn): return acceptSCCCN(&attributes, at: now)
    case (.waitCtlConn, .sccrq), (.waitCtlConn, .sccrp): return stopForSequence(type, at: now)

    case (.established, .sccrq), (.established, .sccrp), (.established, .scccn):
      return stopForSequence(type, at: now)

    case (.idle, .stopCCN), (.waitCtlReply, .stopCCN), (.waitCtlConn, .stopCCN),
      (.established, .stopCCN):
      return receiveStopCCN(&attributes, at: now)

    // A Hello asks for its acknowledgement only (§6.5); a malformed one is malformed.
    case (.idle, .hello), (.waitCtlReply, .hello), (.waitCtlConn, .hello), (.established, .hello):
      return attributes.failure.flatMap { stop(for: $0, at: now) }

    case (.established, .ocrq), (.established, .ocrp), (.established, .occn),
      (.established, .icrq), (.established, .icrp), (.established, .iccn), (.established, .cdn),
      (.established, .wen), (.established, .sli):
      return receiveCall(type, message.header, &attributes, at: now, using: &random)

    // No call before the control connection (§5.0).
    case (.idle, .ocrq), (.idle, .ocrp), (.idle, .occn), (.idle, .icrq), (.idle, .icrp),
      (.idle, .iccn), (.idle, .cdn), (.idle, .wen), (.idle, .sli), (.waitCtlReply, .ocrq),
      (.waitCtlReply, .ocrp), (.waitCtlReply, .occn), (.waitCtlReply, .icrq),
      (.waitCtlReply, .icrp), (.waitCtlReply, .iccn), (.waitCtlReply, .cdn),
      (.waitCtlReply, .wen), (.waitCtlReply, .sli), (.waitCtlConn, .ocrq), (.waitCtlConn, .ocrp),
      (.waitCtlConn, .occn), (.waitCtlConn, .icrq), (.waitCtlConn, .icrp), (.waitCtlConn, .iccn),
      (.waitCtlConn, .cdn), (.waitCtlConn, .wen), (.waitCtlConn, .sli):
      return stopForSequence(type, at: now)

    // The table's "idle, receive SCCRP": we closed before the peer's id was known.
    case (.stopped, .sccrp):
      if remoteID == 0 { answerLate(&attributes, at: now) }
      return nil
    // Acknowledged by the channel, and nothing else.
    case (.stopped, _), (.over, _): return nil
    }
  }

  /// §4.4.1: an unknown type with the M bit clears the tunnel, one without is ignored.
  private mutating func processUnknown(_ message: ControlMessage, at now: Instant) -> Violation? {
    guard message.isTypeMandatory else { return nil }
    return stop(
      for: Malformation(
        violation: .unknownMessageType, error: .valueOutOfRange,
        text: "message type \(message.typeNumber ?? 0)"), at: now)
  }

  // MARK: Establishment

  private mutating func acceptSCCRQ(
    _ attributes: inout Attributes, at now: Instant, using random: inout some RandomNumberGenerator
  ) -> Violation? {
    let facts = SCCRQFacts(reading: &attributes)
    remoteID = facts.assignedTunnelID ?? 0
    channel.open(peerWindow: facts.peer.receiveWindow)
    accepted = facts
    if let violation = refuse(facts.peer, attributes, at: now) { return violation }
    guard let response = response(to: facts.challenge, in: .sccrp) else {
      return stopForAuthentication(at: now)
    }
    peer = facts.peer
    if configuration.requiresTunnelAuthentication { challengeSent = makeChallenge(using: &random) }
    phase = .waitCtlConn
    send(.sccrp, startAVPs + authenticationAVPs(response), at: now)
    return nil
  }

  private mutating func acceptSCCRP(
    _ attributes: inout Attributes, at now: Instant, using random: inout some RandomNumberGenerator
  ) -> Violation? {
    let facts = PeerFacts(reading: &attributes)
    remoteID = attributes.nonZero(.assignedTunnelID) ?? 0
    channel.open(peerWindow: facts.receiveWindow)
    let challenge = attributes.nonEmptyBytes(.challenge)
    if let violation = refuse(facts, attributes, at: now) { return violation }
    guard isProof(attributes.bytes(.challengeResponse), in: .sccrp),
      let response = response(to: challenge, in: .scccn)
    else { return stopForAuthentication(at: now) }
    peer = facts
    challengeSent = nil
    send(.scccn, hidden(authenticationAVPs(response), using: &random), at: now)
    establish(facts)
    for localID in sessions.keys.sorted() { sendICRQ(localID, at: now, using: &random) }
    return nil
  }

  private mutating func acceptSCCCN(
    _ attributes: inout Attributes, at now: Instant
  ) -> Violation? {
    if let failure = attributes.failure { return stop(for: failure, at: now) }
    guard isProof(attributes.bytes(.challengeResponse), in: .scccn), let peer else {
      return stopForAuthentication(at: now)
    }
    challengeSent = nil
    establish(peer)
    return nil
  }

  private mutating func establish(_ peer: PeerFacts) {
    phase = .established
    establishmentEnds = nil
    retransmissionsMax = configuration.retransmissionsMaxEstablished
    events.append(.established(peer))
  }

  /// SCCRQ or SCCRP that is not acceptable. Version 1 of the protocol is the only one there is; a
  /// peer with another is told so with the highest version that we support in the error code
  /// (§4.4.2).
  private mutating func refuse(
    _ peer: PeerFacts, _ attributes: Attributes, at now: Instant
  ) -> Violation? {
    if let failure = attributes.failure { return stop(for: failure, at: now) }
    guard peer.protocolVersion >> 8 != Self.protocolVersion >> 8 else { return nil }
    let result = ResultCode(
      stopCCN: .unsupportedVersion, error: ErrorCode(rawValue: Self.protocolVersion))
    stop(
      result, .negotiationFailed, CloseDetail(.local, result, violation: .protocolVersion),
      at: now)
    return .protocolVersion
  }

  static var protocolVersion: UInt16 { 0x0100 }
}
