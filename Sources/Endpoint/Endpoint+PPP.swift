import Dataplane
import L2TP
import PPP
import Primitives

// Sessions: the PPP link on each, what the owner answers, when they go.
extension Endpoint {
  /// A PPP control frame arrived on a session (from its protocol field on).
  public mutating func receivePPP(
    _ frame: [UInt8], on id: SessionID, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    guard let session = sessions[id], session.end == nil else {
      counters.unknownSession &+= 1
      return
    }
    session.link.receive(frame, at: now, using: &random)
    work.append(.session(id))
    settle(at: now, using: &random)
  }

  /// Answers `EndpointOutput.authenticate`.
  public mutating func completeAuthentication(
    of id: SessionID, ticket: UInt32, _ verdict: AuthenticationVerdict, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    guard let session = sessions[id], session.end == nil else { return }
    session.link.completeAuthentication(ticket, verdict, at: now, using: &random)
    work.append(.session(id))
    settle(at: now, using: &random)
  }

  /// Answers `EndpointOutput.needsAddress`.
  ///
  /// - Parameter networks: IPv4 networks behind the peer, that packets may come from and go to; at
  ///   most `SessionConfiguration.sourcesMax`, the rest is left out.
  public mutating func assignAddress(
    _ offer: AddressOffer, networks: [IPPrefix] = [], to id: SessionID, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    guard let session = sessions[id], session.end == nil else { return }
    let routable = networks.filter(\.address.isIPv4)
    session.networks = Array(routable.prefix(SessionConfiguration.sourcesMax))
    session.link.assignAddress(offer, at: now, using: &random)
    work.append(.session(id))
    settle(at: now, using: &random)
  }

  /// Answers `EndpointOutput.reportActivity`: when a user's packet last passed.
  public mutating func noteUserActivity(
    on id: SessionID, last: Instant?, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    guard let session = sessions[id], session.end == nil else { return }
    session.isReportPending = false
    if let last { session.lastUserActivity = max(session.lastUserActivity, last) }
    if let deadline = session.inactivityDeadline, deadline <= now {
      closeSession(id, RecordedEnd.Cause(.inactivity, "no user activity"), at: now)
    }
    work.append(.session(id))
    settle(at: now, using: &random)
  }

  mutating func openSession(
    on record: TunnelRecord, localID: UInt16, peerID: UInt16, facts: SessionFacts,
    at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    guard admitsSession(localID, of: record, at: now) else { return }
    let id = SessionID(sessionNumberNext)
    sessionNumberNext &+= 1
    var binding = SessionConfiguration(
      carrier: record.carrier, localTunnelID: record.localID, localSessionID: localID,
      peerTunnelID: record.tunnel.remoteID, peerSessionID: peerID)
    binding.peerPort = record.peerPort
    if facts.isSequencingRequired { binding.sequencing = .always }
    let session = SessionRecord(
      id: id, tunnel: record.number, binding: binding, openedAt: now,
      link: PPPLink(record.host.ppp.link))
    session.inactivityTimeout = record.inactivityTimeout
    sessions[id] = session
    census.add(under: record.profile)
    record.sessions[localID] = id
    record.lifecycle.sessionOpened(at: now)
    emit(.dataplane(.bindSession(id, binding)))
    session.link.start(at: now, using: &random)
    work.append(.session(id))
  }

  mutating func drainSession(
    _ id: SessionID, at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    guard let session = sessions[id] else { return }
    flushFrames(of: session)
    while session.end == nil, let event = session.link.nextEvent() {
      handle(event, of: session, at: now, using: &random)
      flushFrames(of: session)
    }
    guard session.end == nil else { return }
    deadlines.set(session.nextTimeout, for: .session(id))
  }

  private mutating func flushFrames(of session: SessionRecord) {
    while let frame = session.link.nextTransmit() {
      guard session.end == nil else { continue }
      emit(.sendPPP(frame, on: session.id))
    }
  }

  private mutating func handle(
    _ event: PPPEvent, of session: SessionRecord, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    switch event {
    case .lcpUp(let result):
      session.lcp = result
      session.binding.compressesAddressAndControl = result.peerAcceptsACFC
      session.binding.compressesProtocol = result.peerAcceptsPFC
      emit(.dataplane(.updateSession(session.id, session.binding)))
    case .authenticate(let request):
      emit(.authenticate(session.id, request))
    case .authenticated(let user):
      session.user = user
    case .needsAddress(let user):
      let profile = tunnels[session.tunnel]?.host.ppp.name ?? ""
      emit(.needsAddress(session.id, user: user, profile: profile))
    case .up(let facts):
      openNetwork(of: session, facts, at: now)
    case .networkDown:
      session.binding.isOpen = false
      emit(.dataplane(.updateSession(session.id, session.binding)))
      releaseRoutes(of: session)
    case .down(let reason, let detail):
      sessionLinkDown(session, RecordedEnd.Cause(reason, detail), at: now, using: &random)
    }
  }

  /// IPCP is up: packets may pass, from and to the addresses that were agreed.
  private mutating func openNetwork(
    of session: SessionRecord, _ facts: NetworkFacts, at now: Instant
  ) {
    session.network = facts
    if !session.wasUp { session.lastUserActivity = now }
    session.wasUp = true
    let clampsMSS = tunnels[session.tunnel]?.host.ppp.clampsMSS ?? true
    session.binding.segmentBytesMax =
      clampsMSS ? UInt16(clamping: facts.mssClamp.ipv4Bytes) : 0
    session.binding.isOpen = true
    // Behind a gateway lie networks that only the kernel's routes know; behind a client one host.
    let isDialled = tunnels[session.tunnel]?.isDialled == true
    let everywhere = IPPrefix(.v4(.any), lengthBits: 0)
    let reach = isDialled ? everywhere : IPPrefix(.v4(facts.peerAddress), lengthBits: 32)
    if isDialled {
      session.binding.allowedSources = [everywhere].compactMap { $0 }
    } else {
      session.binding.innerAddress = facts.peerAddress
      session.binding.allowedSources = session.networks
    }
    emit(.dataplane(.updateSession(session.id, session.binding)))
    session.routes = [reach].compactMap { $0 } + session.networks
    for prefix in session.routes where routes.claim(prefix, for: session.id) {
      emit(.dataplane(.addRoute(prefix, .session(session.id))))
    }
    emit(.event(.sessionUp(session.id, facts)))
  }

  /// Its routes go, or pass to the session that leads to the same networks.
  private mutating func releaseRoutes(of session: SessionRecord) {
    for prefix in session.routes {
      switch routes.release(prefix, of: session.id) {
      case .unchanged: continue
      case .gone: emit(.dataplane(.removeRoute(prefix)))
      case .passes(let next):
        emit(.dataplane(.removeRoute(prefix)))
        emit(.dataplane(.addRoute(prefix, .session(next))))
      }
    }
    session.routes.removeAll()
  }

  /// The PPP link ended by itself or because it was closed: the L2TP session goes with it.
  private mutating func sessionLinkDown(
    _ session: SessionRecord, _ reported: RecordedEnd.Cause, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    let cause = session.closingFor ?? reported
    session.closingFor = cause
    if let record = tunnels[session.tunnel] {
      record.tunnel.closeSession(
        session.localID, result: cause.reason.cdn,
        disconnectCause: PPPDisconnectCause(
          cause.reason, of: session, isDialled: record.isDialled),
        reason: cause.reason, at: now)
      // The CDN leaves before whatever the end of the session sets off.
      work.append(.tunnel(record.number))
      drainTunnel(record.number, at: now, using: &random)
    }
    endSession(session.id, cause, at: now, using: &random)
  }

  /// Closes a session in order: PPP Terminate first, then CDN.
  mutating func closeSession(_ id: SessionID, _ cause: RecordedEnd.Cause, at now: Instant) {
    guard let session = sessions[id], session.end == nil else { return }
    // A link that is closing already goes on to do so, for its own reason.
    guard session.closingFor == nil, session.link.snapshot.closeReason == nil else { return }
    session.closingFor = cause
    session.link.close(cause.reason, at: now)
    work.append(.session(id))
  }

  mutating func sessionTimeout(
    _ id: SessionID, at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    guard let session = sessions[id], session.end == nil else { return }
    session.link.handleTimeout(at: now, using: &random)
    if let deadline = session.inactivityDeadline, deadline <= now {
      session.isReportPending = true
      emit(.reportActivity(id))
    }
    work.append(.session(id))
  }

  /// The session is over: the packet path forgets it, its record stays for the destruct timeout.
  mutating func endSession(
    _ id: SessionID, _ reported: RecordedEnd.Cause, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    guard let session = sessions[id], session.end == nil else { return }
    let cause = session.firstCause(reported)
    session.end = RecordedEnd(at: now, cause: cause)
    deadlines.set(nil, for: .session(id))
    forgetPartners(of: session)
    releaseRoutes(of: session)
    emit(.dataplane(.unbindSession(id)))
    emit(.event(.sessionClosed(id, cause.reason, detail: cause.detail)))
    closedSessions.append(id)
    carriers[session.binding.carrier]?.closedSessions.append(id)
    reclaimSessions(of: session.binding.carrier)
    guard let record = tunnels[session.tunnel] else { return }
    deadlines.set(now + record.host.rules.destructTimeout, for: .closedSession(id))
    record.sessions[session.localID] = nil
    census.remove(under: record.profile)
    let orders = record.lifecycle.sessionRemoved(at: now)
    carryOut(orders, for: record, because: cause, at: now, using: &random)
    work.append(.tunnel(record.number))
    reclaimRecords(at: now, using: &random)
  }
}
