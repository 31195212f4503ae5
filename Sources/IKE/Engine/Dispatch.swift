import Cryptography
import Primitives

// Finds the exchange that a message belongs to.

extension ISAKMPEngine {
  /// What a message brings besides its bytes.
  struct Arrival {
    let message: [UInt8]
    let header: ISAKMPHeader
    let path: Path
    let now: Instant
    /// Recognises a retransmission: they are byte-identical (IK-5).
    let digest: [UInt8]

    init(_ message: [UInt8], _ header: ISAKMPHeader, on path: Path, at now: Instant) {
      self.message = message
      self.header = header
      self.path = path
      self.now = now
      digest = HashAlgorithm.sha256.digest(message)
    }

    var body: [UInt8] { Array(message.dropFirst(ISAKMPHeader.lengthBytes)) }

    /// The payloads of a clear message.
    func clearPayloads() throws(Violation) -> PayloadChain {
      guard !header.isEncrypted else { throw .encryption }
      return try PayloadChain(parsing: body, first: header.firstPayload, trailer: .none)
    }
  }

  mutating func dispatch(
    _ message: [UInt8], on path: Path, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) throws(Violation) {
    let header = try ISAKMPHeader(parsing: message)
    if let id = saByCookies[header.cookies] {
      let arrival = Arrival(message, header, on: path, at: now)
      try receive(arrival, in: id, using: &random)
    } else if let id = saByOurCookie[header.cookies.initiator] {
      // Our own first message reflected has no responder cookie and is no error report either.
      guard header.cookies.responder != 0 || header.exchangeType == .informational else {
        throw .cookies
      }
      let arrival = Arrival(message, header, on: path, at: now)
      try receive(arrival, in: id, using: &random)
    } else if header.cookies.responder == 0 {
      let arrival = Arrival(message, header, on: path, at: now)
      try receiveFirstMessage(arrival, using: &random)
    } else {
      throw .unknownSA
    }
  }

  private mutating func receive(
    _ arrival: Arrival, in id: ISAKMPSAID, using random: inout some RandomNumberGenerator
  ) throws(Violation) {
    guard let sa = isakmpSAs[id] else { throw .unknownSA }
    switch arrival.header.exchangeType {
    case .identityProtection:
      guard arrival.header.messageID == 0 else { throw .messageID }
      try receiveMainMode(arrival, in: sa, using: &random)
    case .quickMode:
      guard arrival.header.messageID != 0 else { throw .messageID }
      guard arrival.header.isEncrypted else { throw .encryption }
      guard sa.isEstablished else { throw .unexpected }
      try receiveQuickMode(arrival, in: sa, using: &random)
    case .informational:
      if arrival.header.isEncrypted {
        try receiveInformational(arrival, in: sa, using: &random)
      } else {
        try receiveUnauthenticatedError(arrival, in: sa)
      }
    default: throw .exchangeType
    }
  }

  /// Main mode messages after the first (RFC 2409 §5.4).
  private mutating func receiveMainMode(
    _ arrival: Arrival, in sa: ISAKMPSA, using random: inout some RandomNumberGenerator
  ) throws(Violation) {
    if arrival.digest == sa.lastReceived {
      // Message 3 is only taken from the address of message 1, the first time and again.
      guard sa.isEstablished || arrival.path.remote.address == sa.path.remote.address else {
        throw .wrongPath
      }
      repeatAnswer(of: sa.id, on: arrival.path)
      return
    }
    switch sa.phase {
    case .awaitingSA: try receiveMessage2(arrival, in: sa, using: &random)
    case .awaitingPeerKeyExchange: try receiveMessage3(arrival, in: sa, using: &random)
    case .awaitingKeyExchange: try receiveMessage4(arrival, in: sa, using: &random)
    case .awaitingPeerIdentity: try receiveMessage5(arrival, in: sa, using: &random)
    case .awaitingIdentity: try receiveMessage6(arrival, in: sa, using: &random)
    case .generatingKey, .derivingKeys, .computingAnswer, .established: throw .unexpected
    }
  }

  /// Answers a retransmitted request with the stored answer (IK-5). To a peer that has not yet
  /// shown its address no more often than a patient initiator asks.
  mutating func repeatAnswer(of id: ISAKMPSAID, on path: Path) {
    counterValues.duplicatesReceived &+= 1
    guard let sa = isakmpSAs[id], !sa.lastAnswer.isEmpty else { return }
    guard sa.phase != .awaitingPeerKeyExchange || sa.answersRepeated < Self.repeatedAnswersMax
    else { return }
    isakmpSAs[id]?.answersRepeated += 1
    counterValues.answersRepeated &+= 1
    // Behind a NAT that gave a new port meanwhile, the old one leads nowhere.
    send(sa.lastAnswer, on: sa.nat.dialect == nil ? sa.path : path)
  }

  /// Stored answers sent again to an address that is not proven.
  static let repeatedAnswersMax = 16

  /// An error report without authentication: a doubt, not a fact (see `ISAKMPSA.Doubt`).
  private mutating func receiveUnauthenticatedError(
    _ arrival: Arrival, in sa: ISAKMPSA
  ) throws(Violation) {
    let chain = try arrival.clearPayloads()
    let notification = try Notification(parsing: try chain.single(.notification))
    guard notification.type.isError else { throw .encryption }
    guard sa.role == .initiator, !sa.isEstablished else { throw .encryption }
    guard arrival.path.remote.address == sa.path.remote.address else { throw .wrongPath }
    let doubt: ISAKMPSA.Doubt
    switch sa.phase {
    case .awaitingIdentity:
      doubt = ISAKMPSA.Doubt(
        reason: .authenticationFailed,
        detail: "PSK mismatch likely: the peer answered \(notification.type)",
        believedAt: arrival.now + Self.unauthenticatedErrorGrace)
    case .awaitingSA, .generatingKey, .awaitingKeyExchange, .derivingKeys,
      .awaitingPeerKeyExchange, .computingAnswer, .awaitingPeerIdentity, .established:
      doubt = ISAKMPSA.Doubt(
        reason: .negotiationFailed, detail: "the peer answered \(notification.type)",
        believedAt: arrival.now + Self.unauthenticatedErrorGrace)
    }
    raise(doubt, in: sa.id)
  }

  /// How long a forged error would have to beat the real answer.
  static let unauthenticatedErrorGrace: Duration = .seconds(1)

  mutating func raise(_ doubt: ISAKMPSA.Doubt, in id: ISAKMPSAID) {
    guard isakmpSAs[id]?.doubt == nil else { return }
    isakmpSAs[id]?.doubt = doubt
    armMainModeTimer(id)
  }
}
