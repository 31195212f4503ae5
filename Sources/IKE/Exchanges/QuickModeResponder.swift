import Cryptography
import Primitives

// The responder's half of quick mode (RFC 2409 §5.5). The peer is authenticated here, so
// message 2 is retransmitted until message 3 comes.

extension ISAKMPEngine {
  /// Why a well-formed quick mode is not acceptable, and the error to report.
  struct Refusal: Error {
    let notify: NotifyType
    let detail: String
    var offered: [String] = []
  }

  mutating func receiveQuickMode1(
    _ arrival: Arrival, key: QuickModeKey, in sa: ISAKMPSA,
    using random: inout some RandomNumberGenerator
  ) throws(Violation) {
    guard let keys = sa.keys else { throw .unexpected }
    guard sa.messageIDs.isNewQuickMode(key.messageID) else { throw .replay }
    let concurrent = quickModes(on: sa.id).filter {
      $0.role == .responder && $0.phase != .finished
    }
    guard concurrent.count < sa.policy.phase2ExchangesMax else { throw .limit }
    let opened = try open(
      arrival, in: sa, iv: keys.phase2IV(lastBlock: sa.iv, messageID: key.messageID))
    let request = try QuickModeRequest(opened.chain, sa: sa)
    guard hasRoomForJob else { throw .limit }
    try checkPath(arrival, in: sa)
    if hasStartedAnew(sa, at: arrival.now) {
      separate(sa, "the peer started anew", at: arrival.now, using: &random)
    }
    try acceptPath(arrival, in: isakmpSAs[sa.id] ?? sa)
    isakmpSAs[sa.id]?.messageIDs.noteQuickMode(key.messageID)
    // Connection and path may just have changed.
    guard let sa = isakmpSAs[sa.id], let connectionID = sa.connection,
      let connection = connections[connectionID]
    else { throw .unexpected }
    let quickMode: QuickMode
    do throws(Refusal) {
      quickMode = try accept(
        request, chain: opened.chain, key: key, connection: connection, sa: sa, iv: opened.iv,
        arrival, using: &random)
    } catch {
      refuseQuickMode(
        error, request, key: key, connection: connection, arrival, using: &random)
      return
    }
    insert(quickMode)
    guard let group = quickMode.group, let privateKey = quickMode.privateKey else {
      sendQuickMode2(key, publicValue: nil, shared: nil, at: arrival.now, using: &random)
      return
    }
    let started = startJob(
      .quickMode(key), group: group, privateKey: privateKey,
      peerPublicValue: quickMode.peerPublicValue, wantsPublicValue: true)
    precondition(started, "room for the job was checked above")
  }

  private mutating func accept(
    _ request: QuickModeRequest, chain: PayloadChain, key: QuickModeKey, connection: Connection,
    sa: ISAKMPSA, iv: [UInt8], _ arrival: Arrival,
    using random: inout some RandomNumberGenerator
  ) throws(Refusal) -> QuickMode {
    guard
      let policy = configuration.ipsecPolicy(
        under: sa.policy.name, for: sa.path.remote.address)
    else { throw Refusal(notify: .noProposalChosen, detail: "no IPsec policy for this peer") }
    let selectors = try request.selectors(sa: sa)
    guard let choice = request.choose(policy: policy, sa: sa) else {
      throw Refusal(
        notify: .noProposalChosen, detail: "no phase 2 proposal of the peer is acceptable",
        offered: request.offers.map { "\($0.offer.transform)" })
    }
    guard request.publicValue?.count == choice.offer.group?.publicValueLength else {
      throw Refusal(notify: .noProposalChosen, detail: "KE and group of quick mode differ")
    }
    guard makeRoomForPhase2SA(on: connection.id) else {
      throw Refusal(notify: .noProposalChosen, detail: "too many IPsec SAs on one connection")
    }
    let inboundSPI = makeSPI(using: &random)
    var quickMode = QuickMode(
      key: key, role: .responder, connection: connection.id, policy: policy,
      createdAt: arrival.now, inboundSPI: inboundSPI, phase: .computingAnswer,
      outboundSPI: choice.spi, agreed: choice.offer, selectors: selectors,
      identifications: request.identifications, nonceInitiator: request.nonce,
      nonceResponder: random.bytes(Self.nonceBytes), group: choice.offer.group, iv: iv)
    quickMode.peerPublicValue = request.publicValue ?? []
    quickMode.privateKey = choice.offer.group.map { $0.makePrivateKey(using: &random) }
    quickMode.answerSA =
      SecurityAssociation(proposals: [
        Proposal(
          number: choice.number, protocolID: .esp, spi: bigEndian(inboundSPI),
          transforms: [choice.transform])
      ]).bytes
    quickMode.answerExtras = extras(request, choice: choice, policy: policy, spi: inboundSPI, sa)
    quickMode.lastReceived = arrival.digest
    quickMode.replaces = connection.phase2SAs.last {
      phase2SAs[$0]?.selectors == selectors && phase2SAs[$0]?.isSuperseded == false
    }
    return quickMode
  }

  /// RESPONDER-LIFETIME when ours is shorter, and NAT-OA when the peer sent some: racoon rejects
  /// them unasked, and Vista wants two.
  private func extras(
    _ request: QuickModeRequest, choice: QuickModeRequest.Choice, policy: IPsecPolicy,
    spi: UInt32, _ sa: ISAKMPSA
  ) -> [Payload] {
    var payloads: [Payload] = []
    let offered = choice.offer.lifetime
    let own = Lifetime(
      seconds: policy.lifetimeSeconds, kilobytes: policy.lifetimeKilobytes)
    let isShorter =
      (offered.seconds ?? Lifetime.secondsDefault) > policy.lifetimeSeconds
      || policy.lifetimeKilobytes.map { (offered.kilobytes ?? .max) > $0 } ?? false
    if isShorter, sa.policy.sendNotify {
      payloads.append(
        responderLifetime(own.shortened(by: offered), protocolID: .esp, spi: bigEndian(spi)))
    }
    if let dialect = sa.nat.dialect, request.originalAddressCount > 0 {
      // Two answer two; a draft's single one carries the sender's own address.
      let (remote, local) = (sa.path.remote.address, sa.path.local.address)
      let addresses = request.originalAddressCount >= 2 ? [remote, local] : [local]
      payloads += originalAddresses(addresses, dialect: dialect)
    }
    return payloads
  }

  /// Reports the refusal and keeps the report as the answer to retransmissions.
  private mutating func refuseQuickMode(
    _ refusal: Refusal, _ request: QuickModeRequest, key: QuickModeKey, connection: Connection,
    _ arrival: Arrival, using random: inout some RandomNumberGenerator
  ) {
    counterValues.proposalsRefused &+= 1
    counterValues.quickModesFailed &+= 1
    connections[connection.id]?.lastError = refusal.detail
    record(
      NegotiationFailure(
        at: arrival.now, path: arrival.path, reason: .negotiationFailed, detail: refusal.detail,
        offered: Array(refusal.offered.prefix(NegotiationFailure.offersMax)),
        accepted: configuration.ipsecPolicy(
          under: connection.policy.name, for: arrival.path.remote.address)?
          .transforms.map(\.description) ?? []))
    note(
      .quickModeRefused, connection: connection.id, path: arrival.path, refusal.detail,
      at: arrival.now)
    guard connection.policy.sendNotify else { return }
    let report = Notification(
      refusal.notify, protocolID: .esp, spi: request.offers.first.map { bigEndian($0.spi) } ?? [])
    guard
      let message = informational(
        [Payload(.notification, report.bytes)], on: key.sa, using: &random)
    else { return }
    var refused = QuickMode(
      key: key, role: .responder, connection: connection.id,
      policy: IPsecPolicy(
        name: "", peer: .any, isakmpPolicy: connection.policy.name, transforms: []),
      createdAt: arrival.now, inboundSPI: 0, phase: .finished,
      selectors: TrafficSelectors(
        local: arrival.path.local.address, remote: arrival.path.remote.address, protocolID: 0,
        localPort: 0, remotePort: 0), iv: [])
    refused.lastReceived = arrival.digest
    refused.lastAnswer = message
    insert(refused)
    linger(key, at: arrival.now)
    send(message, on: arrival.path)
  }

  mutating func sendQuickMode2(
    _ key: QuickModeKey, publicValue: [UInt8]?, shared: Secret?, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    guard var quickMode = quickModes[key], let sa = isakmpSAs[key.sa], let keys = sa.keys else {
      return
    }
    var payloads = [
      Payload(.securityAssociation, quickMode.answerSA),
      Payload(.nonce, quickMode.nonceResponder),
    ]
    if let publicValue { payloads.append(Payload(.keyExchange, publicValue)) }
    payloads += quickMode.identifications.map { Payload(.identification, $0) }
    payloads += quickMode.answerExtras
    let sealed = seal(
      payloads, .quickMode, messageID: key.messageID, cookies: sa.cookies, keys: keys,
      iv: quickMode.iv, prefix: [quickMode.nonceInitiator])
    quickMode.iv = sealed.iv
    quickMode.phase = .awaitingConfirmation
    quickMode.lastAnswer = sealed.message
    quickMode.privateKey = nil
    let retransmission = Retransmission(sealed.message, backoff: sa.policy.backoff, at: now)
    quickMode.retransmission = retransmission
    quickModes[key] = quickMode
    timers.set(retransmission.nextAt, for: .quickMode(key))
    // The peer may send ESP right after its message 3, which can come later than that.
    installPhase2SA(quickMode, shared: shared, at: now, using: &random)
    send(sealed.message, on: sa.path)
  }

  mutating func receiveQuickMode3(
    _ arrival: Arrival, _ quickMode: QuickMode, in sa: ISAKMPSA
  ) throws(Violation) {
    guard let keys = sa.keys else { throw .unexpected }
    let opened = try keys.decrypt(arrival.body, iv: quickMode.iv)
    let chain = try PayloadChain(
      parsing: opened.plaintext, first: arrival.header.firstPayload, trailer: .padding)
    guard chain.first == .hash else { throw .hash }
    let expected = keys.authenticate([
      [0], bigEndian(quickMode.key.messageID), quickMode.nonceInitiator,
      quickMode.nonceResponder,
    ])
    guard equalInConstantTime(try chain.single(.hash), expected) else { throw .hash }
    try acceptPath(arrival, in: sa)
    quickModes[quickMode.key]?.lastReceived = arrival.digest
    quickModes[quickMode.key]?.lastAnswer = []
    completePhase2SA(quickMode.inboundSPI)
    linger(quickMode.key, at: arrival.now)
  }
}
