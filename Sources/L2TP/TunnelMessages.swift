import Primitives

// What the tunnel sends for itself: start messages, Hello (RFC 2661 §6.1–6.5).

extension Tunnel {
  /// Enqueues a message; it leaves with the next `pump`.
  mutating func send(
    _ type: MessageType, to sessionID: UInt16 = 0, _ avps: [AVP], at now: Instant
  ) {
    channel.resume(at: now)
    channel.enqueue(
      ReliableChannel.Outgoing(
        tunnelID: remoteID, sessionID: sessionID,
        body: ControlMessage.body(of: [AVP(.messageType, type.rawValue)] + avps),
        isHello: type == .hello))
  }

  mutating func sendSCCRQ(at now: Instant, using random: inout some RandomNumberGenerator) {
    var avps = startAVPs
    if configuration.usesTieBreaker {
      let value = random.bytes(8)
      tieBreaker = value.reduce(0) { $0 << 8 | UInt64($1) }
      avps.append(AVP(.tieBreaker, value))
    }
    if configuration.requiresTunnelAuthentication { challengeSent = makeChallenge(using: &random) }
    phase = .waitCtlReply
    send(.sccrq, avps + authenticationAVPs([]), at: now)
    channel.pump(at: now)
  }

  /// What SCCRQ and SCCRP have in common.
  var startAVPs: [AVP] {
    // Both framings, because PPP over L2TP has neither; no bearer, because we place no calls.
    let framing: UInt32 = 3
    return [
      AVP(.protocolVersion, Self.protocolVersion),
      AVP(.framingCapabilities, framing),
      AVP(.bearerCapabilities, UInt32(0)),
      AVP(.firmwareRevision, configuration.firmwareRevision),
      AVP(.hostName, text: configuration.hostName),
      AVP(.vendorName, text: configuration.vendorName),
      AVP(.assignedTunnelID, localID),
      AVP(.receiveWindowSize, configuration.receiveWindow),
    ]
  }

  /// `avps` with what may be hidden hidden, if the configuration wants it (§4.3).
  ///
  /// SCCRQ and SCCRP are never hidden: the receiver needs the host name's owner to know whose
  /// secret reveals them, nothing in them is worth hiding, and xl2tpd has no secret at hand before
  /// it has seen a challenge.
  func hidden(_ avps: [AVP], using random: inout some RandomNumberGenerator) -> [AVP] {
    guard configuration.hideAVPs, let secret = configuration.secret,
      avps.contains(where: { $0.type?.mayBeHidden ?? false })
    else { return avps }
    let randomVector = random.bytes(16)
    return [AVP(.randomVector, randomVector)]
      + avps.map { avp in
        let padding = random.bytes(Int.random(in: 0..<16, using: &random))
        return avp.hidden(with: secret, randomVector: randomVector, padding: padding)
      }
  }

  // MARK: Hello

  /// When silence has lasted long enough for a Hello (§5.5). A message that waits for its
  /// acknowledgement proves as much.
  var helloDue: Instant? {
    guard phase == .established, configuration.helloInterval > .zero, channel.outgoing.isEmpty
    else { return nil }
    return lastHeard + configuration.helloInterval
  }

  /// Ends what was not established in time: the tunnel, or sessions with the RFC's "not established
  /// within time allotted" (§4.4.2).
  mutating func endOverdue(at now: Instant) {
    if let establishmentEnds, establishmentEnds <= now {
      let result = ResultCode(stopCCN: .generalRequest, text: "not established in time")
      return stop(result, .negotiationFailed, CloseDetail(.local, result), at: now)
    }
    while let first = establishing.first, first.due <= now {
      closeSession(
        first.localID, result: ResultCode(cdn: .notEstablishedInTime),
        reason: .negotiationFailed, at: now)
    }
  }

  mutating func sendHello(at now: Instant) {
    send(.hello, [], at: now)
    channel.pump(at: now)
  }

  /// A peer that does not acknowledge a Hello and yet sends something is alive: the Hello is
  /// repeated only when there was silence again.
  ///
  /// Deviation: §5.8 would clear the tunnel; Android 9 and 10 ignore Hello. Returns whether the
  /// repetition that is due now was put off.
  mutating func suspendHello(at now: Instant) -> Bool {
    guard phase == .established, channel.awaitsHelloOnly, let due = channel.due, due <= now,
      lastHeard > channel.cycleBegan
    else { return false }
    let resumption = lastHeard + configuration.helloInterval
    guard resumption > now else { return false }
    channel.suspend(until: resumption)
    return true
  }
}
