import Primitives

/// The end that proves who it is, and with MS-CHAPv2 demands the same of the gateway.
struct AuthenticatingPeer: Sendable {
  enum Outcome: Equatable, Sendable {
    case accepted
    case failed(Impasse)
  }

  private enum Phase: Sendable {
    case idle
    case waiting
    /// A proof was sent; with MS-CHAPv2 the gateway's own must be `expected`.
    case proving(identifier: UInt8, expected: [UInt8], frame: [UInt8])
    case accepted
  }

  /// The Challenge answered last, and the answer.
  private struct Answered: Sendable {
    var identifier: UInt8
    var challenge: [UInt8]
    var frame: [UInt8]
  }

  private let userName: [UInt8]
  private let password: Secret
  private let parameters: RestartParameters
  private var phase = Phase.idle
  private var method = AuthenticationProtocol.msCHAPv2
  private var identifierLast: UInt8 = 0
  private var transmissions = 0
  private var answered: Answered?
  private var frames: [[UInt8]] = []
  private var outcomes: [Outcome] = []
  /// When the proof is sent again.
  private(set) var deadline: Instant?

  init(_ configuration: PPPConfiguration) {
    userName = Array(configuration.userName.utf8)
    password = configuration.password
    parameters = configuration.restart
  }

  mutating func takeEffects() -> (frames: [[UInt8]], outcomes: [Outcome]) {
    defer { (frames, outcomes) = ([], []) }
    return (frames, outcomes)
  }

  /// The Authenticate phase begins: with PAP the peer speaks first, with CHAP the gateway.
  mutating func start(_ method: AuthenticationProtocol, at now: Instant) {
    self.method = method
    phase = .waiting
    guard method == .pap else { return }
    identifierLast &+= 1
    prove(
      PAPPacket.authenticateRequest(
        identifier: identifierLast, peerID: userName, password: password
      ).frame, identifier: identifierLast, expected: [], at: now)
  }

  mutating func stop() {
    phase = .idle
    deadline = nil
    answered = nil
  }

  /// CHAP has no retransmission on this side (RFC 1994 §2), but a lost Success would leave us
  /// waiting for ever: an authenticator answers a repeated Response with the same verdict (§4.1).
  mutating func handleTimeout(at now: Instant) {
    guard let due = deadline, due <= now, case .proving(_, _, let frame) = phase else { return }
    guard transmissions < parameters.configureMax else {
      stop()
      outcomes.append(.failed(Impasse(.retriesExhausted, "gateway does not answer the proof")))
      return
    }
    send(frame, at: now)
  }

  mutating func receive(
    _ packet: ControlPacket, at now: Instant, using random: inout some RandomNumberGenerator
  ) throws(PPPViolation) {
    switch method {
    case .pap: try receivePAP(packet)
    case .chapMD5, .msCHAPv2: try receiveCHAP(packet, at: now, using: &random)
    }
  }

  private mutating func receivePAP(_ packet: ControlPacket) throws(PPPViolation) {
    guard let packet = try PAPPacket(packet) else { throw .unexpectedPacket }
    switch packet {
    case .authenticateAck(let identifier, _): try conclude(identifier, isAccepted: true, [])
    case .authenticateNak(let identifier, let message):
      try conclude(identifier, isAccepted: false, message)
    case .authenticateRequest: throw .wrongRole
    }
  }

  private mutating func receiveCHAP(
    _ packet: ControlPacket, at now: Instant, using random: inout some RandomNumberGenerator
  ) throws(PPPViolation) {
    guard let packet = try CHAPPacket(packet) else { throw .unexpectedPacket }
    switch packet {
    case .challenge(let identifier, let value, _):
      try respond(identifier, to: value, at: now, using: &random)
    case .success(let identifier, let message):
      try conclude(identifier, isAccepted: true, message)
    case .failure(let identifier, let message):
      try conclude(identifier, isAccepted: false, message)
    case .response: throw .wrongRole
    }
  }

  /// Answers the first Challenge and any later one: a gateway may ask again while the link is up
  /// (RFC 1994 §2). A copy of a Challenge gets the same answer: with a new challenge of our own in
  /// it, an MS-CHAPv2 gateway's proof for the first answer would not fit the second.
  private mutating func respond(
    _ identifier: UInt8, to challenge: [UInt8], at now: Instant,
    using random: inout some RandomNumberGenerator
  ) throws(PPPViolation) {
    if let answered, answered.identifier == identifier, answered.challenge == challenge {
      frames.append(answered.frame)
      return
    }
    guard method == .msCHAPv2 else {
      let value = CHAPMD5.response(
        identifier: identifier, challenge: challenge, password: password)
      prove(
        CHAPPacket.response(identifier: identifier, value: value, name: userName).frame,
        identifier: identifier, challenge: challenge, expected: [], at: now)
      return
    }
    guard challenge.count == MSCHAPv2.challengeBytes else { throw .badValueSize }
    let peerChallenge = random.bytes(MSCHAPv2.challengeBytes)
    let ntResponse = MSCHAPv2.ntResponse(
      authenticatorChallenge: challenge, peerChallenge: peerChallenge, userName: userName,
      password: password)
    let expected = MSCHAPv2.authenticatorResponse(
      password: password, ntResponse: ntResponse, peerChallenge: peerChallenge,
      authenticatorChallenge: challenge, userName: userName)
    let reserved = [UInt8](repeating: 0, count: 8)
    let value = peerChallenge + reserved + ntResponse + [0]
    prove(
      CHAPPacket.response(identifier: identifier, value: value, name: userName).frame,
      identifier: identifier, challenge: challenge, expected: expected, at: now)
  }

  private mutating func prove(
    _ frame: [UInt8], identifier: UInt8, challenge: [UInt8] = [], expected: [UInt8],
    at now: Instant
  ) {
    answered = Answered(identifier: identifier, challenge: challenge, frame: frame)
    phase = .proving(identifier: identifier, expected: expected, frame: frame)
    transmissions = 0
    send(frame, at: now)
  }

  private mutating func send(_ frame: [UInt8], at now: Instant) {
    transmissions += 1
    deadline = now + parameters.interval
    frames.append(frame)
  }

  /// A verdict counts only for a proof that was sent: a Success out of the blue proves nothing.
  private mutating func conclude(
    _ identifier: UInt8, isAccepted: Bool, _ message: [UInt8]
  ) throws(PPPViolation) {
    guard case .proving(let asked, let expected, _) = phase else { throw .unexpectedPacket }
    guard identifier == asked else { throw .unexpectedIdentifier }
    deadline = nil
    guard isAccepted else {
      phase = .idle
      outcomes.append(
        .failed(Impasse(.authenticationFailed, "refused: \(Self.cause(message))")))
      return
    }
    guard method != .msCHAPv2 || Self.proves(message, expected) else {
      phase = .idle
      outcomes.append(
        .failed(Impasse(.authenticationFailed, "gateway does not know the password")))
      return
    }
    phase = .accepted
    outcomes.append(.accepted)
  }

  /// "S=" and 40 digits, then nothing or a space and a message (RFC 2759 §5).
  private static func proves(_ message: [UInt8], _ expected: [UInt8]) -> Bool {
    guard message.count == expected.count || message.dropFirst(expected.count).first == 0x20 else {
      return false
    }
    return equalInConstantTime(Array(message.prefix(expected.count)), expected)
  }

  /// The words for the error of an MS-CHAPv2 Failure, "E=691 R=0 C=… V=3 M=…" (RFC 2759 §6), or
  /// the message itself.
  static func cause(_ message: [UInt8]) -> String {
    let text = printable(Array(message.prefix(CHAPPacket.nameBytesMax)))
    guard text.hasPrefix("E=") else { return text }
    let code = text.dropFirst(2).prefix { $0.isNumber }
    switch code {
    case "646": return "E=646, not at this hour"
    case "647": return "E=647, account is disabled"
    case "648": return "E=648, password has expired"
    case "649": return "E=649, no permission to dial in"
    case "691": return "E=691, user or password is wrong"
    case "709": return "E=709, password could not be changed"
    default: return "E=\(code)"
    }
  }
}
