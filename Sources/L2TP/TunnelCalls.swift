import Primitives

// Sessions of a tunnel: incoming calls (RFC 2661 §7.4).

extension Tunnel {
  /// Processes a call message in sequence on an established tunnel.
  mutating func receiveCall(
    _ type: MessageType, _ header: ControlHeader, _ attributes: inout Attributes, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) -> Violation? {
    let assigned = attributes.nonZero(.assignedSessionID)
    guard let session = session(of: type, header, assigned) else {
      return receiveWithoutSession(type, &attributes, assigned, at: now, using: &random)
    }
    switch session.state.action(on: type, role: role) {
    case .answer: return answer(session, assigned, &attributes, at: now, using: &random)
    case .connect: return connect(session, &attributes, at: now)
    case .cleanUp:
      receiveCDN(session, &attributes)
      return nil
    case .note:
      if type == .wen { attributes.check(.callErrors, byteCount: 26) }
      if type == .sli { attributes.check(.accm, byteCount: 10) }
      return attributes.failure.flatMap { disconnect(session, for: $0, at: now) }
    case .admit, .disconnect, .refuse, .ignore:
      return disconnect(
        session,
        for: Malformation(
          violation: .improperSequence, error: .invalidSessionID,
          text: "\(type) in \(session.state.rawValue)"), at: now)
    }
  }

  /// Rows of the state "idle".
  private mutating func receiveWithoutSession(
    _ type: MessageType, _ attributes: inout Attributes, _ assigned: UInt16?, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) -> Violation? {
    switch SessionState.idle.action(on: type, role: role) {
    case .admit: return admit(assigned, &attributes, at: now, using: &random)
    case .refuse:
      // A call that can never be taken here: we place none, and a LAC takes none.
      let result = ResultCode(cdn: .noFacilitiesPermanent)
      if let assigned { refuse(remoteID: assigned, result, at: now, using: &random) }
      return type == .icrq || type == .ocrq ? nil : .unknownSession
    case .ignore, .answer, .connect, .disconnect, .cleanUp, .note:
      // A CDN for a session that we have just closed is usual: the two cross.
      return type == .cdn ? nil : .unknownSession
    }
  }

  /// ICRQ and OCRQ name the session by the peer's id only; the others by ours, except a CDN from
  /// a peer that has not heard ours (§4.4.4).
  private func session(
    of type: MessageType, _ header: ControlHeader, _ assigned: UInt16?
  ) -> Session? {
    let isByRemoteID =
      type == .icrq || type == .ocrq || type == .cdn && header.sessionID == 0
    guard isByRemoteID else { return sessions[header.sessionID] }
    return assigned.flatMap { localIDs[$0] }.flatMap { sessions[$0] }
  }

  // MARK: LNS

  private mutating func admit(
    _ assigned: UInt16?, _ attributes: inout Attributes, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) -> Violation? {
    let facts = SessionFacts(readingICRQ: &attributes)
    if let failure = attributes.failure {
      if let assigned {
        let result = ResultCode(cdn: .generalError, error: failure.error, text: failure.text)
        refuse(remoteID: assigned, result, at: now, using: &random)
      }
      return failure.violation
    }
    guard let assigned else { return .missingAVP }
    if let result = refusalToAdmit {
      refuse(remoteID: assigned, result, at: now, using: &random)
      return nil
    }
    let session = Session(
      localID: freeSessionID(using: &random), remoteID: assigned, state: .waitConnect,
      facts: facts)
    insert(session, at: now)
    localIDs[assigned] = session.localID
    send(
      .icrp, to: assigned, hidden([AVP(.assignedSessionID, session.localID)], using: &random),
      at: now)
    return nil
  }

  /// Draining is an administrator's will (3); a full tunnel may have room later (4), a spent one
  /// never again (5).
  private var refusalToAdmit: ResultCode? {
    if isDraining { return ResultCode(cdn: .administrative) }
    if isSpent { return ResultCode(cdn: .noFacilitiesPermanent) }
    if sessions.count >= configuration.sessionsMax {
      return ResultCode(cdn: .noFacilitiesTemporary)
    }
    return nil
  }

  /// No session may come after those that the tunnel has had (LT-4).
  public var isSpent: Bool {
    configuration.sessionsInLifeMax.map { sessionsInLife >= $0 } ?? false
  }

  private mutating func connect(
    _ session: Session, _ attributes: inout Attributes, at now: Instant
  ) -> Violation? {
    var session = session
    session.facts.read(iccn: &attributes)
    if let failure = attributes.failure { return disconnect(session, for: failure, at: now) }
    session.state = .established
    sessions[session.localID] = session
    establishing.removeAll { $0.localID == session.localID }
    events.append(
      .sessionEstablished(
        localID: session.localID, remoteID: session.remoteID, facts: session.facts))
    return nil
  }

  // MARK: LAC

  /// The same limits as at the LNS, so that a single-shot tunnel asks once.
  var refusalToOpen: SessionOpenError? {
    if phase == .stopped || phase == .over { return .tunnelClosed }
    if role == .lns { return .notLAC }
    if isDraining { return .draining }
    if isSpent { return .spent }
    if sessions.count >= configuration.sessionsMax { return .sessionsMax }
    return channel.isFull ? .backlog : nil
  }

  mutating func sendICRQ(
    _ localID: UInt16, at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    guard var session = sessions[localID], session.state == .waitTunnel else { return }
    session.state = .waitReply
    sessions[localID] = session
    let avps = [AVP(.assignedSessionID, localID)] + session.facts.icrqAVPs
    send(.icrq, hidden(avps, using: &random), at: now)
  }

  private mutating func answer(
    _ session: Session, _ assigned: UInt16?, _ attributes: inout Attributes, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) -> Violation? {
    attributes.require(.assignedSessionID)
    if let failure = attributes.failure { return disconnect(session, for: failure, at: now) }
    guard let assigned, localIDs[assigned] == nil else {
      return disconnect(session, for: .outOfRange(.assignedSessionID), at: now)
    }
    var session = session
    session.remoteID = assigned
    session.state = .established
    sessions[session.localID] = session
    establishing.removeAll { $0.localID == session.localID }
    localIDs[assigned] = session.localID
    send(.iccn, to: assigned, hidden(session.facts.iccnAVPs, using: &random), at: now)
    events.append(
      .sessionEstablished(localID: session.localID, remoteID: assigned, facts: session.facts))
    return nil
  }

  // MARK: The end

  private mutating func receiveCDN(_ session: Session, _ attributes: inout Attributes) {
    var detail = CloseDetail(.peer)
    detail.resultCode = attributes.bytes(.resultCode).flatMap(ResultCode.init(parsing:))
    detail.pppDisconnectCause = attributes.bytes(.pppDisconnectCauseCode).flatMap(
      PPPDisconnectCause.init(parsing:))
    detail.q931Cause = attributes.bytes(.q931CauseCode).flatMap(Q931Cause.init(parsing:))
    let reason: CloseReason
    switch (session.state, detail.resultCode?.cdnResult) {
    case (.established, _): reason = .peerClosed
    case (_, .administrative), (_, .noFacilitiesTemporary), (_, .noFacilitiesPermanent),
      (_, .invalidDestination):
      reason = .policyRefused
    case (_, .lossOfCarrier), (_, .generalError), (_, .noCarrier), (_, .busy), (_, .noDialTone),
      (_, .notEstablishedInTime), (_, .noFraming), (_, nil):
      reason = .negotiationFailed
    }
    end(session, reason, detail)
  }

  private mutating func disconnect(
    _ session: Session, for malformation: Malformation, at now: Instant
  ) -> Violation? {
    let result = ResultCode(cdn: .generalError, error: malformation.error, text: malformation.text)
    sendCDN(localID: session.localID, remoteID: session.remoteID, result, at: now)
    end(
      session, .negotiationFailed,
      CloseDetail(.local, result, violation: malformation.violation))
    return malformation.violation
  }

  /// Refuses a call that has no session here; the id that the CDN must carry is given for this one
  /// message.
  private mutating func refuse(
    remoteID: UInt16, _ result: ResultCode, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    sendCDN(localID: freeSessionID(using: &random), remoteID: remoteID, result, at: now)
    events.append(.sessionRefused(remoteID: remoteID, result))
  }

  mutating func sendCDN(
    localID: UInt16, remoteID: UInt16, _ result: ResultCode, cause: PPPDisconnectCause? = nil,
    at now: Instant
  ) {
    var avps = [result.avp, AVP(.assignedSessionID, localID)]
    if let cause { avps.append(cause.avp) }
    send(.cdn, to: remoteID, avps, at: now)
  }

  /// Enters a new session into the tables.
  mutating func insert(_ session: Session, at now: Instant) {
    sessionsInLife += 1
    sessions[session.localID] = session
    establishing.append(
      EstablishingSession(localID: session.localID, due: now + configuration.establishmentMax))
  }

  /// Removes a session from the tables and tells of its end.
  mutating func end(_ session: Session, _ reason: CloseReason, _ detail: CloseDetail) {
    sessions[session.localID] = nil
    establishing.removeAll { $0.localID == session.localID }
    if localIDs[session.remoteID] == session.localID { localIDs[session.remoteID] = nil }
    events.append(.sessionClosed(localID: session.localID, reason, detail))
  }

  /// A free id near a random one. At most half of the ids are in use, so there always is one.
  private func freeSessionID(using random: inout some RandomNumberGenerator) -> UInt16 {
    var id: UInt16 = random.nonZero()
    while id == 0 || sessions[id] != nil { id &+= 1 }
    return id
  }
}
