import Primitives

/// LCP or an NCP: performs the Option Negotiation Automaton over packets and time.
///
/// Adds to the table what RFC 1661 says in prose: identifiers (§5), the Restart timer and its
/// counters (§4.6), and bounds that it leaves out. What happened is collected in `effects`.
struct ControlProtocol<Options: OptionNegotiation>: Sendable {
  typealias State = OptionNegotiationAutomaton.State

  /// What this protocol tells the layer above: This-Layer-Up, -Down and -Finished.
  enum Signal: Equatable, Sendable {
    case up, down, finished
  }

  /// What an input led to, in order.
  struct Effects: Sendable {
    var frames: [[UInt8]] = []
    var signals: [Signal] = []
    var impasse: Impasse?
  }

  /// Naks and Rejects of the peer that are taken before the negotiation counts as hopeless: the
  /// Restart counter starts anew with each of them (RFC 1661 §4.1), so it bounds nothing here.
  static var refusalsMax: Int { 20 }
  /// Copies of an acknowledged Configure-Request that are answered while Opened.
  static var duplicateAcksMax: Int { 3 }
  /// Age from which our request counts as lost on a peer that was not ready for it.
  static var earlyRetransmissionAge: Duration { .milliseconds(20) }

  let number: PPPProtocol
  let parameters: RestartParameters
  var options: Options
  /// The largest information field that the peer takes; 1500 until it says otherwise.
  var peerMRUBytes = 1500
  private(set) var state = State.initial
  /// When the Restart timer fires.
  private(set) var restartDeadline: Instant?
  /// Whether the peer sent any valid packet of this protocol.
  private(set) var hasHeardPeer = false
  private var effects = Effects()

  private var restartCounter = 0
  private var identifierLast: UInt8 = 0
  private var requestIdentifier: UInt8 = 0
  private var requestOptions: [ConfigureOption] = []
  private var requestSentAt = Instant.zero
  private var isReplyAwaited = false
  private var naksSent = 0
  private var refusals = 0
  private var acknowledged: ControlPacket?
  private var duplicateAcks = 0

  init(_ number: PPPProtocol, options: Options, parameters: RestartParameters) {
    self.number = number
    self.options = options
    self.parameters = parameters
  }

  /// Takes what has happened since the last call.
  mutating func takeEffects() -> Effects {
    defer { effects = Effects() }
    return effects
  }

  mutating func lowerLayerUp(at now: Instant, using random: inout some RandomNumberGenerator) {
    perform(.up, at: now, using: &random)
  }

  mutating func open(at now: Instant, using random: inout some RandomNumberGenerator) {
    perform(.open, at: now, using: &random)
  }

  mutating func lowerLayerDown(at now: Instant) {
    var none = NoRandom()
    perform(.down, at: now, using: &none)
  }

  mutating func close(at now: Instant) {
    var none = NoRandom()
    perform(.close, at: now, using: &none)
  }

  mutating func handleTimeout(at now: Instant, using random: inout some RandomNumberGenerator) {
    guard let due = restartDeadline, due <= now else { return }
    perform(restartCounter > 0 ? .toPlus : .toMinus, at: now, using: &random)
  }

  /// A Protocol-Reject of this very protocol: nothing can be negotiated (RFC 1661 §5.7).
  mutating func receiveProtocolReject(
    at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    perform(.rxjMinus, at: now, using: &random)
  }

  /// Sends an unnumbered packet of this protocol (echo, Protocol-Reject), cut to the peer's MRU.
  mutating func send(_ packet: ControlPacket) {
    effects.frames.append(packet.fitting(mruBytes: peerMRUBytes).frame(number))
  }

  /// A fresh identifier for such a packet.
  mutating func makeIdentifier() -> UInt8 {
    identifierLast &+= 1
    return identifierLast
  }

  /// Takes a packet with one of the first seven codes; any other is an unknown code.
  mutating func receive(
    _ packet: ControlPacket, at now: Instant, using random: inout some RandomNumberGenerator
  ) throws(PPPViolation) {
    guard state != .initial, state != .starting else { throw .unexpectedPacket }
    switch ControlCode(rawValue: packet.code) {
    case .configureRequest: try receiveConfigureRequest(packet, at: now, using: &random)
    case .configureAck: try receiveConfigureAck(packet, at: now, using: &random)
    case .configureNak, .configureReject: try receiveRefusal(packet, at: now, using: &random)
    case .terminateRequest:
      let answer = ControlPacket(.terminateAck, identifier: packet.identifier)
      perform(.rtr, answer: answer, at: now, using: &random)
    case .terminateAck: perform(.rta, at: now, using: &random)
    case .codeReject: try receiveCodeReject(packet, at: now, using: &random)
    case .protocolReject, .echoRequest, .echoReply, .discardRequest, .identification,
      .timeRemaining, nil:
      let answer = ControlPacket(.codeReject, identifier: makeIdentifier(), data: packet.bytes)
      perform(.ruc, answer: answer, at: now, using: &random)
    }
    hasHeardPeer = true
  }

  private mutating func receiveConfigureRequest(
    _ packet: ControlPacket, at now: Instant, using random: inout some RandomNumberGenerator
  ) throws(PPPViolation) {
    switch state {
    case .initial, .starting, .closed, .closing, .stopping:
      // The answer does not depend on the options here.
      let answer = ControlPacket(.terminateAck, identifier: packet.identifier)
      perform(.rcrPlus, answer: answer, at: now, using: &random)
      return
    case .opened where packet == acknowledged && duplicateAcks < Self.duplicateAcksMax:
      // Deviation: the table leaves Opened for any Configure-Request. One that equals what we
      // acknowledged says that our Ack was lost, or is a copy that the network made; answering it
      // again spares a whole negotiation and authentication. A peer that truly starts over keeps
      // asking, and the table applies after a few.
      duplicateAcks += 1
      effects.frames.append(
        ControlPacket(.configureAck, identifier: packet.identifier, data: packet.data)
          .frame(number))
      return
    case .opened, .stopped, .reqSent, .ackRcvd, .ackSent: break
    }
    let asked = try ConfigureOption.list(parsing: packet.data)
    retransmitToPeerThatWasNotReady(at: now, using: &random)
    do throws(Impasse) {
      let answer = try judge(asked, identifier: packet.identifier, using: &random)
      if answer.code == ControlCode.configureAck.rawValue {
        options.adoptProposal()
        acknowledged = packet
        duplicateAcks = 0
        naksSent = 0
        perform(.rcrPlus, answer: answer, at: now, using: &random)
      } else {
        perform(.rcrMinus, answer: answer, at: now, using: &random)
      }
    } catch {
      effects.impasse = error
    }
  }

  /// pppd is started by the arrival of the session and misses what was sent in its first 50 ms or
  /// so; both ends then wait out a Restart timer (3 s). Its own first request says that it listens
  /// now, so ours leaves again before our answer, which leaves the peer in a state where a second
  /// copy does no harm (Req-Sent or Ack-Sent).
  private mutating func retransmitToPeerThatWasNotReady(
    at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    guard number == .lcp, state == .reqSent, !hasHeardPeer,
      requestSentAt + Self.earlyRetransmissionAge < now
    else { return }
    sendConfigureRequest(isRetransmission: true, at: now, using: &random)
  }

  /// The Ack, Nak or Reject to a list of options. Rejects go first: a Nak may not be sent while
  /// an option is not recognised (RFC 1661 §5.4).
  private mutating func judge(
    _ asked: [ConfigureOption], identifier: UInt8, using random: inout some RandomNumberGenerator
  ) throws(Impasse) -> ControlPacket {
    var rejects: [ConfigureOption] = []
    var naks: [ConfigureOption] = []
    var seen: Set<UInt8> = []
    let mayNak = naksSent < parameters.failureMax
    options.beginProposal()
    for option in asked {
      // No option that we know may be listed twice (RFC 1661 §6).
      guard seen.insert(option.type).inserted else {
        rejects.append(option)
        continue
      }
      switch try options.judge(option, using: &random) {
      case .accept: break
      case .reject: rejects.append(option)
      case .nak(let suggestion):
        if mayNak { naks.append(suggestion) } else { rejects.append(option) }
      case .nakAlone(let suggestion):
        return answer(.configureNak, identifier, [suggestion])
      }
    }
    if !rejects.isEmpty { return answer(.configureReject, identifier, rejects) }
    let missing = options.missingOptions()
    guard mayNak || missing.isEmpty else {
      throw Impasse(.negotiationFailed, "\(number) peer leaves out what it must have")
    }
    naks += missing
    guard naks.isEmpty else {
      naksSent += 1
      return answer(.configureNak, identifier, naks)
    }
    return answer(.configureAck, identifier, asked)
  }

  private func answer(
    _ code: ControlCode, _ identifier: UInt8, _ list: [ConfigureOption]
  ) -> ControlPacket {
    // An Ack repeats the request byte for byte; what is longer than the peer's own MRU the peer
    // has sent itself. Nak and Reject are cut, and the rest follows with the next request.
    let bytesMax =
      code == .configureAck ? Int.max : peerMRUBytes - ControlPacket.headerBytes
    return ControlPacket(
      code, identifier: identifier, data: ConfigureOption.encode(list, bytesMax: bytesMax))
  }

  private mutating func receiveConfigureAck(
    _ packet: ControlPacket, at now: Instant, using random: inout some RandomNumberGenerator
  ) throws(PPPViolation) {
    if state.takesReplies {
      try matchReply(packet)
      guard packet.data == ConfigureOption.encode(requestOptions) else { throw .alteredAck }
      isReplyAwaited = false
    }
    perform(.rca, answer: packet, at: now, using: &random)
  }

  private mutating func receiveRefusal(
    _ packet: ControlPacket, at now: Instant, using random: inout some RandomNumberGenerator
  ) throws(PPPViolation) {
    guard state.takesReplies else {
      perform(.rcn, answer: packet, at: now, using: &random)
      return
    }
    try matchReply(packet)
    let refused = try ConfigureOption.list(parsing: packet.data)
    let isReject = packet.code == ControlCode.configureReject.rawValue
    if isReject {
      guard !refused.isEmpty, refused.allSatisfy(requestOptions.contains) else {
        throw .foreignReject
      }
    }
    isReplyAwaited = false
    refusals += 1
    guard refusals <= Self.refusalsMax else {
      effects.impasse = Impasse(.negotiationFailed, "\(number) peer refuses without end")
      return
    }
    do throws(Impasse) {
      if isReject {
        try options.receiveReject(refused)
      } else {
        try options.receiveNak(refused, using: &random)
      }
      perform(.rcn, answer: packet, at: now, using: &random)
    } catch {
      effects.impasse = error
    }
  }

  /// A reply counts once, and only for the outstanding request (RFC 1661 §5.2 to §5.4): a copy
  /// that the network made must not look like the crossed connection of the table's [x].
  private func matchReply(_ packet: ControlPacket) throws(PPPViolation) {
    guard isReplyAwaited, packet.identifier == requestIdentifier else {
      throw .unexpectedIdentifier
    }
  }

  /// Rejecting one of the seven basic codes leaves nothing to negotiate with (RFC 1661 §5.6).
  private mutating func receiveCodeReject(
    _ packet: ControlPacket, at now: Instant, using random: inout some RandomNumberGenerator
  ) throws(PPPViolation) {
    guard let code = packet.data.first else { throw .truncated }
    let isMandatory = ControlCode.sharedCodes.contains(code)
    perform(isMandatory ? .rxjMinus : .rxjPlus, at: now, using: &random)
  }

  private mutating func perform(
    _ event: OptionNegotiationAutomaton.Event, answer: ControlPacket? = nil, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    guard let transition = OptionNegotiationAutomaton.transition(event, in: state) else { return }
    state = transition.next
    for action in transition.actions {
      switch action {
      case .tlu:
        refusals = 0
        effects.signals.append(.up)
      case .tld: effects.signals.append(.down)
      case .tls: break
      case .tlf: effects.signals.append(.finished)
      case .irc:
        let isTerminating = transition.actions.contains(.str)
        restartCounter = isTerminating ? parameters.terminateMax : parameters.configureMax
      case .zrc:
        // The pause lets the peer's own timers run out before the link is torn down (§4.4).
        restartCounter = 0
        restartDeadline = now + parameters.interval
      case .scr: sendConfigureRequest(isRetransmission: event == .toPlus, at: now, using: &random)
      case .str:
        let packet = ControlPacket(.terminateRequest, identifier: makeIdentifier())
        effects.frames.append(packet.frame(number))
        countDown(at: now)
      case .sta:
        let identifier = answer?.identifier ?? makeIdentifier()
        effects.frames.append(ControlPacket(.terminateAck, identifier: identifier).frame(number))
      case .sca: if let answer { effects.frames.append(answer.frame(number)) }
      case .scn, .scj, .ser: if let answer { send(answer) }
      }
    }
    if !state.runsRestartTimer { restartDeadline = nil }
  }

  /// A retransmission keeps its identifier, so that an Ack to either copy counts (RFC 1661 §5.1).
  private mutating func sendConfigureRequest(
    isRetransmission: Bool, at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    if !isRetransmission {
      requestOptions = options.makeRequest(using: &random)
      requestIdentifier = makeIdentifier()
    }
    requestSentAt = now
    isReplyAwaited = true
    effects.frames.append(
      ControlPacket(
        .configureRequest, identifier: requestIdentifier,
        data: ConfigureOption.encode(requestOptions)
      ).frame(number))
    countDown(at: now)
  }

  private mutating func countDown(at now: Instant) {
    restartCounter -= 1
    restartDeadline = now + parameters.interval
  }
}

extension OptionNegotiationAutomaton.State {
  /// Whether a Configure-Request of ours may be outstanding.
  fileprivate var takesReplies: Bool {
    switch self {
    case .reqSent, .ackRcvd, .ackSent, .opened: true
    case .initial, .starting, .closed, .stopped, .closing, .stopping: false
    }
  }
}
