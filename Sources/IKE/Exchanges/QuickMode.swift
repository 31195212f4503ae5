import Cryptography
import Primitives

/// Names a phase 2 exchange: its ISAKMP SA and its message id.
struct QuickModeKey: Hashable, Sendable {
  var sa: ISAKMPSAID
  var messageID: UInt32
}

/// One quick mode (RFC 2409 §5.5).
///
/// ```
/// HDR*, HASH(1), SA, Ni [, KE ] [, IDci, IDcr ] [, NAT-OA]   →
///                   ←   HDR*, HASH(2), SA, Nr [, KE ] [, IDci, IDcr ] [, NAT-OA]
/// HDR*, HASH(3)                                              →
/// ```
struct QuickMode: Sendable {
  enum Phase: String, Sendable {
    /// Initiator: the public value for perfect forward secrecy is being computed.
    case generatingKey
    /// Initiator: message 1 is sent.
    case awaitingAnswer
    /// Initiator: message 2 was accepted; the shared secret is being computed.
    case derivingKeys
    /// Responder: message 1 was accepted; public value and shared secret are being computed.
    case computingAnswer
    /// Responder: message 2 is sent.
    case awaitingConfirmation
    /// Kept to answer retransmissions.
    case finished
  }

  let key: QuickModeKey
  let role: Role
  let connection: ConnectionID
  let policy: IPsecPolicy
  let createdAt: Instant
  let inboundSPI: UInt32
  var phase: Phase
  var outboundSPI: UInt32 = 0
  /// What was agreed; `nil` for an initiator until message 2.
  var agreed: ESPOffer?
  var selectors: TrafficSelectors
  /// The bodies of IDci and IDcr, echoed by the responder as they came.
  var identifications: [[UInt8]] = []
  var nonceInitiator: [UInt8] = []
  var nonceResponder: [UInt8] = []
  var group: KeyExchangeGroup?
  var privateKey: Secret?
  var peerPublicValue: [UInt8] = []
  /// Responder: the SA payload of the answer and the NAT-OA payloads to add.
  var answerSA: [UInt8] = []
  var answerExtras: [Payload] = []
  /// The inbound SPI of the pair to be succeeded.
  var replaces: UInt32?
  var iv: [UInt8]
  var lastReceived: [UInt8] = []
  var lastAnswer: [UInt8] = []
  var retransmission: Retransmission?

  /// How long a finished quick mode answers retransmissions.
  static let finishedLinger: Duration = .seconds(120)
  /// Finished quick modes kept per ISAKMP SA.
  static let finishedMax = 8
}

extension ISAKMPEngine {
  /// The youngest established ISAKMP SA of a connection, which carries its phase 2 exchanges.
  func currentISAKMPSA(of id: ConnectionID) -> ISAKMPSAID? {
    let established = (connections[id]?.isakmpSAs ?? []).filter {
      isakmpSAs[$0]?.isEstablished == true
    }
    return established.last { isakmpSAs[$0]?.isSuperseded == false } ?? established.last
  }

  mutating func makeSPI(using random: inout some RandomNumberGenerator) -> UInt32 {
    // 1 to 255 are reserved (RFC 4303 §2.1).
    var spi = UInt32.random(in: 256...UInt32.max, using: &random)
    while !inboundSPIs.insert(spi).inserted {
      spi = UInt32.random(in: 256...UInt32.max, using: &random)
    }
    return spi
  }

  /// The quick modes on one ISAKMP SA that there is a record of, in the order of their beginnings.
  func quickModes(on id: ISAKMPSAID) -> [QuickMode] {
    (isakmpSAs[id]?.quickModeIDs ?? []).compactMap {
      quickModes[QuickModeKey(sa: id, messageID: $0)]
    }
  }

  /// Those of a connection that are not finished.
  func quickModesUnderWay(of id: ConnectionID) -> [QuickMode] {
    (connections[id]?.isakmpSAs ?? []).flatMap { quickModes(on: $0) }.filter {
      $0.phase != .finished
    }
  }

  mutating func insert(_ quickMode: QuickMode) {
    quickModes[quickMode.key] = quickMode
    isakmpSAs[quickMode.key.sa]?.quickModeIDs.append(quickMode.key.messageID)
  }

  mutating func completeQuickMode(
    _ key: QuickModeKey, _ result: KeyExchangeResult, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    guard let quickMode = quickModes[key] else { return }
    let values: KeyExchangeResult.Values
    switch result.outcome {
    case .success(let computed): values = computed
    case .failure:
      counterValues.count(.keyExchange)
      failQuickMode(
        key, .negotiationFailed, "the peer's public value is not acceptable", at: now,
        using: &random)
      return
    }
    switch quickMode.phase {
    case .generatingKey: sendQuickMode1(key, publicValue: values.publicValue, at: now)
    case .derivingKeys: finishAsInitiator(key, shared: values.shared, at: now, using: &random)
    case .computingAnswer:
      sendQuickMode2(
        key, publicValue: values.publicValue, shared: values.shared, at: now, using: &random)
    case .awaitingAnswer, .awaitingConfirmation, .finished: return
    }
  }

  mutating func quickModeTimer(
    _ key: QuickModeKey, at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    guard let quickMode = quickModes[key] else { return }
    guard quickMode.phase != .finished, var retransmission = quickMode.retransmission,
      let path = isakmpSAs[key.sa]?.path
    else {
      forgetQuickMode(key)
      return
    }
    switch retransmission.step(at: now) {
    case .send:
      quickModes[key]?.retransmission = retransmission
      counterValues.retransmissions &+= 1
      send(retransmission.bytes, on: path)
      timers.set(retransmission.nextAt, for: .quickMode(key))
    case .expired:
      failQuickMode(
        key, .retriesExhausted, "no answer in quick mode (\(quickMode.phase.rawValue))", at: now,
        using: &random)
    }
  }

  /// Ends a quick mode that did not come about.
  mutating func failQuickMode(
    _ key: QuickModeKey, _ reason: CloseReason, _ detail: String, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    guard let quickMode = quickModes[key] else { return }
    forgetQuickMode(key)
    counterValues.quickModesFailed &+= 1
    let id = quickMode.connection
    connections[id]?.lastError = detail
    removePhase2SA(quickMode.inboundSPI, reason)
    guard quickMode.role == .initiator else {
      let code: IKENote.Code = reason == .retriesExhausted ? .exchangeTimedOut : .quickModeRefused
      note(code, connection: id, detail, at: now)
      return
    }
    if let replaced = quickMode.replaces, let phase2 = phase2SAs[replaced] {
      note(.rekeyFailed, connection: id, detail, at: now)
      guard !phase2.isSuperseded else { return }
      phase2SAs[replaced]?.rekeyAt = now + Self.rekeyRetryPause
      armPhase2LifetimeTimer(replaced)
    } else if !hasCurrentPhase2SA(id) {
      failAttempt(id, reason, detail, at: now, using: &random)
    }
  }

  /// Keeps a finished quick mode for a while, so that what comes again is answered (IK-5).
  mutating func linger(_ key: QuickModeKey, at now: Instant) {
    quickModes[key]?.phase = .finished
    quickModes[key]?.retransmission = nil
    quickModes[key]?.privateKey = nil
    timers.set(now + QuickMode.finishedLinger, for: .quickMode(key))
    let finished = quickModes(on: key.sa).filter { $0.phase == .finished }
    for old in finished.dropLast(QuickMode.finishedMax) { forgetQuickMode(old.key) }
  }

  /// Removes the quick modes of an ISAKMP SA that ends; those of ours wait for the next one.
  mutating func removeQuickModes(on id: ISAKMPSAID) {
    for quickMode in quickModes(on: id) {
      forgetQuickMode(quickMode.key)
      guard quickMode.phase != .finished else { continue }
      removePhase2SA(quickMode.inboundSPI, .negotiationFailed)
      if quickMode.role == .initiator {
        connections[quickMode.connection]?.pendingQuickMode = PendingQuickMode(
          replaces: quickMode.replaces)
      }
    }
  }

  private mutating func forgetQuickMode(_ key: QuickModeKey) {
    guard let quickMode = quickModes.removeValue(forKey: key) else { return }
    isakmpSAs[key.sa]?.quickModeIDs.removeAll { $0 == key.messageID }
    if phase2SAs[quickMode.inboundSPI] == nil { inboundSPIs.remove(quickMode.inboundSPI) }
    timers.set(nil, for: .quickMode(key))
    guard quickMode.phase != .finished else { return }
    jobOwners = jobOwners.filter { entry in
      if case .quickMode(key) = entry.value { false } else { true }
    }
  }

  /// Quick mode messages on an established SA.
  mutating func receiveQuickMode(
    _ arrival: Arrival, in sa: ISAKMPSA, using random: inout some RandomNumberGenerator
  ) throws(Violation) {
    let key = QuickModeKey(sa: sa.id, messageID: arrival.header.messageID)
    guard let quickMode = quickModes[key] else {
      try receiveQuickMode1(arrival, key: key, in: sa, using: &random)
      return
    }
    if arrival.digest == quickMode.lastReceived {
      counterValues.duplicatesReceived &+= 1
      guard !quickMode.lastAnswer.isEmpty else { return }
      counterValues.answersRepeated &+= 1
      send(quickMode.lastAnswer, on: sa.nat.dialect == nil ? sa.path : arrival.path)
      return
    }
    switch (quickMode.role, quickMode.phase) {
    case (.initiator, .awaitingAnswer):
      try receiveQuickMode2(arrival, quickMode, in: sa, using: &random)
    case (.responder, .awaitingConfirmation):
      try receiveQuickMode3(arrival, quickMode, in: sa)
    case (.initiator, .finished):
      // Deviation: Windows servers set the commit bit and add a fourth message (CONNECTED). Our
      // side is complete without it.
      return
    case (.initiator, .generatingKey), (.initiator, .derivingKeys),
      (.initiator, .computingAnswer), (.initiator, .awaitingConfirmation),
      (.responder, .generatingKey), (.responder, .awaitingAnswer), (.responder, .derivingKeys),
      (.responder, .computingAnswer), (.responder, .finished):
      throw .unexpected
    }
  }

  /// Installs the pair that a quick mode agreed upon.
  mutating func installPhase2SA(
    _ quickMode: QuickMode, shared: Secret?, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    guard let agreed = quickMode.agreed, let keys = isakmpSAs[quickMode.key.sa]?.keys,
      let connection = connections[quickMode.connection]
    else { return }
    let direction = { (spi: UInt32) in
      var material = keys.keyMaterial(
        spi: spi, shared: shared, nonceInitiator: quickMode.nonceInitiator,
        nonceResponder: quickMode.nonceResponder,
        lengthBytes: agreed.transform.keyMaterialBytes)
      defer { wipe(&material) }
      return ChildSA.Direction(spi: spi, keys: ESPKeys(material, for: agreed.transform))
    }
    let seconds = Self.lifetime(
      quickMode.policy.lifetimeSeconds, peer: agreed.lifetime.seconds)
    let lifetime = Lifetime(
      seconds: seconds,
      kilobytes: Lifetime(seconds: nil, kilobytes: quickMode.policy.lifetimeKilobytes)
        .shortened(by: agreed.lifetime).kilobytes)
    let encapsulation: ESPEncapsulation =
      agreed.encapsulationMode == ESPOffer.transportMode ? .plain : .udp
    var phase2 = Phase2SA(
      inboundSPI: quickMode.inboundSPI, outboundSPI: quickMode.outboundSPI,
      connection: quickMode.connection, role: quickMode.role, transform: agreed.transform,
      encapsulation: encapsulation, selectors: quickMode.selectors, lifetime: lifetime,
      policyName: quickMode.policy.name,
      replayWindowPackets: quickMode.policy.replayWindowPackets, pfsGroup: agreed.group,
      createdAt: now, expiresAt: now + .seconds(seconds))
    if connection.leadsRekeying {
      phase2.rekeyAt = Self.rekeyInstant(
        seconds: seconds, role: connection.role, at: now, using: &random)
    }
    phase2SAs[phase2.inboundSPI] = phase2
    connections[connection.id]?.phase2SAs.append(phase2.inboundSPI)
    armPhase2LifetimeTimer(phase2.inboundSPI)
    events.append(
      .childUp(
        connection.id,
        ChildSA(
          inbound: direction(quickMode.inboundSPI), outbound: direction(quickMode.outboundSPI),
          transform: agreed.transform, encapsulation: encapsulation,
          selectors: quickMode.selectors, role: quickMode.role, lifetime: lifetime,
          replayWindow: phase2.replayWindowPackets, replaces: quickMode.replaces,
          perfectForwardSecrecy: agreed.group != nil)))
  }

  /// The peer has the pair: it is complete, and its predecessors with the same selectors only
  /// receive from now on.
  mutating func completePhase2SA(_ inboundSPI: UInt32) {
    guard let phase2 = phase2SAs[inboundSPI] else { return }
    phase2SAs[inboundSPI]?.isOutboundReady = true
    counterValues.quickModesEstablished &+= 1
    connections[phase2.connection]?.retries = 0
    connections[phase2.connection]?.wasEstablished = true
    for spi in connections[phase2.connection]?.phase2SAs ?? [] where spi != inboundSPI {
      guard phase2SAs[spi]?.selectors == phase2.selectors, phase2SAs[spi]?.isOutboundReady == true
      else { continue }
      phase2SAs[spi]?.isSuperseded = true
      phase2SAs[spi]?.rekeyAt = nil
      armPhase2LifetimeTimer(spi)
    }
    events.append(.childOutboundReady(phase2.connection, inboundSPI: inboundSPI))
  }

  /// Makes room for one more pair: at the limit the oldest superseded one goes; `false` when all
  /// are in use.
  mutating func makeRoomForPhase2SA(on id: ConnectionID) -> Bool {
    guard let connection = connections[id] else { return false }
    let pending = quickModesUnderWay(of: id).filter { $0.phase == .computingAnswer }
    let count = connection.phase2SAs.count + pending.count
    guard count >= configuration.limits.phase2SAsPerConnectionMax else { return true }
    guard
      let oldest = connection.phase2SAs.first(where: { phase2SAs[$0]?.isSuperseded == true })
    else { return false }
    removePhase2SA(oldest, .policyRefused)
    return true
  }
}
