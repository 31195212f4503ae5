import Cryptography
import Primitives

// The initiator's half of quick mode (RFC 2409 §5.5).

extension ISAKMPEngine {
  /// Starts what the connection still needs: the quick mode that waited for this ISAKMP SA, or its
  /// first one.
  mutating func startNeededQuickMode(
    _ id: ConnectionID, at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    guard let connection = connections[id] else { return }
    if let pending = connection.pendingQuickMode {
      connections[id]?.pendingQuickMode = nil
      // What it was to succeed may have ended meanwhile.
      let replaces = pending.replaces.flatMap { phase2SAs[$0] == nil ? nil : $0 }
      startQuickMode(for: id, replaces: replaces, at: now, using: &random)
    } else if connection.request != nil, !hasCurrentPhase2SA(id) {
      startQuickMode(for: id, replaces: nil, at: now, using: &random)
    }
  }

  mutating func startQuickMode(
    for id: ConnectionID, replaces: UInt32?, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    guard let connection = connections[id] else { return }
    guard let saID = currentISAKMPSA(of: id), let sa = isakmpSAs[saID], let keys = sa.keys,
      !sa.messageIDs.isUsedUp
    else {
      connections[id]?.pendingQuickMode = PendingQuickMode(replaces: replaces)
      startMainModeUnlessUnderWay(for: id, at: now, using: &random)
      return
    }
    guard let policy = ipsecPolicy(for: connection, replaces: replaces) else {
      failAttempt(id, .policyRefused, "the IPsec policy is gone", at: now, using: &random)
      return
    }
    guard !quickModesUnderWay(of: id).contains(where: { $0.role == .initiator }) else { return }
    var messageID: UInt32 = random.nonZero()
    while !sa.messageIDs.isNewQuickMode(messageID) { messageID = random.nonZero() }
    isakmpSAs[saID]?.messageIDs.noteQuickMode(messageID)
    let key = QuickModeKey(sa: saID, messageID: messageID)
    let replaced = replaces.flatMap { phase2SAs[$0] }
    let selectors = TrafficSelectors(
      local: sa.path.local.address, remote: sa.path.remote.address, protocolID: Self.udp,
      localPort: replaced?.selectors.localPort ?? connection.request?.localPort ?? Self.l2tpPort,
      remotePort: replaced?.selectors.remotePort ?? connection.request?.remotePort
        ?? Self.l2tpPort)
    var quickMode = QuickMode(
      key: key, role: .initiator, connection: id, policy: policy, createdAt: now,
      inboundSPI: makeSPI(using: &random), phase: .generatingKey, selectors: selectors,
      iv: keys.phase2IV(lastBlock: sa.iv, messageID: messageID))
    quickMode.replaces = replaces
    quickMode.group = policy.perfectForwardSecrecy
    quickMode.nonceInitiator = random.bytes(Self.nonceBytes)
    guard let group = quickMode.group else {
      insert(quickMode)
      sendQuickMode1(key, publicValue: nil, at: now)
      return
    }
    let privateKey = group.makePrivateKey(using: &random)
    quickMode.privateKey = privateKey
    insert(quickMode)
    let started = startJob(
      .quickMode(key), group: group, privateKey: privateKey, peerPublicValue: nil,
      wantsPublicValue: true)
    if !started {
      failQuickMode(
        key, .internalError, "too many key exchanges at a time", at: now, using: &random)
    }
  }

  static let udp: UInt8 = 17
  /// The UDP port of L2TP (RFC 2661 §8.1).
  static let l2tpPort: UInt16 = 1701

  private func ipsecPolicy(for connection: Connection, replaces: UInt32?) -> IPsecPolicy? {
    let name = connection.request?.policy ?? replaces.flatMap { phase2SAs[$0]?.policyName }
    if let name, let policy = configuration.ipsecPolicies.first(where: { $0.name == name }) {
      return policy
    }
    return configuration.ipsecPolicy(
      under: connection.policy.name, for: connection.path.remote.address)
  }

  mutating func sendQuickMode1(_ key: QuickModeKey, publicValue: [UInt8]?, at now: Instant) {
    guard var quickMode = quickModes[key], let sa = isakmpSAs[key.sa], let keys = sa.keys else {
      return
    }
    let lifetime = Lifetime(
      seconds: quickMode.policy.lifetimeSeconds, kilobytes: quickMode.policy.lifetimeKilobytes)
    let mode = encapsulationMode(of: sa)
    let transforms = quickMode.policy.transforms.prefix(ProposalProfile.offeredMax).enumerated()
      .map {
        ESPOffer($1, encapsulationMode: mode, group: quickMode.group, lifetime: lifetime)
          .payload(number: UInt8(truncatingIfNeeded: $0 + 1))
      }
    let offer = SecurityAssociation(proposals: [
      Proposal(
        number: 1, protocolID: .esp, spi: bigEndian(quickMode.inboundSPI), transforms: transforms)
    ])
    let selectors = quickMode.selectors
    quickMode.identifications = [
      Identification(
        selectors.local, protocolID: selectors.protocolID, port: selectors.localPort
      ).bytes,
      Identification(
        selectors.remote, protocolID: selectors.protocolID, port: selectors.remotePort
      ).bytes,
    ]
    var payloads = [
      Payload(.securityAssociation, offer.bytes), Payload(.nonce, quickMode.nonceInitiator),
    ]
    if let publicValue { payloads.append(Payload(.keyExchange, publicValue)) }
    payloads += quickMode.identifications.map { Payload(.identification, $0) }
    if let dialect = sa.nat.dialect, mode != ESPOffer.transportMode {
      payloads += originalAddresses(
        [selectors.local, selectors.remote], dialect: dialect)
    }
    let sealed = seal(
      payloads, .quickMode, messageID: key.messageID, cookies: sa.cookies, keys: keys,
      iv: quickMode.iv)
    quickMode.iv = sealed.iv
    quickMode.phase = .awaitingAnswer
    let retransmission = Retransmission(
      sealed.message, backoff: sa.policy.backoff, at: now)
    quickMode.retransmission = retransmission
    quickModes[key] = quickMode
    timers.set(retransmission.nextAt, for: .quickMode(key))
    send(sealed.message, on: sa.path)
  }

  /// The encapsulation that NAT discovery demands.
  func encapsulationMode(of sa: ISAKMPSA) -> UInt16 {
    guard let dialect = sa.nat.dialect, sa.nat.needsEncapsulation, sa.path.floated else {
      return ESPOffer.transportMode
    }
    return dialect.udpTransportMode
  }

  /// NAT-OA payloads (RFC 3947 §5.2): the initiator's address, then the responder's. The drafts
  /// know only the sender's own, which is the first.
  func originalAddresses(_ addresses: [IPAddress], dialect: NATTraversal) -> [Payload] {
    let count = dialect == .rfc3947 ? addresses.count : 1
    return addresses.prefix(count).map { address in
      let kind =
        address.isIPv4 ? Identification.Kind.ipv4Address : Identification.Kind.ipv6Address
      return Payload(dialect.originalAddressPayload, [kind, 0, 0, 0] + address.bytes)
    }
  }

  mutating func receiveQuickMode2(
    _ arrival: Arrival, _ received: QuickMode, in sa: ISAKMPSA,
    using random: inout some RandomNumberGenerator
  ) throws(Violation) {
    let opened = try open(arrival, in: sa, iv: received.iv, prefix: [received.nonceInitiator])
    let chain = opened.chain
    var quickMode = received
    let answer = try SecurityAssociation(parsing: try chain.single(.securityAssociation))
    guard answer.proposals.count == 1, let proposal = answer.proposals.first,
      proposal.protocolID == .esp, let spi = ESPSPI(proposal.spi),
      proposal.transforms.count == 1, let transform = proposal.transforms.first,
      let agreed = ESPOffer(transform),
      quickMode.policy.transforms.prefix(ProposalProfile.offeredMax).contains(agreed.transform),
      agreed.encapsulationMode == encapsulationMode(of: sa), agreed.group == quickMode.group
    else { throw .proposal }
    quickMode.nonceResponder = try chain.single(.nonce)
    guard Contribution.nonceRange.contains(quickMode.nonceResponder.count) else { throw .nonce }
    try checkEchoedSelectors(chain.all(.identification), of: quickMode, nat: sa.nat)
    let publicValue = try chain.optional(.keyExchange)
    guard publicValue?.count == quickMode.group?.publicValueLength else { throw .keyExchange }
    guard publicValue == nil || hasRoomForJob else { throw .limit }
    quickMode.selectors = try withOriginalAddresses(quickMode.selectors, chain, sa: sa)
    quickMode.outboundSPI = spi.value
    quickMode.agreed = agreed
    quickMode.iv = opened.iv
    quickMode.retransmission = nil
    quickMode.lastReceived = arrival.digest
    acceptPhase2Lifetime(chain, in: &quickMode)
    try acceptPath(arrival, in: sa)
    if let group = quickMode.group, let privateKey = quickMode.privateKey, let publicValue {
      let started = startJob(
        .quickMode(quickMode.key), group: group, privateKey: privateKey,
        peerPublicValue: publicValue, wantsPublicValue: false)
      precondition(started, "room for the job was checked above")
      quickMode.phase = .derivingKeys
      quickModes[quickMode.key] = quickMode
      timers.set(nil, for: .quickMode(quickMode.key))
    } else {
      quickModes[quickMode.key] = quickMode
      finishAsInitiator(quickMode.key, shared: nil, at: arrival.now, using: &random)
    }
  }

  /// The responder repeats our selectors; behind a NAT it may write other addresses.
  private func checkEchoedSelectors(
    _ bodies: [[UInt8]], of quickMode: QuickMode, nat: NATState
  ) throws(Violation) {
    guard bodies != quickMode.identifications, !bodies.isEmpty else { return }
    guard bodies.count == quickMode.identifications.count, nat.needsEncapsulation else {
      throw .identification
    }
    for (theirs, ours) in zip(bodies, quickMode.identifications) {
      let (theirs, ours) = (
        try Identification(parsing: theirs), try Identification(parsing: ours)
      )
      guard theirs.protocolID == ours.protocolID, theirs.port == ours.port else {
        throw .identification
      }
    }
  }

  /// RESPONDER-LIFETIME in message 2 (RFC 2407 §4.6.3.1).
  private func acceptPhase2Lifetime(_ chain: PayloadChain, in quickMode: inout QuickMode) {
    for body in chain.all(.notification) {
      guard let notification = try? Notification(parsing: body),
        notification.type == .responderLifetime, notification.protocolID == .esp,
        let lifetime = Lifetime(responderLifetime: notification.data)
      else { continue }
      let offered = quickMode.agreed?.lifetime ?? lifetime
      quickMode.agreed?.lifetime = lifetime.shortened(by: offered)
    }
  }

  mutating func finishAsInitiator(
    _ key: QuickModeKey, shared: Secret?, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    guard let quickMode = quickModes[key], let sa = isakmpSAs[key.sa], let keys = sa.keys else {
      return
    }
    installPhase2SA(quickMode, shared: shared, at: now, using: &random)
    // HASH(3) = prf(SKEYID_a, 0 | M-ID | Ni_b | Nr_b)
    let hash = keys.authenticate([
      [0], bigEndian(key.messageID), quickMode.nonceInitiator, quickMode.nonceResponder,
    ])
    let sealed = sealHashed(
      [Payload(.hash, hash)], .quickMode, messageID: key.messageID, cookies: sa.cookies,
      keys: keys, iv: quickMode.iv)
    quickModes[key]?.lastAnswer = sealed.message
    send(sealed.message, on: sa.path)
    completePhase2SA(quickMode.inboundSPI)
    linger(key, at: now)
  }
}

/// An SPI as a proposal carries it: four bytes, above the reserved range (RFC 4303 §2.1).
struct ESPSPI {
  let value: UInt32

  init?(_ bytes: [UInt8]) {
    guard bytes.count == 4 else { return nil }
    value = bytes.reduce(0) { $0 << 8 | UInt32($1) }
    guard value >= 256 else { return nil }
  }
}
