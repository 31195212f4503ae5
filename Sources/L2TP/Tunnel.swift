import Primitives

/// One L2TP control connection with its sessions, in either role (RFC 2661).
///
/// Bytes in and out are whole control messages, the UDP payload. After every input the caller
/// drains `nextTransmit()` and `nextEvent()` and looks at `nextTimeout`. Data messages belong to
/// the packet path, which reports their arrival by `noteDataReceived(at:)`.
public struct Tunnel: ~Copyable, Sendable {
  /// As given when the tunnel was made.
  public let configuration: TunnelConfiguration
  /// LAC when we opened it, LNS when we accepted it.
  public let role: TunnelRole
  /// Our name for the tunnel, the Tunnel ID of what the peer sends.
  public let localID: UInt16
  /// The peer's name for the tunnel; 0 until it is known.
  public internal(set) var remoteID: UInt16 = 0
  /// The state of the control connection.
  public internal(set) var phase: TunnelPhase = .idle
  /// What the peer said of itself.
  public internal(set) var peer: PeerFacts?
  /// No new session is admitted or opened.
  public internal(set) var isDraining = false
  /// Sessions admitted or opened so far.
  public internal(set) var sessionsInLife = 0

  var channel: ReliableChannel
  var sessions: [UInt16: Session] = [:]
  /// Local ids by the peer's.
  var localIDs: [UInt16: UInt16] = [:]
  var events: [TunnelEvent] = []
  /// Our challenge, until the response to it was checked.
  var challengeSent: [UInt8]?
  var tieBreaker: UInt64?
  /// The SCCRQ that this tunnel accepted, to know its repetitions.
  var accepted: SCCRQFacts?
  let began: Instant
  /// Any sign of the peer: control message or data.
  var lastHeard: Instant
  var retransmissionsMax: Int
  /// When a control connection that is still not established is given up.
  var establishmentEnds: Instant?
  /// The sessions that are still not established, oldest first.
  var establishing: [EstablishingSession] = []
  var retentionEnds: Instant?

  /// A tunnel at the LNS; the SCCRQ is to be given to `receive(_:at:using:)` next.
  ///
  /// - Precondition: `localID` is not 0 and no other tunnel's.
  public init(
    accepting configuration: TunnelConfiguration, localID: UInt16, at now: Instant
  ) {
    self.init(configuration, role: .lns, localID: localID, at: now)
  }

  /// A tunnel at the LAC; the SCCRQ is ready to be sent.
  ///
  /// - Precondition: `localID` is not 0 and no other tunnel's.
  public init(
    opening configuration: TunnelConfiguration, localID: UInt16, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    self.init(configuration, role: .lac, localID: localID, at: now)
    sendSCCRQ(at: now, using: &random)
  }

  private init(
    _ configuration: TunnelConfiguration, role: TunnelRole, localID: UInt16, at now: Instant
  ) {
    configuration.validate()
    precondition(localID != 0, "tunnel id 0 means that none is assigned yet")
    self.configuration = configuration
    self.role = role
    self.localID = localID
    channel = ReliableChannel(
      firstWait: configuration.firstWait, waitMax: configuration.waitMax,
      receiveWindow: configuration.receiveWindow)
    began = now
    lastHeard = now
    retransmissionsMax = configuration.retransmissionsMaxOpening
    establishmentEnds = now + configuration.establishmentMax
  }

  // MARK: Inputs

  /// Takes a message of the peer. Returns what was wrong with it, for counters; the answer that
  /// the RFC demands, if any, is among the outputs then.
  @discardableResult
  public mutating func receive(
    _ message: [UInt8], at now: Instant, using random: inout some RandomNumberGenerator
  ) -> Violation? {
    do throws(Violation) {
      let violation = try take(ControlMessage(parsing: message), at: now, using: &random)
      channel.pump(at: now)
      return violation
    } catch {
      return error
    }
  }

  /// Data came from the peer through what authenticates it: a sign of life (§5.5).
  public mutating func noteDataReceived(at now: Instant) { lastHeard = max(lastHeard, now) }

  /// Retransmits, sends a Hello, gives up or forgets, whatever is due.
  public mutating func handleTimeout(at now: Instant) {
    switch phase {
    case .idle, .over: return
    case .stopped:
      if let retentionEnds, retentionEnds <= now { return phase = .over }
    case .waitCtlReply, .waitCtlConn, .established: break
    }
    if !suspendHello(at: now),
      !channel.handleTimeout(at: now, retransmissionsMax: retransmissionsMax)
    {
      return giveUp(at: now)
    }
    if let helloDue, helloDue <= now { sendHello(at: now) }
    endOverdue(at: now)
    channel.pump(at: now)
  }

  /// Opens a session for a call of ours: ICRQ now, or as soon as the tunnel is established.
  ///
  /// - Precondition: `localID` is not 0 and no other session's of this tunnel.
  public mutating func openSession(
    localID: UInt16, facts: SessionFacts = SessionFacts(), at now: Instant,
    using random: inout some RandomNumberGenerator
  ) throws(SessionOpenError) {
    precondition(localID != 0 && sessions[localID] == nil, "session ids are unique and not 0")
    if let refusal = refusalToOpen { throw refusal }
    insert(Session(localID: localID, state: .waitTunnel, facts: facts), at: now)
    if phase == .established { sendICRQ(localID, at: now, using: &random) }
    channel.pump(at: now)
  }

  /// Ends a session: CDN, where the peer knows of it. Nothing happens when it is gone already.
  public mutating func closeSession(
    _ localID: UInt16, result: ResultCode, disconnectCause: PPPDisconnectCause? = nil,
    reason: CloseReason = .requested, at now: Instant
  ) {
    guard let session = sessions[localID] else { return }
    if session.state != .waitTunnel {
      sendCDN(
        localID: localID, remoteID: session.remoteID, result, cause: disconnectCause, at: now)
    }
    end(session, reason, CloseDetail(.local, result))
    channel.pump(at: now)
  }

  /// Ends the tunnel and all its sessions: StopCCN. Nothing happens when it is closed already.
  public mutating func close(
    result: ResultCode, reason: CloseReason = .requested, at now: Instant
  ) {
    stop(result, reason, CloseDetail(.local, result), at: now)
  }

  /// Admits and opens no further session; those that exist go on.
  public mutating func drain() { isDraining = true }

  /// Takes the drain back.
  public mutating func undrain() { isDraining = false }

  // MARK: Outputs

  /// The next message to send to the peer.
  public mutating func nextTransmit() -> [UInt8]? { channel.nextTransmit(to: remoteID) }

  /// The next thing to know.
  public mutating func nextEvent() -> TunnelEvent? {
    events.isEmpty ? nil : events.removeFirst()
  }

  /// When `handleTimeout(at:)` has something to do.
  public var nextTimeout: Instant? {
    switch phase {
    case .idle, .over: nil
    case .waitCtlReply, .waitCtlConn, .established:
      earliest(
        earliest(channel.due, helloDue), earliest(establishmentEnds, establishing.first?.due))
    case .stopped: earliest(channel.due, retentionEnds)
    }
  }

  /// Nothing is lost when this tunnel is forgotten: it never began, or it is closed and the time in
  /// which the peer may still send to it is over.
  public var isDiscardable: Bool { phase == .over || phase == .idle }

  /// The state as an operator sees it.
  public var snapshot: TunnelSnapshot {
    TunnelSnapshot(
      role: role, phase: phase, localID: localID, remoteID: remoteID, peer: peer, ns: channel.ns,
      nr: channel.nr, congestionWindow: channel.congestionWindow,
      slowStartThreshold: channel.slowStartThreshold, peerWindow: channel.peerWindow,
      outgoing: channel.outgoing.count, retransmissions: channel.retransmissions,
      nextRetransmission: channel.due, nextHello: helloDue, retentionEnds: retentionEnds,
      sessionsInLife: sessionsInLife, isDraining: isDraining,
      sessions: sessions.keys.sorted().compactMap { sessions[$0] }.map {
        TunnelSnapshot.Session(
          localID: $0.localID, remoteID: $0.remoteID, state: $0.state, facts: $0.facts)
      })
  }
}
