import Primitives

/// The end that asks who the peer is: challenges, takes one answer, tells the verdict.
///
///     idle ─start─► asking ─Response─► deciding ─verdict─► accepted | refused
///
/// One guess: after a refused answer nothing else is listened to, and the link closes.
struct Authenticator: Sendable {
  /// What the link has to do next.
  enum Outcome: Equatable, Sendable {
    case ask(AuthenticationRequest)
    case accepted(userName: [UInt8])
    case failed(Impasse)
  }

  private enum Phase: Sendable {
    case idle
    case asking
    case deciding(AuthenticationRequest, identifier: UInt8)
    case accepted(identifier: UInt8, answer: [UInt8])
    case refused
  }

  private let name: [UInt8]
  private let parameters: RestartParameters
  private var phase = Phase.idle
  private var method = AuthenticationProtocol.msCHAPv2
  private var challenge: [UInt8] = []
  private var identifier: UInt8 = 0
  private var transmissions = 0
  private var ticketLast: UInt32 = 0
  private var frames: [[UInt8]] = []
  private var outcomes: [Outcome] = []
  /// When the Challenge is sent again, or the wait for a PAP request ends.
  private(set) var deadline: Instant?

  init(_ configuration: PPPConfiguration) {
    name = Array(configuration.systemName.utf8.prefix(CHAPPacket.nameBytesMax))
    parameters = configuration.restart
  }

  mutating func takeEffects() -> (frames: [[UInt8]], outcomes: [Outcome]) {
    defer { (frames, outcomes) = ([], []) }
    return (frames, outcomes)
  }

  /// The Authenticate phase begins.
  mutating func start(
    _ method: AuthenticationProtocol, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    self.method = method
    phase = .asking
    transmissions = 0
    identifier = UInt8.random(in: 0...255, using: &random)
    challenge = method == .pap ? [] : random.bytes(MSCHAPv2.challengeBytes)
    ask(at: now)
  }

  /// The link left the phase; an answer under way is forgotten.
  mutating func stop() {
    phase = .idle
    deadline = nil
  }

  mutating func handleTimeout(at now: Instant) {
    guard let due = deadline, due <= now else { return }
    guard transmissions < parameters.configureMax else {
      stop()
      outcomes.append(.failed(Impasse(.retriesExhausted, "peer does not authenticate")))
      return
    }
    ask(at: now)
  }

  /// The same Challenge again, not a new one: a Response to the first may be on its way. With PAP
  /// the peer speaks first and only the time is counted.
  private mutating func ask(at now: Instant) {
    transmissions += 1
    deadline = now + parameters.interval
    guard method != .pap else { return }
    frames.append(
      CHAPPacket.challenge(identifier: identifier, value: challenge, name: name).frame)
  }

  mutating func receive(_ packet: ControlPacket) throws(PPPViolation) {
    switch method {
    case .pap: try receivePAP(packet)
    case .chapMD5, .msCHAPv2: try receiveCHAP(packet)
    }
  }

  private mutating func receivePAP(_ packet: ControlPacket) throws(PPPViolation) {
    guard let packet = try PAPPacket(packet) else { throw .unexpectedPacket }
    switch packet {
    case .authenticateRequest(let identifier, let peerID, let password):
      try take(identifier: identifier, userName: peerID, material: .pap(password: password))
    case .authenticateAck, .authenticateNak: throw .wrongRole
    }
  }

  private mutating func receiveCHAP(_ packet: ControlPacket) throws(PPPViolation) {
    guard let packet = try CHAPPacket(packet) else { throw .unexpectedPacket }
    switch packet {
    case .response(let identifier, let value, let name):
      guard identifier == self.identifier else { throw .unexpectedIdentifier }
      try take(identifier: identifier, userName: name, material: material(value))
    // Our own Challenge reflected, or a verdict that is ours to give.
    case .challenge, .success, .failure: throw .wrongRole
    }
  }

  private func material(_ value: [UInt8]) throws(PPPViolation) -> AuthenticationRequest.Material {
    if method == .chapMD5 {
      guard value.count == CHAPMD5.responseBytes else { throw .badValueSize }
      return .chapMD5(identifier: identifier, challenge: challenge, response: value)
    }
    var reader = ByteReader(value)
    guard value.count == MSCHAPv2.responseValueBytes,
      let peerChallenge = reader.readBytes(MSCHAPv2.challengeBytes), reader.skip(8),
      let ntResponse = reader.readBytes(MSCHAPv2.ntResponseBytes)
    else { throw .badValueSize }
    return .msCHAPv2(
      identifier: identifier, challenge: challenge, peerChallenge: peerChallenge,
      ntResponse: ntResponse)
  }

  private mutating func take(
    identifier: UInt8, userName: [UInt8], material: AuthenticationRequest.Material
  ) throws(PPPViolation) {
    switch phase {
    case .asking:
      ticketLast &+= 1
      let request = AuthenticationRequest(
        ticket: ticketLast, userName: userName, material: material)
      phase = .deciding(request, identifier: identifier)
      deadline = nil
      outcomes.append(.ask(request))
    case .accepted(_, let answer):
      // Our answer was lost; whatever the copy says, it gets the answer given before
      // (RFC 1994 §4.1: nothing about other names or passwords may be learnt this way). PAP
      // requests may come with a new identifier, which the answer then has to carry.
      var copy = answer
      if method == .pap { copy[3] = identifier }
      frames.append(copy)
    case .deciding(let request, _)
    where method == .pap && request.userName == userName && request.material == material:
      // Sent again with a new identifier (RFC 1334 §2.2.1), which the answer has to carry.
      phase = .deciding(request, identifier: identifier)
    case .idle, .deciding, .refused: throw .unexpectedPacket
    }
  }

  /// The verdict on `ticket`; one that is no longer asked for is ignored.
  mutating func complete(
    _ ticket: UInt32, _ verdict: AuthenticationVerdict,
    using random: inout some RandomNumberGenerator
  ) {
    guard case .deciding(let request, let identifier) = phase, request.ticket == ticket else {
      return
    }
    switch verdict {
    case .accepted(let authenticatorResponse):
      let answer = success(identifier: identifier, authenticatorResponse)
      phase = .accepted(identifier: identifier, answer: answer)
      frames.append(answer)
      outcomes.append(.accepted(userName: request.userName))
    case .refused:
      phase = .refused
      frames.append(failure(identifier: identifier, using: &random))
      outcomes.append(.failed(Impasse(.authenticationFailed, "user or password is wrong")))
    }
  }

  private func success(identifier: UInt8, _ authenticatorResponse: [UInt8]) -> [UInt8] {
    let message = Array("Access granted".utf8)
    return switch method {
    case .pap: PAPPacket.authenticateAck(identifier: identifier, message: message).frame
    case .chapMD5: CHAPPacket.success(identifier: identifier, message: message).frame
    case .msCHAPv2:
      CHAPPacket.success(
        identifier: identifier, message: authenticatorResponse + Array(" M=".utf8) + message
      ).frame
    }
  }

  /// MS-CHAPv2: error 691 (ERROR_AUTHENTICATION_FAILURE), no retry (RFC 2759 §6).
  private func failure(
    identifier: UInt8, using random: inout some RandomNumberGenerator
  ) -> [UInt8] {
    let message = Array("Authentication failed".utf8)
    switch method {
    case .pap: return PAPPacket.authenticateNak(identifier: identifier, message: message).frame
    case .chapMD5: return CHAPPacket.failure(identifier: identifier, message: message).frame
    case .msCHAPv2:
      let newChallenge = MSCHAPv2.hexadecimal(random.bytes(MSCHAPv2.challengeBytes))
      let text = Array("E=691 R=0 C=".utf8) + newChallenge + Array(" V=3 M=".utf8) + message
      return CHAPPacket.failure(identifier: identifier, message: text).frame
    }
  }
}
