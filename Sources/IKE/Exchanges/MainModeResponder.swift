import Cryptography
import Primitives

// Main mode with a pre-shared key, the responder's half (RFC 2409 §5.4). The responder never
// retransmits: the initiator asks again and gets the stored answer (IK-5).

extension ISAKMPEngine {
  /// How long a peer has to go on after message 2, and after message 4.
  static let unprovenTimeout: Duration = .seconds(60)
  static let provenTimeout: Duration = .seconds(120)

  /// Message 1: nothing is stored before it has been found well formed and acceptable.
  mutating func receiveFirstMessage(
    _ arrival: Arrival, using random: inout some RandomNumberGenerator
  ) throws(Violation) {
    let header = arrival.header
    guard header.exchangeType == .identityProtection else { throw .exchangeType }
    guard header.messageID == 0 else { throw .messageID }
    let key = FirstMessageKey(remote: arrival.path.remote, cookie: header.cookies.initiator)
    if let id = saByFirstMessage[key], let sa = isakmpSAs[id] {
      guard sa.phase == .awaitingPeerKeyExchange, arrival.digest == sa.lastReceived else {
        throw .replay
      }
      repeatAnswer(of: id, on: arrival.path)
      return
    }
    let chain = try arrival.clearPayloads()
    guard chain.first == .securityAssociation else { throw .payloadOrder }
    let body = try chain.single(.securityAssociation)
    let offer = try SecurityAssociation(parsing: body)
    let address = arrival.path.remote.address
    guard let policy = configuration.isakmpPolicy(for: address),
      let secret = configuration.secret(for: address)
    else { throw .noPolicy }
    guard halfOpen.isWithinRate(address, at: arrival.now) else { throw .limit }
    guard let choice = Self.choose(from: offer, accepting: policy.transforms) else {
      refuse(offer, policy: policy, arrival)
      return
    }
    guard isakmpSAs.count < configuration.limits.isakmpSAsMax else { throw .limit }
    if let evicted = halfOpen.givesWay(to: address) {
      counterValues.halfOpenEvicted &+= 1
      note(.halfOpenEvicted, path: arrival.path, "half-open limit", at: arrival.now)
      removeISAKMPSA(evicted)
    }
    answerFirstMessage(
      arrival, key: key, offeredSA: body, choice: choice, vendorIDs: chain.all(.vendorID),
      policy: policy, secret: secret, using: &random)
  }

  /// What was chosen of an offer.
  struct ISAKMPChoice {
    let proposal: Proposal
    let transform: ISAKMPTransform
    let lifetime: Lifetime
  }

  /// The first of *our* preference that the peer offers, as strongSwan does by default
  /// (`prefer_configured_proposals`); the peer's order only decides between equals.
  static func choose(
    from offer: SecurityAssociation, accepting transforms: [ISAKMPTransform]
  ) -> ISAKMPChoice? {
    var choices: [ISAKMPChoice] = []
    for proposal in offer.proposals where proposal.protocolID == .isakmp {
      for transform in proposal.transforms {
        guard let read = ISAKMPTransform.read(transform) else { continue }
        var chosen = proposal
        // The answer carries the peer's own bytes of the one transform, and no SPI: nothing of
        // unknown length is echoed.
        chosen.spi = []
        chosen.transforms = [transform]
        choices.append(
          ISAKMPChoice(proposal: chosen, transform: read.transform, lifetime: read.lifetime))
      }
    }
    for transform in transforms {
      if let choice = choices.first(where: { $0.transform == transform }) { return choice }
    }
    return nil
  }

  private mutating func refuse(
    _ offer: SecurityAssociation, policy: ISAKMPPolicy, _ arrival: Arrival
  ) {
    counterValues.proposalsRefused &+= 1
    let offered = offer.proposals.flatMap(\.transforms).map {
      ISAKMPTransform.read($0)?.transform.description ?? ISAKMPTransform.numbers(of: $0)
    }
    record(
      NegotiationFailure(
        at: arrival.now, path: arrival.path, reason: .negotiationFailed,
        detail: "no phase 1 proposal of the peer is acceptable",
        offered: Array(offered.prefix(NegotiationFailure.offersMax)),
        accepted: policy.transforms.map(\.description)))
    note(
      .proposalRefused, path: arrival.path, "no phase 1 proposal is acceptable", at: arrival.now)
    guard policy.sendNotify, refusalTokens.take(at: arrival.now) else { return }
    sendUnauthenticated(.noProposalChosen, cookies: arrival.header.cookies, on: arrival.path)
  }

  /// An error report in the clear; it is shorter than any message that provokes it.
  mutating func sendUnauthenticated(_ type: NotifyType, cookies: Cookies, on path: Path) {
    let chain = PayloadChain([
      Payload(.notification, Notification(type, protocolID: .isakmp).bytes)
    ])
    let header = ISAKMPHeader(
      cookies: cookies, firstPayload: .notification, exchangeType: .informational)
    send(header.message(with: chain.bytes), on: path)
  }

  private mutating func answerFirstMessage(
    _ arrival: Arrival, key: FirstMessageKey, offeredSA: [UInt8], choice: ISAKMPChoice,
    vendorIDs: [[UInt8]], policy: ISAKMPPolicy, secret: Secret,
    using random: inout some RandomNumberGenerator
  ) {
    var cookies = Cookies(initiator: key.cookie, responder: random.nonZero())
    while saByCookies[cookies] != nil { cookies.responder = random.nonZero() }
    var sa = ISAKMPSA(
      id: ISAKMPSAID(value: makeNumber()), role: .responder, cookies: cookies,
      path: arrival.path, policy: policy, preSharedKey: secret, at: arrival.now)
    sa.firstMessage = key
    sa.offeredSA = offeredSA
    sa.transform = choice.transform
    sa.proposedSeconds = choice.lifetime.seconds
    sa.lifetimeSeconds = Self.lifetime(policy.lifetimeSeconds, peer: choice.lifetime.seconds)
    learnVendors(vendorIDs, in: &sa)
    let answer = SecurityAssociation(proposals: [choice.proposal])
    var payloads = [Payload(.securityAssociation, answer.bytes)]
    // Only what the peer announced itself, so that the answer does not outgrow the question.
    if let dialect = sa.nat.dialect { payloads.append(Payload(.vendorID, dialect.vendorID)) }
    if sa.peerSupportsDPD, policy.deadPeerDetection != nil {
      payloads.append(Payload(.vendorID, VendorID.deadPeerDetection))
    }
    sa.lastReceived = arrival.digest
    sa.lastAnswer = clear(payloads, cookies: cookies)
    isakmpSAs[sa.id] = sa
    saByCookies[cookies] = sa.id
    saByFirstMessage[key] = sa.id
    halfOpen.insert(sa.id, from: arrival.path.remote.address)
    counterValues.mainModesAnswered &+= 1
    timers.set(arrival.now + Self.unprovenTimeout, for: .mainMode(sa.id))
    send(sa.lastAnswer, on: sa.path)
  }

  mutating func receiveMessage3(
    _ arrival: Arrival, in sa: ISAKMPSA, using random: inout some RandomNumberGenerator
  ) throws(Violation) {
    let address = sa.path.remote.address
    guard arrival.path.remote.address == address else { throw .wrongPath }
    guard let transform = sa.transform else { throw .unexpected }
    let chain = try arrival.clearPayloads()
    let contribution = try Contribution(chain, sa: sa, group: transform.group)
    guard hasRoomForJob, halfOpen.prove(sa.id, from: address)
    else { throw .limit }
    var sa = sa
    let privateKey = transform.group.makePrivateKey(using: &random)
    sa.privateKey = privateKey
    sa.path = arrival.path
    sa.material.publicInitiator = contribution.publicValue
    sa.material.nonceInitiator = contribution.nonce
    sa.nat.learn(
      contribution.natHashes, path: arrival.path, cookies: sa.cookies, using: transform.hash)
    if sa.nat.dialect == nil { sa.nat.isForced = false }
    sa.phase = .computingAnswer
    sa.lastReceived = arrival.digest
    // A repetition of message 3 finds nothing to repeat until message 4 is there.
    sa.lastAnswer = []
    isakmpSAs[sa.id] = sa
    timers.set(arrival.now + Self.provenTimeout, for: .mainMode(sa.id))
    let started = startJob(
      .mainMode(sa.id), group: transform.group, privateKey: privateKey,
      peerPublicValue: contribution.publicValue, wantsPublicValue: true)
    precondition(started, "room for the job was checked above")
  }

  /// Message 4, once public value and shared secret are there.
  mutating func sendMessage4(
    _ id: ISAKMPSAID, publicValue: [UInt8], shared: Secret, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    guard var sa = isakmpSAs[id], let transform = sa.transform else { return }
    sa.material.publicResponder = publicValue
    sa.material.nonceResponder = random.bytes(Self.nonceBytes)
    let keys = ISAKMPKeys(
      transform: transform, preSharedKey: sa.preSharedKey, shared: shared, cookies: sa.cookies,
      material: sa.material)
    sa.keys = keys
    reportKeys(of: sa)
    sa.iv = keys.phase1IV(sa.material)
    sa.privateKey = nil
    let payloads =
      [
        Payload(.keyExchange, publicValue), Payload(.nonce, sa.material.nonceResponder),
      ]
      + sa.nat.payloads(
        path: sa.path, cookies: sa.cookies, using: transform.hash, random: &random)
    sa.lastAnswer = clear(payloads, cookies: sa.cookies)
    sa.phase = .awaitingPeerIdentity
    isakmpSAs[id] = sa
    timers.set(now + Self.provenTimeout, for: .mainMode(id))
    send(sa.lastAnswer, on: sa.path)
  }

  mutating func receiveMessage5(
    _ arrival: Arrival, in sa: ISAKMPSA, using random: inout some RandomNumberGenerator
  ) throws(Violation) {
    guard arrival.header.isEncrypted else { throw .encryption }
    // Behind some NATs port 4500 leaves from another address than port 500 did. Without NAT-T
    // nothing may move.
    let isSameAddress = arrival.path.remote.address == sa.path.remote.address
    guard isSameAddress || sa.nat.dialect != nil else { throw .wrongPath }
    guard let keys = sa.keys else { throw .unexpected }
    let opened = try keys.decrypt(arrival.body, iv: sa.iv)
    let claim: IdentityClaim
    do throws(Violation) {
      claim = try IdentityClaim(opened.plaintext, arrival: arrival, sa: sa, keys: keys)
    } catch {
      if isSameAddress { suspectWrongSecret(sa, arrival) }
      throw error
    }
    var sa = sa
    sa.iv = opened.iv
    sa.path = arrival.path
    sa.peerIdentity = claim.identity
    isakmpSAs[sa.id] = sa
    if let wanted = sa.policy.remoteIdentity, wanted != claim.identity {
      refuseIdentity(sa, claim.identity, wanted, at: arrival.now, using: &random)
      return
    }
    sendMessage6(sa.id, digest: arrival.digest, keys: keys)
    establish(sa.id, initialContact: claim.hasInitialContact, at: arrival.now, using: &random)
  }

  private mutating func refuseIdentity(
    _ sa: ISAKMPSA, _ identity: Identity, _ wanted: Identity, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    counterValues.authenticationFailures &+= 1
    if sa.policy.sendNotify {
      sendNotification(
        Notification(.authenticationFailed, protocolID: .isakmp, spi: sa.cookies.bytes), on: sa.id,
        using: &random)
    }
    removeISAKMPSA(sa.id)
    let detail = "the peer's identity is \(identity), not \(wanted)"
    recordAuthenticationFailure(sa.path, detail, at: now)
    events.append(.peerFailed(sa.path, .authenticationFailed, detail: detail))
  }

  private mutating func sendMessage6(_ id: ISAKMPSAID, digest: [UInt8], keys: ISAKMPKeys) {
    guard var sa = isakmpSAs[id] else { return }
    let identification = sa.localIdentity.identification.bytes
    let hash = keys.identityHash(
      of: .responder, cookies: sa.cookies, material: sa.material, offeredSA: sa.offeredSA,
      identification: identification)
    var payloads = [Payload(.identification, identification), Payload(.hash, hash)]
    if let proposed = sa.proposedSeconds, sa.lifetimeSeconds < proposed {
      payloads.append(
        responderLifetime(
          Lifetime(seconds: sa.lifetimeSeconds), protocolID: .isakmp, spi: sa.cookies.bytes))
    }
    let sealed = keys.encrypt(PayloadChain(payloads).bytes, iv: sa.iv)
    let header = ISAKMPHeader(
      cookies: sa.cookies, firstPayload: .identification, exchangeType: .identityProtection,
      isEncrypted: true)
    sa.iv = sealed.iv
    sa.lastReceived = digest
    sa.lastAnswer = header.message(with: sealed.ciphertext)
    isakmpSAs[id] = sa
    send(sa.lastAnswer, on: sa.path)
  }

  /// A message 5 that decrypts to garbage: with a wrong pre-shared key it always does. Reported
  /// and answered once; the exchange waits on, since a stranger could have sent the garbage.
  private mutating func suspectWrongSecret(_ sa: ISAKMPSA, _ arrival: Arrival) {
    guard !sa.reportedGarbage else { return }
    isakmpSAs[sa.id]?.reportedGarbage = true
    counterValues.authenticationFailures &+= 1
    let detail = "PSK mismatch likely: message 5 does not decrypt"
    recordAuthenticationFailure(arrival.path, detail, at: arrival.now)
    events.append(.peerFailed(arrival.path, .authenticationFailed, detail: detail))
    if sa.policy.sendNotify {
      sendUnauthenticated(.payloadMalformed, cookies: sa.cookies, on: arrival.path)
    }
  }

  private mutating func recordAuthenticationFailure(
    _ path: Path, _ detail: String, at now: Instant
  ) {
    record(
      NegotiationFailure(
        at: now, path: path, reason: .authenticationFailed, detail: detail, offered: [],
        accepted: []))
  }
}

/// Identity and proof of message 5.
private struct IdentityClaim {
  let identity: Identity
  let hasInitialContact: Bool

  init(
    _ plaintext: [UInt8], arrival: ISAKMPEngine.Arrival, sa: ISAKMPSA, keys: ISAKMPKeys
  ) throws(Violation) {
    let chain = try PayloadChain(
      parsing: plaintext, first: arrival.header.firstPayload, trailer: .padding)
    guard chain.first == .identification else { throw .payloadOrder }
    let body = try chain.single(.identification)
    let identification = try Identification(parsing: body)
    let expected = keys.identityHash(
      of: .initiator, cookies: sa.cookies, material: sa.material, offeredSA: sa.offeredSA,
      identification: body)
    guard equalInConstantTime(try chain.single(.hash), expected) else { throw .hash }
    identity = Identity(identification)
    hasInitialContact = chain.all(.notification).contains {
      (try? Notification(parsing: $0))?.type == .initialContact
    }
  }
}
