import Cryptography
import Primitives
import Testing

@testable import IKE

@Suite(.timeLimit(.minutes(5))) struct CodecTests {
  @Test(arguments: ProposalProfile.allCases)
  func transformsSurviveTheWire(profile: ProposalProfile) throws {
    for transform in profile.isakmpTransforms {
      let payload = transform.payload(number: 3, lifetime: Lifetime(seconds: 86_400))
      let read = try #require(ISAKMPTransform.read(payload))
      #expect(read.transform == transform)
      #expect(read.lifetime == Lifetime(seconds: 86_400))
    }
    for transform in profile.espTransforms {
      let offer = ESPOffer(
        transform, encapsulationMode: 4, group: .modp2048,
        lifetime: Lifetime(seconds: 3600, kilobytes: 250_000))
      #expect(ESPOffer(offer.payload(number: 1)) == offer)
    }
    #expect(Set(profile.isakmpTransforms).count == profile.isakmpTransforms.count)
    #expect(Set(profile.espTransforms).count == profile.espTransforms.count)
  }

  @Test func onlyTheLegacyProfileHasWeakAlgorithms() {
    for profile in [ProposalProfile.standard, .compatible] {
      let weak = profile.isakmpTransforms.filter(\.isLegacy)
      #expect(weak.isEmpty)
      #expect(
        profile.espTransforms.allSatisfy {
          $0.encryption != .tripleDESCBC && $0.integrity != .hmacMD5
        })
    }
    #expect(ProposalProfile.compatible.isakmpTransforms.first?.group == .modp2048)
    let offered = ProposalProfile.legacy.isakmpTransforms.prefix(ProposalProfile.offeredMax)
    #expect(offered.contains(ISAKMPTransform(.tripleDESCBC, .sha1, .modp1024)))
  }

  @Test(arguments: ProposalProfile.allCases)
  func theFirstMessageFitsAnUnfragmentedDatagram(profile: ProposalProfile) throws {
    var pair = try makePair(left: { $0.isakmp.transforms = profile.isakmpTransforms })
    _ = pair.connect()
    let bytes = try #require(pair.wire.first).transmit.bytes.count
    #expect(bytes <= 1232)
  }

  /// What real peers offer first in phase 1; each must find something in the named profile.
  @Test(
    arguments: [
      // strongSwan and Libreswan, their defaults in IKEv1.
      (ProposalProfile.standard, [ISAKMPTransform(.aesCBC128, .sha256, .modp3072)]),
      (.standard, [ISAKMPTransform(.aesCBC128, .sha256, .ecp256)]),
      (
        .standard,
        [
          ISAKMPTransform(.aesCBC256, .sha256, .modp2048),
          ISAKMPTransform(.aesCBC256, .sha512, .modp2048),
        ]
      ),
      // strongSwan's main mode, which offers nothing else.
      (.standard, [ISAKMPTransform(.aesCBC128, .sha256, .x25519)]),
      (.compatible, [ISAKMPTransform(.aesCBC128, .sha256, .x25519)]),
      // Windows 10, then macOS and iOS.
      (
        .compatible,
        [
          ISAKMPTransform(.aesCBC256, .sha1, .ecp384), ISAKMPTransform(.aesCBC128, .sha1, .ecp256),
          ISAKMPTransform(.aesCBC256, .sha1, .modp2048),
        ]
      ),
      (.compatible, [ISAKMPTransform(.aesCBC256, .sha1, .modp2048)]),
      (.legacy, [ISAKMPTransform(.tripleDESCBC, .sha1, .modp1024)]),
    ] as [(ProposalProfile, [ISAKMPTransform])])
  func realPeersFindAProposal(profile: ProposalProfile, offers: [ISAKMPTransform]) {
    let offer = SecurityAssociation(proposals: [
      Proposal(
        number: 1, protocolID: .isakmp, spi: [],
        transforms: offers.map { $0.payload(number: 1, lifetime: Lifetime(seconds: 28_800)) })
    ])
    let choice = ISAKMPEngine.choose(from: offer, accepting: profile.isakmpTransforms)
    #expect(choice != nil)
  }

  @Test func ourPreferenceDecidesNotThePeersOrder() {
    let mine = [
      ISAKMPTransform(.aesCBC256, .sha256, .ecp256), ISAKMPTransform(.aesCBC128, .sha256, .ecp256),
    ]
    let offer = SecurityAssociation(proposals: [
      Proposal(
        number: 1, protocolID: .isakmp, spi: [],
        transforms: mine.reversed().map {
          $0.payload(number: 1, lifetime: Lifetime(seconds: 28_800))
        })
    ])
    let choice = ISAKMPEngine.choose(from: offer, accepting: mine)
    #expect(choice?.transform == mine[0])
  }

  @Test func theVistaBetaSwapsTheBytesOfTheKeyLength() {
    var transform = Forge.transform
    transform.attributes = transform.attributes.map {
      $0.type == 14 ? Attribute(14, .basic(0x8000)) : $0
    }
    #expect(ISAKMPTransform.read(transform)?.transform.cipher == .aesCBC128)
  }

  @Test func bodiesSurviveTheWire() throws {
    var random = SeededRandom(seed: 3)
    for _ in 0..<500 {
      let notification = Notification(
        NotifyType(rawValue: .random(in: 0...UInt16.max, using: &random)),
        protocolID: SecurityProtocol(rawValue: .random(in: 0...4, using: &random)),
        spi: random.bytes(Int.random(in: 0...16, using: &random)),
        data: random.bytes(Int.random(in: 0...40, using: &random)))
      #expect(try Notification(parsing: notification.bytes) == notification)
      let count = Int.random(in: 1...5, using: &random)
      let delete = Delete(protocolID: .esp, spis: (0..<count).map { _ in random.bytes(4) })
      #expect(try Delete(parsing: delete.bytes) == delete)
      let name = Identification(
        kind: Identification.Kind.keyID, protocolID: 17, port: 1701,
        data: random.bytes(Int.random(in: 1...512, using: &random)))
      #expect(try Identification(parsing: name.bytes) == name)
      let payloads = (0..<Int.random(in: 1...40, using: &random)).map { _ in
        Payload(
          PayloadType(rawValue: .random(in: 55...255, using: &random)),
          random.bytes(Int.random(in: 0...60, using: &random)))
      }
      let chain = PayloadChain(payloads)
      let read = try PayloadChain(parsing: chain.bytes, first: chain.first, trailer: .none)
      #expect(read == chain)
    }
  }

  @Test func parsedMessagesAreWrittenAsTheyCame() throws {
    // A long offer, of which the right side takes the first.
    var pair = try makePair(left: {
      $0.isakmp.transforms += ProposalProfile.legacy.isakmpTransforms
    })
    _ = pair.connect()
    pair.run(for: .seconds(1))
    #expect(pair.wire.count == 9)
    var associations = 0
    for (_, _, transmit) in pair.wire {
      let header = try ISAKMPHeader(parsing: transmit.bytes)
      let body = Array(transmit.bytes.dropFirst(28))
      #expect(header.message(with: body) == transmit.bytes)
      guard !header.isEncrypted else { continue }
      let chain = try PayloadChain(parsing: body, first: header.firstPayload, trailer: .none)
      #expect(chain.bytes == body)
      if let association = chain.all(.securityAssociation).first {
        #expect(try SecurityAssociation(parsing: association).bytes == association)
        associations += 1
      }
    }
    #expect(associations == 2)
  }

  @Test func cipherKeysAreLengthenedWhenTheHashIsTooShort() {
    // RFC 2409 Appendix B: K1 = prf(SKEYID_e, 0), K2 = prf(SKEYID_e, K1).
    let key = [UInt8](0..<20)
    let first = HashAlgorithm.sha1.hmac(key: key, over: [[0]])
    let second = HashAlgorithm.sha1.hmac(key: key, over: [first])
    #expect(
      ISAKMPKeys.expand(key, to: 32, hash: .sha1) == Array((first + second).prefix(32)))
    #expect(ISAKMPKeys.expand(key, to: 16, hash: .sha1) == Array(key.prefix(16)))
  }
}

/// Random and mutated bytes: nothing traps, nothing hangs, everything stays within its limits.
@Suite(.timeLimit(.minutes(5))) struct FuzzTests {
  @Test(arguments: 0..<8 as Range<UInt64>)
  func randomBytesNeverTrap(seed: UInt64) throws {
    var pair = try makeResponder()
    var random = SeededRandom(seed: seed)
    for _ in 0..<2000 {
      var bytes = random.bytes(Int.random(in: 0...300, using: &random))
      if bytes.count >= 28, Bool.random(using: &random) {
        bytes[17] = 0x10
        bytes.replaceSubrange(24..<28, with: bigEndian(UInt32(bytes.count)))
        bytes[18] = [2, 5, 32].randomElement(using: &random) ?? 2
        bytes[16] = UInt8.random(in: 1...21, using: &random)
      }
      pair.feed(bytes)
    }
    #expect(pair.rightEvents.up.isEmpty)
  }

  @Test(arguments: 0..<60 as Range<UInt64>)
  func mutatedConversationsNeverTrap(seed: UInt64) throws {
    var pair = try makePair(
      left: { $0.ipsec.perfectForwardSecrecy = seed % 3 == 0 ? .ecp256 : nil })
    if seed % 2 == 0 { pair.leftOutside = .v4(IPv4Address(203, 0, 113, 9)) }
    var random = SeededRandom(seed: seed)
    pair.rewrite = { _, bytes in
      guard Int.random(in: 0..<3, using: &random) == 0 else { return bytes }
      return Self.mutated(bytes, using: &random)
    }
    for _ in 0..<4 {
      _ = pair.connect()
      pair.run(for: .seconds(40))
      let spi = pair.left.phase2SAViews.last?.inboundSPI
      if let spi { pair.left.requestRekey(spi, at: pair.now, using: &pair.random) }
      pair.drain()
      pair.run(for: .seconds(40))
    }
    #expect(pair.right.isakmpSAs.count < 100)
    #expect(pair.right.phase2SAs.count < 100)
    pair.rewrite = { _, bytes in bytes }
    pair.closeAll()
    let residue = pair.left.residue + pair.right.residue
    #expect(residue == 0)
  }

  /// Mutations below the encryption: authentic messages of any content.
  @Test(arguments: 0..<40 as Range<UInt64>)
  func mutatedAuthenticPayloadsNeverTrap(seed: UInt64) throws {
    var pair = try makePair()
    _ = pair.connect()
    pair.run(for: .seconds(1))
    var random = SeededRandom(seed: seed)
    let sa = try pair.sa(of: .left)
    let delete = Delete(protocolID: .isakmp, spis: [Array(repeating: 1, count: 16)])
    let valid: [Payload] =
      [
        Forge.espAssociation(), Forge.nonce, Payload(.delete, delete.bytes),
        Forge.notify(.rUThere, spi: sa.cookies.bytes, data: [0, 0, 0, 1]),
        Forge.notify(.responderLifetime, data: Lifetime(seconds: 100).responderLifetime),
        Payload(.natOriginalAddress, [1, 0, 0, 0, 10, 0, 0, 1]),
        Payload(.keyExchange, Array(repeating: 4, count: 64)),
      ] + Forge.selectors()
    for round in 0..<100 {
      var payloads = valid.shuffled(using: &random).prefix(
        Int.random(in: 1...valid.count, using: &random))
      for index in payloads.indices where Bool.random(using: &random) {
        payloads[index].body = Self.mutated(payloads[index].body, using: &random)
      }
      if round % 2 == 0 {
        pair.forgeQuickMode1(
          [Forge.espAssociation(), Forge.nonce] + payloads,
          messageID: random.nonZero())
      } else {
        pair.forgeInformational(Array(payloads))
      }
    }
    #expect(pair.right.phase2SAs.count <= 16)
  }

  private static func mutated(_ bytes: [UInt8], using random: inout SeededRandom) -> [UInt8] {
    var result = bytes
    switch Int.random(in: 0..<6, using: &random) {
    case 0: result = Array(result.prefix(Int.random(in: 0...result.count, using: &random)))
    case 1: result += random.bytes(Int.random(in: 1...64, using: &random))
    case 2 where !result.isEmpty:
      result[Int.random(in: result.indices, using: &random)] ^=
        1
        << UInt8.random(
          in: 0...7, using: &random)
    case 3 where !result.isEmpty:
      result[Int.random(in: result.indices, using: &random)] =
        [0, 1, 0x7f, 0x80, 0xff].randomElement(using: &random) ?? 0
    case 4 where result.count > 40:
      // Keeps the header's length true, so that what lies behind it is reached.
      let end = Int.random(in: 29...result.count, using: &random)
      result = Array(result.prefix(end))
      result.replaceSubrange(24..<28, with: bigEndian(UInt32(end)))
    default:
      for _ in 0..<4 where !result.isEmpty {
        result[Int.random(in: result.indices, using: &random)] = UInt8.random(
          in: 0...255, using: &random)
      }
    }
    return result
  }
}
