import Cryptography
import Primitives

/// Message 1 of quick mode, parsed and checked as far as that needs no policy.
struct QuickModeRequest {
  /// One acceptable-looking transform of the peer.
  struct Offer {
    let number: UInt8
    let spi: UInt32
    let transform: Transform
    let offer: ESPOffer
  }

  typealias Choice = Offer

  let offers: [Offer]
  let nonce: [UInt8]
  let publicValue: [UInt8]?
  /// The bodies of IDci and IDcr; both or none.
  let identifications: [[UInt8]]
  let originalAddressCount: Int
  /// The initiator's own address by NAT-OA, and ours as it sees it.
  let originalInitiator: IPAddress?
  let originalResponder: IPAddress?

  init(_ chain: PayloadChain, sa: ISAKMPSA) throws(Violation) {
    guard chain.payloads.dropFirst().first?.type == .securityAssociation else {
      throw .payloadOrder
    }
    let association = try SecurityAssociation(parsing: try chain.single(.securityAssociation))
    offers = Self.offers(of: association)
    nonce = try chain.single(.nonce)
    guard Contribution.nonceRange.contains(nonce.count) else { throw .nonce }
    publicValue = try chain.optional(.keyExchange)
    identifications = chain.all(.identification)
    guard identifications.isEmpty || identifications.count == 2 else {
      throw identifications.count > 2 ? .payloadDuplicated : .payloadMissing
    }
    for body in identifications { _ = try Identification(parsing: body) }
    let originals = try OriginalAddresses(chain, sa: sa)
    originalAddressCount = originals.addresses.count
    originalInitiator = originals.addresses.first
    originalResponder = originals.addresses.dropFirst().first
  }

  /// ESP proposals that stand alone: bundles with AH or IPComp share their number and are skipped.
  private static func offers(of association: SecurityAssociation) -> [Offer] {
    let proposals = association.proposals
    return proposals.filter { proposal in
      proposals.filter { $0.number == proposal.number }.count == 1 && proposal.protocolID == .esp
    }.flatMap { proposal -> [Offer] in
      guard let spi = ESPSPI(proposal.spi) else { return [] }
      return proposal.transforms.compactMap { transform in
        guard let offer = ESPOffer(transform) else { return nil }
        return Offer(number: proposal.number, spi: spi.value, transform: transform, offer: offer)
      }
    }
  }

  /// The first of our preference that the peer offers (as in phase 1), in an encapsulation that
  /// fits the path and with the group that policy asks for.
  func choose(policy: IPsecPolicy, sa: ISAKMPSA) -> Choice? {
    let fitting = offers.filter { candidate in
      fits(candidate.offer.encapsulationMode, sa: sa)
        && fits(candidate.offer.group, policy: policy, sa: sa)
    }
    for transform in policy.transforms {
      if let match = fitting.first(where: { $0.offer.transform == transform }) { return match }
    }
    return nil
  }

  private func fits(_ mode: UInt16, sa: ISAKMPSA) -> Bool {
    if mode == ESPOffer.transportMode { return !sa.nat.needsEncapsulation }
    // Some peers mix the dialects' numbers; what is meant is the same.
    let isUDPTransport = NATTraversal.allCases.contains { $0.udpTransportMode == mode }
    return isUDPTransport && sa.nat.dialect != nil && sa.path.floated
  }

  private func fits(_ group: KeyExchangeGroup?, policy: IPsecPolicy, sa: ISAKMPSA) -> Bool {
    if let required = policy.perfectForwardSecrecy { return group == required }
    guard let group else { return true }
    return sa.policy.transforms.contains { $0.group == group }
  }

  /// UDP to our port 1701, from any port; with the addresses that the wire shows.
  func selectors(sa: ISAKMPSA) throws(ISAKMPEngine.Refusal) -> TrafficSelectors {
    let (local, remote) = (sa.path.local.address, sa.path.remote.address)
    guard identifications.count == 2,
      let theirs = try? Identification(parsing: identifications[0]),
      let ours = try? Identification(parsing: identifications[1])
    else { throw refusal("no selectors: only UDP port 1701 is served") }
    guard theirs.protocolID == ISAKMPEngine.udp, ours.protocolID == ISAKMPEngine.udp,
      ours.port == ISAKMPEngine.l2tpPort
    else { throw refusal("selectors other than UDP port 1701") }
    let isBehindNAT = sa.nat.dialect != nil && sa.path.floated && sa.nat.needsEncapsulation
    if isBehindNAT {
      // Windows writes its private address, its old NAT-T update a host name: the outer address
      // stands for both.
      guard theirs.namesOneHost, ours.namesOneHost else {
        throw refusal("selectors must name one host each")
      }
    } else {
      guard theirs.singleAddress == remote, ours.singleAddress == local else {
        throw refusal("selectors must name the two hosts")
      }
    }
    let needsOriginals = isBehindNAT
    return TrafficSelectors(
      local: local, remote: remote, protocolID: ISAKMPEngine.udp, localPort: ours.port,
      remotePort: theirs.port,
      originalLocal: needsOriginals ? originalResponder ?? ours.singleAddress : nil,
      originalRemote: needsOriginals ? originalInitiator ?? theirs.singleAddress : nil)
  }

  private func refusal(_ detail: String) -> ISAKMPEngine.Refusal {
    ISAKMPEngine.Refusal(notify: .invalidIDInformation, detail: detail)
  }
}

/// The addresses of NAT-OA payloads in their order (RFC 3947 §5.2).
struct OriginalAddresses {
  let addresses: [IPAddress]

  init(_ chain: PayloadChain, sa: ISAKMPSA) throws(Violation) {
    guard let dialect = sa.nat.dialect else {
      addresses = []
      return
    }
    let bodies = chain.all(dialect.originalAddressPayload)
    guard bodies.count <= 2 else { throw .payloadDuplicated }
    var addresses: [IPAddress] = []
    for body in bodies {
      var reader = ByteReader(body)
      guard let kind = reader.readUInt8(), let reserved = reader.readBytes(3),
        reserved == [0, 0, 0], let address = IPAddress(bytes: reader.readRest()),
        kind == Identification(address).kind,
        address.isIPv4 == sa.path.remote.address.isIPv4
      else { throw .natOriginalAddress }
      addresses.append(address)
    }
    self.addresses = addresses
  }
}

extension Identification {
  /// One address, or a name (which old Windows NAT-T updates send in quick mode).
  var namesOneHost: Bool { singleAddress != nil || kind == Kind.fqdn }
}

extension ISAKMPEngine {
  /// Adds what message 2's NAT-OA payloads say to the initiator's selectors.
  func withOriginalAddresses(
    _ selectors: TrafficSelectors, _ chain: PayloadChain, sa: ISAKMPSA
  ) throws(Violation) -> TrafficSelectors {
    let addresses = try OriginalAddresses(chain, sa: sa).addresses
    var result = selectors
    if addresses.count == 2 {
      result.originalLocal = addresses[0]
      result.originalRemote = addresses[1]
    } else if addresses.count == 1 {
      result.originalRemote = addresses[0]
    }
    return result
  }
}
