import Primitives

/// One PPP link, either end: LCP, authentication and IPCP, in the phases of RFC 1661 §3.2.
///
///     dead ─start─► establish ─LCP Opened─► authenticate ─accepted─► network
///       ▲               ▲ │                      │ refused              │ IPCP Opened: `up`
///       │               │ └── LCP anew ◄─────────┼──────────────────────┤
///       └─ `down` ── terminate ◄── close, Terminate-Request, silence ◄──┘
///
/// Frames in and out are control frames from the protocol field on; IP packets never come here.
/// The owner drains `nextTransmit`, `nextTimeout` and `nextEvent` after every input. A link lives
/// once: after `down` it never comes back.
public struct PPPLink: ~Copyable {
  /// Frames kept until the owner takes them; further ones are lost like on the wire.
  static let transmissionsMax = 64
  /// Times that IPCP may come up again: a peer that negotiates without end is closed.
  static let renegotiationsMax = 8
  /// Rounds in which one input's effects must have settled.
  static let settleRoundsMax = 32

  enum Authentication: Sendable {
    case none
    case authenticator(Authenticator)
    case peer(AuthenticatingPeer)
  }

  /// The authenticator's question for an address, asked once.
  enum Assignment: Sendable {
    case notAsked
    /// Asked; what the peer's IPCP sent meanwhile is kept, for it sends at once and again only
    /// after its Restart timer.
    case asked(held: [UInt8]?)
    case assigned
  }

  let configuration: PPPConfiguration
  var phase = PPPPhase.dead
  var lcp: ControlProtocol<LCPOptions>
  var ipcp: ControlProtocol<IPCPOptions>
  var authentication = Authentication.none
  var assignment = Assignment.notAsked
  var echo: EchoMonitor
  var rejectBudget = RejectBudget()
  var violations = PPPViolationCounts()
  /// Who was let in; a later authentication on the same link must yield the same name.
  var user: [UInt8]?
  var isNetworkUp = false
  var renegotiations = 0
  var setupDeadline: Instant?
  /// Why the link closes: the first cause counts.
  var closing: Impasse?
  var isOver = false
  var transmissions = BoundedQueue<[UInt8]>(countMax: transmissionsMax)
  var events: [PPPEvent] = []
  var eventsTaken = 0

  /// - Precondition: the MRU is 576…1500, user name and password are 255 bytes at most.
  public init(_ configuration: PPPConfiguration) {
    precondition(
      (LCPOptions.mruMinBytes...1500).contains(configuration.mruBytes),
      "an MRU lies between 576 and 1500 bytes")
    precondition(
      configuration.userName.utf8.count <= PAPPacket.fieldBytesMax
        && configuration.password.count <= PAPPacket.fieldBytesMax,
      "user name and password have 255 bytes at most")
    self.configuration = configuration
    lcp = ControlProtocol(
      .lcp, options: LCPOptions(configuration), parameters: configuration.restart)
    ipcp = ControlProtocol(
      .ipcp,
      options: IPCPOptions(
        requesting: configuration.requestedAddress, dns: configuration.requestsDNS,
        nbns: configuration.requestsNBNS),
      parameters: configuration.restart)
    echo = EchoMonitor(
      interval: configuration.echoInterval, failuresMax: configuration.echoFailuresMax)
  }

  /// The session below is there. Our Configure-Request leaves at once and the peer's is answered
  /// from now on: pppd sends its first one early and waits a whole Restart timer (3 s) if it is
  /// lost on an end that is not ready.
  public mutating func start(at now: Instant, using random: inout some RandomNumberGenerator) {
    guard phase == .dead, !isOver else { return }
    phase = .establish
    setupDeadline = now + configuration.setupTimeout
    lcp.open(at: now, using: &random)
    lcp.lowerLayerUp(at: now, using: &random)
    settle(at: now, using: &random)
  }

  /// A frame from its protocol field on (one or two bytes). Whatever it holds, it is either
  /// understood, answered as RFC 1661 demands, or counted and dropped.
  public mutating func receive(
    _ frame: [UInt8], at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    echo.noteLife(at: now)
    do throws(PPPViolation) {
      try dispatch(PPPFrame(parsing: frame), at: now, using: &random)
    } catch {
      violations.note(error)
    }
    settle(at: now, using: &random)
  }

  /// Fires the timers that are due; early or late calls do no harm.
  public mutating func handleTimeout(
    at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    lcp.handleTimeout(at: now, using: &random)
    settle(at: now, using: &random)
    ipcp.handleTimeout(at: now, using: &random)
    authenticationTimeout(at: now)
    settle(at: now, using: &random)
    echoTimeout(at: now)
    if let due = setupDeadline, due <= now {
      setupDeadline = nil
      beginClose(Impasse(.negotiationFailed, "not up in time"), at: now)
    }
    settle(at: now, using: &random)
  }

  /// Closes in order: Terminate-Request, and `down` with the peer's answer or after Max-Terminate
  /// times without.
  public mutating func close(_ reason: CloseReason, at now: Instant) {
    beginClose(Impasse(reason, "closed by this end"), at: now)
    var none = NoRandom()
    settle(at: now, using: &none)
  }

  /// The session below is gone: `down` at once, nothing is sent.
  public mutating func lowerLayerDown(_ reason: CloseReason, at now: Instant) {
    if closing == nil { closing = Impasse(reason, "the session below is gone") }
    lcp.lowerLayerDown(at: now)
    _ = lcp.takeEffects()
    leaveNetwork(at: now)
    finish(at: now)
  }

  /// The answer to `.authenticate`; one that is no longer asked for is ignored.
  public mutating func completeAuthentication(
    _ ticket: UInt32, _ verdict: AuthenticationVerdict, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    guard case .authenticator(var authenticator) = authentication else { return }
    authenticator.complete(ticket, verdict, using: &random)
    authentication = .authenticator(authenticator)
    settle(at: now, using: &random)
  }

  /// The answer to `.needsAddress`; one that is not asked for is ignored, and an address that no
  /// host can have closes the link (`policyRefused`).
  public mutating func assignAddress(
    _ offer: AddressOffer, at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    guard case .asked(let held) = assignment else { return }
    assignment = .assigned
    guard offer.peer.isAssignable, offer.local.isAssignable else {
      beginClose(Impasse(.policyRefused, "no usable address for the peer"), at: now)
      settle(at: now, using: &random)
      return
    }
    ipcp.options = IPCPOptions(assigning: offer)
    guard phase == .network else { return }
    openIPCP(at: now, using: &random)
    if let held { receiveHeld(held, at: now, using: &random) }
    settle(at: now, using: &random)
  }

  /// A data packet arrived on this link: as good a sign of life as an Echo-Reply.
  public mutating func noteDataReceived(at now: Instant) { echo.noteLife(at: now) }

  /// The next frame to send, from its protocol field of two bytes on.
  public mutating func nextTransmit() -> [UInt8]? { transmissions.popFirst() }

  /// The next thing to tell.
  public mutating func nextEvent() -> PPPEvent? {
    guard eventsTaken < events.count else {
      events.removeAll(keepingCapacity: true)
      eventsTaken = 0
      return nil
    }
    defer { eventsTaken += 1 }
    return events[eventsTaken]
  }

  /// When `handleTimeout` is due next.
  public var nextTimeout: Instant? {
    let negotiation = earliest(lcp.restartDeadline, ipcp.restartDeadline)
    let liveness = earliest(echo.deadline, setupDeadline)
    return earliest(earliest(negotiation, liveness), authenticationDeadline)
  }

  /// What may be shown of the link.
  public var snapshot: PPPSnapshot {
    PPPSnapshot(
      phase: phase, lcpState: NegotiationState(lcp.state),
      ipcpState: NegotiationState(ipcp.state), lcp: lcp.state == .opened ? lcpResult : nil,
      mruBytes: lcp.options.ours.mruBytes, magicNumber: lcp.options.ours.magic,
      user: user.map(printable), network: isNetworkUp ? networkFacts : nil,
      echoesUnanswered: echo.unanswered, echoDeadline: echo.deadline,
      setupDeadline: setupDeadline, closeReason: closing?.reason, violations: violations)
  }
}
