import Cryptography
import Primitives
import Testing

@testable import IKE

/// Message 2 of quick mode from a peer that is authentic and wrong: its HASH(2) always fits, so
/// that only the check in question refuses it.
@Suite(.timeLimit(.minutes(5))) struct QuickModeAnswerTests {
  private func losingMessage2(
    group: KeyExchangeGroup? = nil, outside: IPAddress? = nil
  ) throws -> Pair {
    let change: (inout Setup) -> Void = { $0.ipsec.perfectForwardSecrecy = group }
    var pair = try makePair(left: change, right: change)
    pair.leftOutside = outside
    pair.connect(losing: .quick2)
    return pair
  }

  /// No pair comes of `wrong`; it is counted as `violation` and answered by nobody.
  private func expectRefused(
    _ wrong: [Payload], _ violation: Violation, _ pair: inout Pair,
    from elsewhere: SocketAddress? = nil, location: SourceLocation = #_sourceLocation
  ) throws {
    let (before, sent) = (pair.left.counters.dropped(violation), pair.wire.count)
    try pair.deliver(wrong, at: .quick2, from: elsewhere)
    #expect(pair.left.counters.dropped(violation) == before + 1, sourceLocation: location)
    #expect(pair.leftEvents.children.isEmpty, sourceLocation: location)
    #expect(pair.wire.count == sent, sourceLocation: location)
    #expect(pair.left.quickModes.values.map(\.phase) == [.awaitingAnswer], sourceLocation: location)
  }

  private func expectTheRightOneIsTaken(_ pair: inout Pair) throws {
    try pair.deliverHeld(.quick2)
    #expect(pair.leftEvents.children.count == 1)
    #expect(pair.rightEvents.ready.count == 1)
  }

  private func offer(
    _ transform: ESPTransform, mode: UInt16 = ESPOffer.transportMode,
    group: KeyExchangeGroup? = nil, lifetime: Lifetime = Lifetime(seconds: 3600)
  ) -> Transform {
    ESPOffer(transform, encapsulationMode: mode, group: group, lifetime: lifetime)
      .payload(number: 1)
  }

  @Test func anAnswerIsExactlyOneTransformOfOurOffer() throws {
    var pair = try losingMessage2()
    let payloads = try pair.payloads(.quick2)
    let agreed = try #require(pair.right.phase2SAViews.first).transform
    let legacy = try #require(ESPTransform(.tripleDESCBC, .hmacMD5))
    let good = offer(agreed)
    for change: (inout Proposal) -> Void in [
      { $0.transforms = [offer(legacy)] }, { $0.transforms = [good, good] },
      { $0.protocolID = .ah }, { $0.protocolID = .isakmp }, { $0.spi = [1, 2, 3] }, { $0.spi = [] },
      { $0.spi = [0, 0, 0, 255] }, { $0.spi = [1, 2, 3, 4, 5] },
      // Tunnel mode, and UDP encapsulation, which no NAT asks for here.
      { $0.transforms = [offer(agreed, mode: 1)] }, { $0.transforms = [offer(agreed, mode: 4)] },
      { $0.transforms = [offer(agreed, mode: 61_444)] },
      // A group that nobody asked for.
      { $0.transforms = [offer(agreed, group: .ecp256)] },
      { $0.transforms[0].id = 11 },
    ] {
      try expectRefused(try payloads.changingProposal(change), .proposal, &pair)
    }
    let association = try SecurityAssociation(parsing: try payloads.body(.securityAssociation))
    let twice = SecurityAssociation(proposals: association.proposals + association.proposals)
    try expectRefused(payloads.replacing(.securityAssociation, twice.bytes), .proposal, &pair)
    try expectRefused(payloads.doubling(.securityAssociation), .payloadDuplicated, &pair)
    try expectRefused(payloads.without(.securityAssociation), .payloadMissing, &pair)
    try expectTheRightOneIsTaken(&pair)
  }

  /// As in main mode: RFC 2408 §4.2 only recommends that they stay.
  @Test func theNumbersOfTheAnswerMayBeOthers() throws {
    var pair = try losingMessage2()
    let payloads = try pair.payloads(.quick2).changingProposal {
      $0.number = 7
      $0.transforms[0].number = 9
    }
    try pair.deliver(payloads, at: .quick2)
    #expect(pair.leftEvents.children.count == 1)
  }

  @Test func theNonceOfTheAnswerIsThereOnceAndAsLongAsItMustBe() throws {
    var pair = try losingMessage2()
    let payloads = try pair.payloads(.quick2)
    try expectRefused(payloads.without(.nonce), .payloadMissing, &pair)
    try expectRefused(payloads.doubling(.nonce), .payloadDuplicated, &pair)
    for count in [0, 7, 257] {
      let wrong = payloads.replacing(.nonce, [UInt8](repeating: 1, count: count))
      try expectRefused(wrong, .nonce, &pair)
    }
    try expectTheRightOneIsTaken(&pair)
    for count in [8, 256] {
      pair = try losingMessage2()
      let payloads = try pair.payloads(.quick2)
      try pair.deliver(
        payloads.replacing(.nonce, [UInt8](repeating: 1, count: count)), at: .quick2)
      #expect(pair.leftEvents.children.count == 1)
    }
  }

  /// A policy with perfect forward secrecy gets it or nothing.
  @Test func forwardSecrecyIsNotGivenUpByTheAnswer() throws {
    var pair = try losingMessage2(group: .ecp256)
    let payloads = try pair.payloads(.quick2)
    let agreed = try #require(pair.right.phase2SAViews.first).transform
    let value = try payloads.body(.keyExchange)
    for group: KeyExchangeGroup? in [nil, .modp1024, .ecp384] {
      let wrong = try payloads.changingProposal { $0.transforms = [offer(agreed, group: group)] }
      try expectRefused(wrong, .proposal, &pair)
      try expectRefused(wrong.without(.keyExchange), .proposal, &pair)
    }
    try expectRefused(payloads.without(.keyExchange), .keyExchange, &pair)
    try expectRefused(payloads.doubling(.keyExchange), .payloadDuplicated, &pair)
    for wrong in [[], Array(value.dropLast()), value + [0]] {
      try expectRefused(payloads.replacing(.keyExchange, wrong), .keyExchange, &pair)
    }
    try expectTheRightOneIsTaken(&pair)
    #expect(pair.leftEvents.children.map(\.perfectForwardSecrecy) == [true])
    // And a public value that nobody asked for is refused too.
    pair = try losingMessage2()
    try expectRefused(
      try pair.payloads(.quick2) + [Payload(.keyExchange, value)], .keyExchange, &pair)
  }

  /// Without a NAT the responder repeats the selectors as they came.
  @Test func theSelectorsOfTheAnswerAreOurs() throws {
    var pair = try losingMessage2()
    let payloads = try pair.payloads(.quick2)
    let rest = payloads.without(.identification)
    let ids = payloads.filter { $0.type == .identification }
    try #require(ids.count == 2)
    for changed in Self.otherSelectors {
      for position in [0, 1] {
        var wrong = ids
        wrong[position] = changed
        try expectRefused(rest + wrong, .identification, &pair)
      }
    }
    try expectRefused(rest + ids.reversed(), .identification, &pair)
    try expectRefused(rest + [ids[0]], .identification, &pair)
    try expectRefused(rest + ids + [ids[0]], .identification, &pair)
    try expectTheRightOneIsTaken(&pair)
  }

  /// Ours with another protocol, port, address and shape.
  private static let otherSelectors = [
    Identification(Pair.leftAddress, protocolID: 6, port: 1701),
    Identification(Pair.leftAddress, protocolID: 17, port: 1702),
    Identification(Pair.leftAddress, protocolID: 17, port: 0),
    Identification(.v4(IPv4Address(192, 0, 2, 99)), protocolID: 17, port: 1701),
    Identification(
      kind: Identification.Kind.ipv4Subnet, protocolID: 17, port: 1701,
      data: [0, 0, 0, 0, 0, 0, 0, 0]),
  ].map { Payload(.identification, $0.bytes) }

  /// Behind a NAT it may write other addresses, and nothing else.
  @Test func behindANATOnlyTheAddressesMayDiffer() throws {
    let outside = IPAddress.v4(IPv4Address(203, 0, 113, 9))
    for (index, changed) in Self.otherSelectors.enumerated() {
      var pair = try losingMessage2(outside: outside)
      let payloads = try pair.payloads(.quick2)
      let ids = payloads.filter { $0.type == .identification }
      let wrong = payloads.without(.identification) + [changed, try #require(ids.last)]
      if index < 3 {
        try expectRefused(wrong, .identification, &pair)
      } else {
        try pair.deliver(wrong, at: .quick2)
        #expect(pair.leftEvents.children.count == 1)
        // What the peer writes there moves none of ours.
        #expect(pair.leftEvents.children.first?.selectors.local == Pair.leftAddress)
        #expect(pair.leftEvents.children.first?.selectors.remotePort == 1701)
      }
    }
  }

  /// The answer may shorten the lifetimes; it never prolongs them.
  @Test(
    arguments: [
      (Lifetime(seconds: 100_000, kilobytes: 9_000), Lifetime(seconds: 3600, kilobytes: 9_000)),
      (Lifetime(seconds: 600), Lifetime(seconds: 600, kilobytes: 10_000)),
      (Lifetime(seconds: 1, kilobytes: 99_999), Lifetime(seconds: 60, kilobytes: 10_000)),
    ])
  func theLifetimesOfTheAnswerNeverProlong(answered: Lifetime, used: Lifetime) throws {
    for isNotified in [false, true] {
      var pair = try makePair(left: { $0.ipsec.lifetimeKilobytes = 10_000 })
      pair.connect(losing: .quick2)
      let agreed = try #require(pair.right.phase2SAViews.first)
      var payloads = try pair.payloads(.quick2).without(.notification)
      if isNotified {
        // RESPONDER-LIFETIME beside a transform with what we offered.
        payloads.append(responderLifetime(answered, of: agreed.inboundSPI))
      } else {
        payloads = try payloads.changingProposal {
          $0.transforms = [offer(agreed.transform, lifetime: answered)]
        }
      }
      try pair.deliver(payloads, at: .quick2)
      let child = try #require(pair.leftEvents.children.first)
      #expect(child.lifetime == used)
      let view = try #require(pair.left.phase2SAViews.first)
      #expect(view.expiresAt - view.createdAt == .seconds(Int64(used.seconds ?? 0)))
    }
  }

  private func responderLifetime(_ lifetime: Lifetime, of spi: UInt32) -> Payload {
    let notification = Notification(
      .responderLifetime, protocolID: .esp, spi: bigEndian(spi), data: lifetime.responderLifetime)
    return Payload(.notification, notification.bytes)
  }

  /// Beside a transform that is shorter already, RESPONDER-LIFETIME does not prolong that either.
  @Test func ofTwoLifetimesInOneAnswerTheShorterHolds() throws {
    for (first, second) in [(600, 900), (900, 600)] as [(UInt64, UInt64)] {
      var pair = try losingMessage2()
      let agreed = try #require(pair.right.phase2SAViews.first)
      let payloads = try pair.payloads(.quick2).changingProposal {
        $0.transforms = [
          offer(agreed.transform, lifetime: Lifetime(seconds: first, kilobytes: first * 10))
        ]
      }
      let told = Lifetime(seconds: second, kilobytes: second * 10)
      try pair.deliver(
        payloads.without(.notification) + [responderLifetime(told, of: agreed.inboundSPI)],
        at: .quick2)
      #expect(
        pair.leftEvents.children.map(\.lifetime) == [Lifetime(seconds: 600, kilobytes: 6000)])
    }
  }
}
