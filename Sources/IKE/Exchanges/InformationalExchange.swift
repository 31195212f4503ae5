import Primitives

// Informational exchanges (RFC 2409 §5.7): HDR*, HASH(1), N and D payloads. Nothing is believed
// without HASH(1).

extension ISAKMPEngine {
  /// The payloads of a protected phase 2 message, its HASH verified over the message id, `prefix`
  /// and all payloads after it; and the next initialisation vector.
  func open(
    _ arrival: Arrival, in sa: ISAKMPSA, iv: [UInt8], prefix: [[UInt8]] = []
  ) throws(Violation) -> (chain: PayloadChain, iv: [UInt8]) {
    guard let keys = sa.keys else { throw .unexpected }
    let opened = try keys.decrypt(arrival.body, iv: iv)
    let chain = try PayloadChain(
      parsing: opened.plaintext, first: arrival.header.firstPayload, trailer: .padding)
    guard chain.first == .hash else { throw .hash }
    let hash = try chain.single(.hash)
    let rest = opened.plaintext.prefix(chain.lengthBytes).dropFirst(
      Payload.headerBytes + hash.count)
    let expected = keys.authenticate(
      [bigEndian(arrival.header.messageID)] + prefix + [Array(rest)])
    guard equalInConstantTime(hash, expected) else { throw .hash }
    return (chain, opened.iv)
  }

  /// A protected phase 2 message: HASH before `payloads`, encrypted; and the next vector.
  func seal(
    _ payloads: [Payload], _ exchange: ExchangeType, messageID: UInt32, cookies: Cookies,
    keys: ISAKMPKeys, iv: [UInt8], prefix: [[UInt8]] = []
  ) -> (message: [UInt8], iv: [UInt8]) {
    let rest = PayloadChain(payloads).bytes
    let hash = keys.authenticate([bigEndian(messageID)] + prefix + [rest])
    return sealHashed(
      [Payload(.hash, hash)] + payloads, exchange, messageID: messageID, cookies: cookies,
      keys: keys, iv: iv)
  }

  func sealHashed(
    _ payloads: [Payload], _ exchange: ExchangeType, messageID: UInt32, cookies: Cookies,
    keys: ISAKMPKeys, iv: [UInt8]
  ) -> (message: [UInt8], iv: [UInt8]) {
    let sealed = keys.encrypt(PayloadChain(payloads).bytes, iv: iv)
    let header = ISAKMPHeader(
      cookies: cookies, firstPayload: .hash, exchangeType: exchange, isEncrypted: true,
      messageID: messageID)
    return (header.message(with: sealed.ciphertext), sealed.iv)
  }

  /// One protected informational message of `payloads`, to be sent.
  func informational(
    _ payloads: [Payload], on id: ISAKMPSAID, using random: inout some RandomNumberGenerator
  ) -> [UInt8]? {
    guard let sa = isakmpSAs[id], let keys = sa.keys else { return nil }
    let messageID: UInt32 = random.nonZero()
    return seal(
      payloads, .informational, messageID: messageID, cookies: sa.cookies, keys: keys,
      iv: keys.phase2IV(lastBlock: sa.iv, messageID: messageID)
    ).message
  }

  mutating func sendInformational(
    _ payloads: [Payload], on id: ISAKMPSAID, using random: inout some RandomNumberGenerator
  ) {
    guard let path = isakmpSAs[id]?.path,
      let message = informational(payloads, on: id, using: &random)
    else { return }
    send(message, on: path)
  }

  mutating func sendNotification(
    _ notification: Notification, on id: ISAKMPSAID,
    using random: inout some RandomNumberGenerator
  ) {
    sendInformational([Payload(.notification, notification.bytes)], on: id, using: &random)
  }

  mutating func receiveInformational(
    _ arrival: Arrival, in sa: ISAKMPSA, using random: inout some RandomNumberGenerator
  ) throws(Violation) {
    guard let keys = sa.keys else { throw .unexpected }
    guard sa.isEstablished else {
      suspectInformational(arrival, in: sa)
      throw .unexpected
    }
    let messageID = arrival.header.messageID
    guard messageID != 0 else { throw .messageID }
    guard sa.messageIDs.isNewInformational(messageID) else { throw .replay }
    let iv = keys.phase2IV(lastBlock: sa.iv, messageID: messageID)
    let chain = try open(arrival, in: sa, iv: iv).chain
    if isFresh(chain, in: sa) {
      try acceptPath(arrival, in: sa)
    } else {
      guard arrival.path == sa.path else { throw .replay }
    }
    isakmpSAs[sa.id]?.messageIDs.noteInformational(messageID)
    // Whatever their order, first what needs the SA and last its own end; a payload that does not
    // parse is skipped, for the others are authentic.
    let deletes = chain.all(.delete).compactMap { body in try? Delete(parsing: body) }
    for delete in deletes where delete.protocolID == .esp {
      receiveESPDelete(delete, in: sa, at: arrival.now, using: &random)
    }
    for body in chain.all(.notification) {
      guard let notification = try? Notification(parsing: body) else {
        counterValues.count(.notification)
        continue
      }
      receive(notification, in: sa, at: arrival.now, using: &random)
    }
    for delete in deletes where delete.protocolID == .isakmp {
      receiveISAKMPDelete(delete, in: sa, at: arrival.now, using: &random)
    }
    let malformed = chain.all(.delete).count - deletes.count
    for _ in 0..<malformed { counterValues.count(.delete) }
  }

  /// Whether a message is certainly no copy of an old one, so that it shows where its sender is and
  /// that it lives. As long as every message id is remembered all are; after that only what has a
  /// running number does.
  private func isFresh(_ chain: PayloadChain, in sa: ISAKMPSA) -> Bool {
    guard sa.messageIDs.hasForgottenInformationals else { return true }
    return chain.all(.notification).contains { body in
      guard let notification = try? Notification(parsing: body),
        notification.spi == sa.cookies.bytes, let sequence = notification.sequence
      else { return false }
      switch notification.type {
      case .rUThere:
        let ahead = sequence &- (sa.dpdSeen ?? sequence &- 1)
        return ahead > 0 && ahead <= UInt32.max / 2
      case .rUThereACK: return sequence == sa.dpdSent && sa.dpdUnanswered > 0
      default: return false
      }
    }
  }

  /// An encrypted message after our message 5 that we cannot read: the error report of a peer with
  /// another secret, or the first words of one whose message 6 was lost. Only the former follow
  /// each of our transmissions from the first on.
  private mutating func suspectInformational(_ arrival: Arrival, in sa: ISAKMPSA) {
    guard sa.phase == .awaitingIdentity, let sent = sa.retransmission?.sent,
      arrival.path.remote.address == sa.path.remote.address, sa.unreadableReports == sent
    else { return }
    isakmpSAs[sa.id]?.unreadableReports = sent + 1
    guard sent + 1 >= Self.unreadableReportsBelieved else { return }
    raise(
      ISAKMPSA.Doubt(
        reason: .authenticationFailed,
        detail: "PSK mismatch likely: the peer answers message 5 with unreadable reports",
        believedAt: arrival.now + Self.unauthenticatedErrorGrace),
      in: sa.id)
  }

  /// Transmissions of message 5 that must each have got an unreadable report.
  static let unreadableReportsBelieved = 3

  /// An authenticated message came on `arrival.path`: the connection lives, and moves there when
  /// NAT traversal allows it (RFC 3947 §4).
  mutating func acceptPath(_ arrival: Arrival, in sa: ISAKMPSA) throws(Violation) {
    try checkPath(arrival, in: sa)
    isakmpSAs[sa.id]?.path = arrival.path
    guard let id = sa.connection, let connection = connections[id] else { return }
    noteAuthenticatedTraffic(id, at: arrival.now)
    guard connection.path != arrival.path, !sa.isSuperseded else { return }
    move(id, to: arrival.path)
    events.append(.pathChanged(id, arrival.path))
  }

  /// Without NAT traversal nothing moves. Asked before an authentic message changes anything: the
  /// same message may yet come from where the peer is.
  func checkPath(_ arrival: Arrival, in sa: ISAKMPSA) throws(Violation) {
    guard sa.nat.dialect != nil || arrival.path.remote == sa.path.remote else { throw .wrongPath }
  }

  private mutating func receive(
    _ notification: Notification, in sa: ISAKMPSA, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    switch notification.type {
    case .rUThere: answerRUThere(notification, in: sa, at: now, using: &random)
    case .rUThereACK: receiveRUThereACK(notification, in: sa, at: now)
    case .initialContact: receiveInitialContact(in: sa, at: now, using: &random)
    case .responderLifetime: acceptResponderLifetime(notification, in: sa.id)
    default:
      guard notification.type.isError else { return }
      receiveError(notification, in: sa, at: now, using: &random)
    }
  }

  /// An authenticated error report: it ends the quick mode it speaks of.
  private mutating func receiveError(
    _ notification: Notification, in sa: ISAKMPSA, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    note(
      .peerReportedError, connection: sa.connection, path: sa.path, "\(notification.type)",
      at: now)
    let waiting = quickModes(on: sa.id).filter {
      $0.phase == .awaitingAnswer || $0.phase == .awaitingConfirmation
    }
    // Peers name our SPI, their own or none; one quick mode alone is meant in any case.
    let named = waiting.first {
      [bigEndian($0.inboundSPI), bigEndian($0.outboundSPI)].contains(notification.spi)
    }
    guard let quickMode = named ?? (waiting.count == 1 ? waiting.first : nil) else { return }
    let isAuthentication =
      [.authenticationFailed, .invalidHashInformation].contains(notification.type)
    failQuickMode(
      quickMode.key, isAuthentication ? .authenticationFailed : .negotiationFailed,
      "the peer answered \(notification.type) in quick mode", at: now, using: &random)
  }

  /// RESPONDER-LIFETIME of phase 1 (RFC 2407 §4.6.3.1): the peer's is shorter than ours.
  mutating func acceptResponderLifetime(_ notification: Notification, in id: ISAKMPSAID) {
    guard let sa = isakmpSAs[id], notification.type == .responderLifetime,
      notification.protocolID == .isakmp,
      let seconds = Lifetime(responderLifetime: notification.data)?.seconds
    else { return }
    let shorter = Self.lifetime(sa.lifetimeSeconds, peer: seconds)
    isakmpSAs[id]?.lifetimeSeconds = shorter
    guard let established = sa.establishedAt else { return }
    isakmpSAs[id]?.expiresAt = earliest(sa.expiresAt, established + .seconds(shorter))
    armISAKMPLifetimeTimer(id)
  }

  func responderLifetime(
    _ lifetime: Lifetime, protocolID: SecurityProtocol, spi: [UInt8]
  ) -> Payload {
    Payload(
      .notification,
      Notification(
        .responderLifetime, protocolID: protocolID, spi: spi, data: lifetime.responderLifetime
      ).bytes)
  }
}

/// A number in network order.
func bigEndian(_ value: UInt32) -> [UInt8] {
  var writer = ByteWriter(capacityBytes: 4)
  writer.write(value)
  return writer.bytes
}

extension Lifetime {
  /// Life type and duration attributes in phase 2 numbering, which RESPONDER-LIFETIME uses for both
  /// phases (RFC 2407 §4.6.3.1).
  private static let lifeType: UInt16 = 1
  private static let lifeDuration: UInt16 = 2

  var responderLifetime: [UInt8] {
    var writer = ByteWriter(capacityBytes: 24)
    for attribute in attributes(type: Self.lifeType, duration: Self.lifeDuration) {
      attribute.write(to: &writer)
    }
    return writer.bytes
  }

  init?(responderLifetime data: [UInt8]) {
    var reader = ByteReader(data)
    var attributes: [Attribute] = []
    while !reader.isAtEnd {
      guard attributes.count < SecurityAssociation.attributesMax,
        let attribute = try? Attribute(parsing: &reader)
      else { return nil }
      attributes.append(attribute)
    }
    guard
      let fields = TransformFields(
        attributes, lifeType: Self.lifeType, lifeDuration: Self.lifeDuration),
      fields.onlyContains([])
    else { return nil }
    self = fields.lifetime
  }
}
