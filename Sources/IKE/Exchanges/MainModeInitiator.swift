import Cryptography
import Primitives

// Main mode with a pre-shared key, the initiator's half (RFC 2409 §5.4):
//
//   HDR, SA                 →   message 1
//                           ←   HDR, SA
//   HDR, KE, Ni, NAT-D      →   message 3
//                           ←   HDR, KE, Nr, NAT-D
//   HDR*, IDii, HASH_I      →   message 5
//                           ←   HDR*, IDir, HASH_R

extension ISAKMPEngine {
  /// Length of our nonces in bytes (RFC 2409 §5: 8 to 256).
  static let nonceBytes = 32

  /// Sends message 1 for a connection.
  mutating func startMainMode(
    for connectionID: ConnectionID, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    guard let connection = connections[connectionID] else { return }
    let remote = connection.path.remote.address
    let policy =
      configuration.isakmpPolicies.first { $0.name == connection.policy.name }
      ?? connection.policy
    guard let secret = configuration.secret(for: remote) else {
      failAttempt(
        connectionID, .authenticationFailed, "no pre-shared key for \(remote)", at: now,
        using: &random)
      return
    }
    var cookies = Cookies(initiator: random.nonZero(), responder: 0)
    while saByOurCookie[cookies.initiator] != nil { cookies.initiator = random.nonZero() }
    var sa = ISAKMPSA(
      id: ISAKMPSAID(value: makeNumber()), role: .initiator, cookies: cookies,
      path: connection.path, policy: policy, preSharedKey: secret, at: now)
    sa.connection = connectionID
    let transforms = policy.transforms.prefix(ProposalProfile.offeredMax).enumerated().map {
      $1.payload(
        number: UInt8(truncatingIfNeeded: $0 + 1),
        lifetime: Lifetime(seconds: policy.lifetimeSeconds))
    }
    sa.offeredSA =
      SecurityAssociation(proposals: [
        Proposal(number: 1, protocolID: .isakmp, spi: [], transforms: transforms)
      ]).bytes
    var payloads = [Payload(.securityAssociation, sa.offeredSA)]
    if policy.natTraversal != .off {
      payloads += [NATTraversal.rfc3947, .draft03, .draft02Newline, .draft02].map {
        Payload(.vendorID, $0.vendorID)
      }
    }
    if policy.deadPeerDetection != nil {
      payloads.append(Payload(.vendorID, VendorID.deadPeerDetection))
    }
    isakmpSAs[sa.id] = sa
    saByOurCookie[cookies.initiator] = sa.id
    connections[connectionID]?.isakmpSAs.append(sa.id)
    counterValues.mainModesStarted &+= 1
    sendMainMode(clear(payloads, cookies: cookies), in: sa.id, at: now)
  }

  /// A clear main mode message.
  func clear(_ payloads: [Payload], cookies: Cookies) -> [UInt8] {
    let chain = PayloadChain(payloads)
    let header = ISAKMPHeader(
      cookies: cookies, firstPayload: chain.first, exchangeType: .identityProtection)
    return header.message(with: chain.bytes)
  }

  /// Sends a request and keeps it for retransmission.
  private mutating func sendMainMode(_ bytes: [UInt8], in id: ISAKMPSAID, at now: Instant) {
    guard let sa = isakmpSAs[id] else { return }
    isakmpSAs[id]?.retransmission = Retransmission(bytes, backoff: sa.policy.backoff, at: now)
    send(bytes, on: sa.path)
    armMainModeTimer(id)
  }

  mutating func receiveMessage2(
    _ arrival: Arrival, in sa: ISAKMPSA, using random: inout some RandomNumberGenerator
  ) throws(Violation) {
    guard arrival.header.cookies.responder != 0 else { throw .cookies }
    guard arrival.path.remote.address == sa.path.remote.address else { throw .wrongPath }
    let chain = try arrival.clearPayloads()
    guard chain.first == .securityAssociation else { throw .payloadOrder }
    let answer = try SecurityAssociation(parsing: try chain.single(.securityAssociation))
    guard answer.proposals.count == 1, let proposal = answer.proposals.first,
      proposal.protocolID == .isakmp, proposal.transforms.count == 1,
      let chosen = proposal.transforms.first, let choice = ISAKMPTransform.read(chosen),
      sa.policy.transforms.prefix(ProposalProfile.offeredMax).contains(choice.transform)
    else { throw .proposal }
    var sa = sa
    learnVendors(chain.all(.vendorID), in: &sa)
    sa.cookies.responder = arrival.header.cookies.responder
    sa.transform = choice.transform
    sa.lifetimeSeconds = Self.lifetime(sa.policy.lifetimeSeconds, peer: choice.lifetime.seconds)
    let privateKey = choice.transform.group.makePrivateKey(using: &random)
    sa.privateKey = privateKey
    guard
      startJob(
        .mainMode(sa.id), group: choice.transform.group, privateKey: privateKey,
        peerPublicValue: nil, wantsPublicValue: true)
    else { throw .limit }
    sa.phase = .generatingKey
    sa.retransmission = nil
    sa.doubt = nil
    sa.lastReceived = arrival.digest
    isakmpSAs[sa.id] = sa
    saByOurCookie[sa.cookies.initiator] = nil
    saByCookies[sa.cookies] = sa.id
    armMainModeTimer(sa.id)
  }

  /// The lifetime in use: the shorter of both, but never so short that rekeying becomes a storm.
  static func lifetime(_ own: UInt64, peer: UInt64?) -> UInt64 {
    let secondsMin: UInt64 = 60
    return max(secondsMin, min(own, peer ?? own))
  }

  func learnVendors(_ vendorIDs: [[UInt8]], in sa: inout ISAKMPSA) {
    if sa.policy.natTraversal != .off { sa.nat.dialect = NATTraversal.best(of: vendorIDs) }
    sa.peerSupportsDPD = vendorIDs.contains(where: VendorID.isDeadPeerDetection)
    sa.peerIsWindows = vendorIDs.contains { $0.count == 20 && $0.starts(with: VendorID.windows) }
  }

  /// Message 3, once our public value is there.
  mutating func sendMessage3(
    _ id: ISAKMPSAID, publicValue: [UInt8], at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    guard var sa = isakmpSAs[id], let transform = sa.transform else { return }
    sa.material.publicInitiator = publicValue
    sa.material.nonceInitiator = random.bytes(Self.nonceBytes)
    let payloads =
      [
        Payload(.keyExchange, publicValue), Payload(.nonce, sa.material.nonceInitiator),
      ]
      + sa.nat.payloads(
        path: sa.path, cookies: sa.cookies, using: transform.hash, random: &random)
    sa.phase = .awaitingKeyExchange
    isakmpSAs[id] = sa
    sendMainMode(clear(payloads, cookies: sa.cookies), in: id, at: now)
  }

  mutating func receiveMessage4(
    _ arrival: Arrival, in sa: ISAKMPSA, using random: inout some RandomNumberGenerator
  ) throws(Violation) {
    guard arrival.path.remote.address == sa.path.remote.address else { throw .wrongPath }
    guard let transform = sa.transform, let privateKey = sa.privateKey else { throw .unexpected }
    let chain = try arrival.clearPayloads()
    let contribution = try Contribution(chain, sa: sa, group: transform.group)
    var sa = sa
    sa.material.publicResponder = contribution.publicValue
    sa.material.nonceResponder = contribution.nonce
    sa.nat.learn(
      contribution.natHashes, path: arrival.path, cookies: sa.cookies, using: transform.hash)
    guard
      startJob(
        .mainMode(sa.id), group: transform.group, privateKey: privateKey,
        peerPublicValue: contribution.publicValue, wantsPublicValue: false)
    else { throw .limit }
    sa.phase = .derivingKeys
    sa.retransmission = nil
    sa.doubt = nil
    sa.lastReceived = arrival.digest
    isakmpSAs[sa.id] = sa
    armMainModeTimer(sa.id)
  }

  /// Message 5, once the shared secret is there; on port 4500 when there is a NAT.
  mutating func sendMessage5(_ id: ISAKMPSAID, shared: Secret, at now: Instant) {
    guard var sa = isakmpSAs[id], let transform = sa.transform else { return }
    let keys = ISAKMPKeys(
      transform: transform, preSharedKey: sa.preSharedKey, shared: shared, cookies: sa.cookies,
      material: sa.material)
    sa.keys = keys
    reportKeys(of: sa)
    sa.privateKey = nil
    if sa.nat.dialect == nil { sa.nat.isForced = false }
    if sa.nat.needsEncapsulation, !sa.path.floated { sa.path = sa.path.onFloatedPort }
    let identification = sa.localIdentity.identification.bytes
    let hash = keys.identityHash(
      of: .initiator, cookies: sa.cookies, material: sa.material, offeredSA: sa.offeredSA,
      identification: identification)
    var payloads = [Payload(.identification, identification), Payload(.hash, hash)]
    if isFirstContact(sa) {
      let contact = Notification(.initialContact, protocolID: .isakmp, spi: sa.cookies.bytes)
      payloads.append(Payload(.notification, contact.bytes))
    }
    let sealed = keys.encrypt(
      PayloadChain(payloads).bytes, iv: keys.phase1IV(sa.material))
    let header = ISAKMPHeader(
      cookies: sa.cookies, firstPayload: .identification, exchangeType: .identityProtection,
      isEncrypted: true)
    sa.iv = sealed.iv
    sa.phase = .awaitingIdentity
    isakmpSAs[id] = sa
    sendMainMode(header.message(with: sealed.ciphertext), in: id, at: now)
  }

  /// Whether we hold nothing else with this peer, so that INITIAL-CONTACT is true
  /// (RFC 2407 §4.6.3.3).
  private func isFirstContact(_ sa: ISAKMPSA) -> Bool {
    !peers.connections(at: sa.path.remote.address).contains { id in
      guard let connection = connections[id] else { return false }
      return connection.isUp || !connection.phase2SAs.isEmpty
    }
  }

  mutating func receiveMessage6(
    _ arrival: Arrival, in sa: ISAKMPSA, using random: inout some RandomNumberGenerator
  ) throws(Violation) {
    guard arrival.header.isEncrypted else { throw .encryption }
    guard let keys = sa.keys else { throw .unexpected }
    let opened = try keys.decrypt(arrival.body, iv: sa.iv)
    let chain = try PayloadChain(
      parsing: opened.plaintext, first: arrival.header.firstPayload, trailer: .padding)
    let identification = try chain.single(.identification)
    let identity = Identity(try Identification(parsing: identification))
    let expected = keys.identityHash(
      of: .responder, cookies: sa.cookies, material: sa.material, offeredSA: sa.offeredSA,
      identification: identification)
    guard equalInConstantTime(try chain.single(.hash), expected) else { throw .hash }
    var sa = sa
    sa.iv = opened.iv
    sa.peerIdentity = identity
    sa.lastReceived = arrival.digest
    isakmpSAs[sa.id] = sa
    if let wanted = sa.policy.remoteIdentity, wanted != identity {
      failMainMode(
        sa.id, .authenticationFailed, "the peer's identity is \(identity), not \(wanted)",
        at: arrival.now, using: &random)
      return
    }
    for body in chain.all(.notification) {
      guard let notification = try? Notification(parsing: body) else { continue }
      acceptResponderLifetime(notification, in: sa.id)
    }
    establish(sa.id, initialContact: false, at: arrival.now, using: &random)
  }
}

/// Public value, nonce and NAT-D hashes of message 3 or 4, checked.
struct Contribution {
  let publicValue: [UInt8]
  let nonce: [UInt8]
  let natHashes: [[UInt8]]

  /// Length of a nonce in bytes (RFC 2409 §5).
  static let nonceRange = 8...256

  init(_ chain: PayloadChain, sa: ISAKMPSA, group: KeyExchangeGroup) throws(Violation) {
    publicValue = try chain.single(.keyExchange)
    guard publicValue.count == group.publicValueLength else { throw .keyExchange }
    nonce = try chain.single(.nonce)
    guard Self.nonceRange.contains(nonce.count) else { throw .nonce }
    guard let dialect = sa.nat.dialect, let hash = sa.transform?.hash else {
      natHashes = []
      return
    }
    natHashes = chain.all(dialect.discoveryPayload)
    guard natHashes.allSatisfy({ $0.count == hash.digestLength }) else { throw .natDiscovery }
  }
}
