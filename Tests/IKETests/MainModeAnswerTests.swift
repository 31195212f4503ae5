import Cryptography
import Primitives
import Testing

@testable import IKE

/// Messages 2 to 4 of main mode that a peer must not send: dropped and counted, and the right one
/// is taken all the same.
@Suite(.timeLimit(.minutes(5))) struct MainModeAnswerTests {
  private static let offered = [
    ISAKMPTransform(.aesCBC128, .sha256, .ecp256), ISAKMPTransform(.aesCBC256, .sha256, .ecp256),
  ]

  private func losing(_ place: Place) throws -> Pair {
    let both: (inout Setup) -> Void = { $0.isakmp.transforms = Self.offered }
    var pair = try makePair(left: both, right: both)
    pair.connect(losing: place)
    return pair
  }

  /// Hands `wrong` over: it is dropped as `violation`, answered by nobody, and changes nothing.
  private func expectRefused(
    _ wrong: [Payload], _ violation: Violation, at place: Place, _ pair: inout Pair,
    from elsewhere: SocketAddress? = nil, location: SourceLocation = #_sourceLocation
  ) throws {
    let (before, sent) = (pair.dropped(violation, at: place), pair.wire.count)
    let phases = (pair.left.isakmpSAs.values.map(\.phase), pair.right.isakmpSAs.values.map(\.phase))
    try pair.deliver(wrong, at: place, from: elsewhere)
    #expect(pair.dropped(violation, at: place) == before + 1, sourceLocation: location)
    #expect(pair.wire.count == sent, sourceLocation: location)
    let left = pair.left.isakmpSAs.values.map(\.phase)
    let right = pair.right.isakmpSAs.values.map(\.phase)
    #expect(left == phases.0 && right == phases.1, sourceLocation: location)
  }

  private func expectTheRightOneIsTaken(at place: Place, _ pair: inout Pair) throws {
    try pair.deliverHeld(place)
    #expect(pair.leftEvents.up.count == 1)
    #expect(pair.rightEvents.ready.count == 1)
  }

  @Test func anAnswerIsExactlyOneTransformOfOurOffer() throws {
    var pair = try losing(.main2)
    let payloads = try pair.payloads(.main2)
    let association = try SecurityAssociation(parsing: try payloads.body(.securityAssociation))
    let lifetime = Lifetime(seconds: 28_800)
    for transform in [
      ISAKMPTransform(.aesCBC128, .sha1, .ecp256), ISAKMPTransform(.aesCBC192, .sha256, .ecp256),
      ISAKMPTransform(.aesCBC128, .sha256, .ecp384),
      ISAKMPTransform(.tripleDESCBC, .sha256, .ecp256),
      ISAKMPTransform(.aesCBC256, .sha512, .modp2048),
    ] {
      let wrong = try payloads.changingProposal {
        $0.transforms = [transform.payload(number: 1, lifetime: lifetime)]
      }
      try expectRefused(wrong, .proposal, at: .main2, &pair)
    }
    // RSA signatures instead of the pre-shared key.
    var signed = Self.offered[0].payload(number: 1, lifetime: lifetime)
    signed.attributes.removeAll { $0.type == ISAKMPTransform.AttributeType.authentication }
    signed.attributes.append(Attribute(ISAKMPTransform.AttributeType.authentication, .basic(3)))
    for change: (inout Proposal) -> Void in [
      { $0.transforms = [signed] }, { $0.transforms += $0.transforms }, { $0.protocolID = .esp },
      { $0.transforms = Self.offered.map { $0.payload(number: 1, lifetime: lifetime) } },
    ] {
      let wrong = try payloads.changingProposal(change)
      try expectRefused(wrong, .proposal, at: .main2, &pair)
    }
    let twice = SecurityAssociation(proposals: association.proposals + association.proposals)
    try expectRefused(
      payloads.replacing(.securityAssociation, twice.bytes), .proposal, at: .main2, &pair)
    try expectRefused(
      payloads.doubling(.securityAssociation), .payloadDuplicated, at: .main2, &pair)
    try expectRefused(
      payloads.without(.securityAssociation), .payloadOrder, at: .main2, &pair)
    try expectRefused(Array(payloads.reversed()), .payloadOrder, at: .main2, &pair)
    try expectTheRightOneIsTaken(at: .main2, &pair)
  }

  /// RFC 2408 §4.2 only recommends that a responder keeps the numbers of proposal and transform.
  @Test func theNumbersOfTheAnswerMayBeOthers() throws {
    var pair = try losing(.main2)
    let payloads = try pair.payloads(.main2).changingProposal {
      $0.number = 7
      $0.transforms[0].number = 9
    }
    try pair.deliver(payloads, at: .main2)
    pair.run(for: .seconds(1))
    #expect(pair.rightEvents.ready.count == 1)
  }

  @Test func cookiesThatDoNotBelongTogetherFindNoExchange() throws {
    var pair = try losing(.main2)
    let body = PayloadChain(try pair.payloads(.main2)).bytes
    var header = try pair.header(.main2)
    header.cookies.responder = 0
    try pair.deliver(header.message(with: body), at: .main2)
    #expect(pair.left.counters.dropped(.cookies) == 1)
    header.cookies = Cookies(initiator: header.cookies.initiator ^ 1, responder: 5)
    try pair.deliver(header.message(with: body), at: .main2)
    #expect(pair.left.counters.dropped(.unknownSA) == 1)
    try expectTheRightOneIsTaken(at: .main2, &pair)
    // Established, both cookies still count.
    let sa = try pair.sa(of: .left)
    for (initiator, responder) in [(1, 0), (0, 1), (1, 1)] as [(UInt64, UInt64)] {
      let question = Forge.notify(.rUThere, spi: sa.cookies.bytes, data: [0, 0, 0, 1])
      var message = try pair.sealInformational([question])
      message[7] ^= UInt8(initiator)
      message[15] ^= UInt8(responder)
      let answers = pair.feed(message)
      #expect(answers.isEmpty)
    }
    #expect(pair.right.counters.dropped(.unknownSA) == 3)
  }

  @Test(arguments: [.main3, .main4] as [Place])
  func keyExchangeAndNonceAreThereOnceAndAsLongAsTheyMustBe(place: Place) throws {
    var pair = try losing(place)
    let payloads = try pair.payloads(place)
    let (value, nonce) = (try payloads.body(.keyExchange), try payloads.body(.nonce))
    for type in [PayloadType.keyExchange, .nonce] {
      try expectRefused(payloads.without(type), .payloadMissing, at: place, &pair)
      try expectRefused(payloads.doubling(type), .payloadDuplicated, at: place, &pair)
    }
    for wrong in [[], Array(value.dropLast()), value + [0]] {
      try expectRefused(payloads.replacing(.keyExchange, wrong), .keyExchange, at: place, &pair)
    }
    for count in [0, 7, 257] {
      let wrong = [UInt8](repeating: 1, count: count)
      try expectRefused(payloads.replacing(.nonce, wrong), .nonce, at: place, &pair)
    }
    // The hash of NAT discovery has the length of the hash that was agreed upon.
    for count in [0, 20, 31, 33] {
      let wrong = [UInt8](repeating: 1, count: count)
      try expectRefused(payloads.replacing(.natDiscovery, wrong), .natDiscovery, at: place, &pair)
    }
    #expect(nonce.count == 32)
    try expectTheRightOneIsTaken(at: place, &pair)
  }

  @Test(arguments: [8, 256])
  func theShortestAndTheLongestNonceAreTaken(count: Int) throws {
    for place in [Place.main3, .main4] {
      var pair = try losing(place)
      let nonce = [UInt8](repeating: 7, count: count)
      try pair.deliver(try pair.payloads(place).replacing(.nonce, nonce), at: place)
      #expect(pair.droppedInAll(at: place) == 0)
    }
  }

  /// Two hashes, the first of our address as the peer sees it, the second of its own: either may
  /// differ, and says who is behind a NAT.
  @Test(arguments: [.main3, .main4] as [Place])
  func eachHashOfNATDiscoverySaysSomethingOfItsOwn(place: Place) throws {
    for (falsified, local, remote) in [
      ([], false, false), ([0], true, false), ([1], false, true), ([0, 1], true, true),
    ] as [([Int], Bool, Bool)] {
      var pair = try losing(place)
      var payloads = try pair.payloads(place)
      let discovery = payloads.indices.filter { payloads[$0].type == .natDiscovery }
      try #require(discovery.count == 2)
      for index in falsified { payloads[discovery[index]].body[0] ^= 1 }
      try pair.deliver(payloads, at: place)
      let sas = place.sender == .left ? pair.right.isakmpSAs : pair.left.isakmpSAs
      #expect(sas.values.map(\.nat.localIsBehindNAT) == [local])
      #expect(sas.values.map(\.nat.remoteIsBehindNAT) == [remote])
    }
  }

  /// The answer may shorten the lifetime, down to a minute; it never prolongs it.
  @Test(
    arguments: [(100_000, 28_800), (28_800, 28_800), (600, 600), (1, 60)] as [(UInt64, UInt64)])
  func theLifetimeOfTheAnswerNeverProlongs(answered: UInt64, used: UInt64) throws {
    var pair = try losing(.main2)
    let payloads = try pair.payloads(.main2).changingProposal {
      $0.transforms = [
        Self.offered[0].payload(number: 1, lifetime: Lifetime(seconds: answered))
      ]
    }
    try pair.deliver(payloads, at: .main2)
    pair.run(for: .seconds(1))
    let sa = try pair.sa(of: .left)
    #expect(sa.lifetimeSeconds == used)
    let (expires, established) = (try #require(sa.expiresAt), try #require(sa.establishedAt))
    #expect(expires - established == .seconds(Int64(used)))
  }

  /// RESPONDER-LIFETIME too, in message 6 or later (RFC 2407 §4.6.3.1).
  @Test(arguments: [(100_000, 28_800), (600, 600), (1, 60)] as [(UInt64, UInt64)])
  func responderLifetimeNeverProlongs(told: UInt64, used: UInt64) throws {
    let data = Lifetime(seconds: told).responderLifetime
    var pair = try losing(.main6)
    let spi = try pair.onlySA().cookies.bytes
    try pair.deliver(
      try pair.payloads(.main6) + [Forge.notify(.responderLifetime, spi: spi, data: data)],
      at: .main6)
    pair.run(for: .seconds(1))
    var sa = try pair.sa(of: .left)
    let established = try #require(sa.establishedAt)
    #expect(sa.expiresAt == established + .seconds(Int64(used)))
    pair = try makePair()
    _ = pair.connect()
    pair.run(for: .seconds(1))
    pair.forgeInformational([Forge.notify(.responderLifetime, spi: spi, data: data)])
    sa = try pair.sa(of: .right)
    #expect(sa.lifetimeSeconds == used)
    #expect(sa.expiresAt == (try #require(sa.establishedAt)) + .seconds(Int64(used)))
  }
}
