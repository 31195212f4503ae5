import Cryptography
import Primitives
import Testing

@testable import IKE

/// Good messages at the wrong stage, under the wrong number or in the wrong form.
@Suite(.timeLimit(.minutes(5))) struct StageTests {
  /// Message ids belong to phase 2 (RFC 2408 §3.1).
  @Test func badInput22MainModeHasNoMessageID() throws {
    var pair = try makeResponder()
    let answers = pair.feed(
      Forge.clear([Forge.association()], initiator: 7, messageID: 5))
    #expect(answers.isEmpty)
    #expect(pair.right.counters.dropped(.messageID) == 1)
    for place in [Place.main3, .main4, .main5, .main6] {
      pair = try makePair()
      pair.connect(losing: place)
      var message = try pair.held(place).bytes
      message[23] = 5
      try pair.deliver(message, at: place)
      #expect(pair.dropped(.messageID, at: place) == 1)
      try pair.deliverHeld(place)
      #expect(pair.rightEvents.ready.count == 1)
    }
  }

  /// The flag says what the message is: clear ones are not taken for encrypted, nor the other way.
  @Test(arguments: Place.allCases.filter { $0 != .main1 })
  func badInput21TheEncryptionFlagMustFit(place: Place) throws {
    var pair = try makePair()
    pair.connect(losing: place)
    var message = try pair.held(place).bytes
    message[19] ^= 1
    try pair.deliver(message, at: place)
    #expect(pair.dropped(.encryption, at: place) == 1)
    #expect(pair.droppedInAll(at: place) == 1)
    try pair.deliverHeld(place)
    #expect(pair.rightEvents.ready.count == 1)
  }

  /// Keys alone are no authentication: before message 5 there is no phase 2, however well sealed.
  @Test func badInput22PhaseTwoBeforeMessage5IsRefusedThoughItsHashFits() throws {
    var pair = try makePair()
    pair.connect(losing: .main5)
    let keys = try pair.keys()
    let half = try #require(pair.right.isakmpSAs.values.first)
    let question = Forge.notify(.rUThere, spi: half.cookies.bytes, data: [0, 0, 0, 1])
    let request = [Forge.espAssociation(), Forge.nonce] + Forge.selectors()
    let sent = pair.sent(by: .right).count
    for (exchange, payloads) in [(ExchangeType.quickMode, request), (.informational, [question])] {
      let message = pair.left.seal(
        payloads, exchange, messageID: 5, cookies: half.cookies, keys: keys,
        iv: keys.phase2IV(lastBlock: half.iv, messageID: 5)
      ).message
      try pair.deliver(message, at: .main5)
    }
    #expect(pair.right.counters.dropped(.unexpected) == 2)
    #expect(pair.sent(by: .right).count == sent)
    #expect(pair.right.phase2SAs.isEmpty && pair.right.quickModes.isEmpty)
  }

  /// RESPONDER-LIFETIME of ESP says nothing about the ISAKMP SA.
  @Test func aLifetimeOfESPDoesNotShortenTheISAKMPSA() throws {
    var pair = try makePair()
    _ = pair.connect()
    pair.run(for: .seconds(1))
    let before = try pair.sa(of: .right)
    for (protocolID, seconds) in [(SecurityProtocol.esp, 28_800), (.isakmp, 600)] {
      let notification = Notification(
        .responderLifetime, protocolID: protocolID, spi: before.cookies.bytes,
        data: Lifetime(seconds: 600).responderLifetime)
      pair.forgeInformational([Payload(.notification, notification.bytes)])
      let sa = try pair.sa(of: .right)
      #expect(sa.lifetimeSeconds == UInt64(seconds))
    }
  }

  /// Refusals in the clear have a rate, whoever asks.
  @Test func badInput25RefusalsHaveARate() throws {
    var pair = try makeResponder()
    var transform = Forge.transform
    transform.attributes.removeAll { $0.type == ISAKMPTransform.AttributeType.group }
    transform.attributes.append(Attribute(ISAKMPTransform.AttributeType.group, .basic(1025)))
    var answers = 0
    for number in 1...200 as ClosedRange<UInt64> {
      var path = Forge.path
      path.remote.address = .v4(IPv4Address(10, 0, 0, UInt8(number)))
      let message = Forge.clear([Forge.association([transform])], initiator: number)
      answers += pair.feed(message, on: path).count
    }
    #expect(answers == 50)
    #expect(pair.right.counters.proposalsRefused == 200)
  }

  /// Garbage for message 5 from elsewhere says nothing about the peer's secret.
  @Test func aStrangersGarbageIsNoWrongSecret() throws {
    var pair = try makePair()
    pair.connect(losing: .main5)
    let sent = pair.wire.count
    var garbage = try pair.held(.main5).bytes
    for index in 28..<garbage.count { garbage[index] ^= 0x55 }
    let stranger = SocketAddress(Family.v4.stranger, port: 4500)
    try pair.deliver(garbage, at: .main5, from: stranger)
    #expect(pair.rightEvents.peerFailures.isEmpty)
    #expect(pair.wire.count == sent)
    #expect(pair.right.counters.authenticationFailures == 0)
    try pair.deliver(garbage, at: .main5)
    #expect(pair.rightEvents.peerFailures.map(\.reason) == [.authenticationFailed])
    #expect(pair.wire.count == sent + 1)
  }

  /// A pair for another port is no successor: both stay.
  @Test func onlyAPairWithTheSameSelectorsSupersedes() throws {
    var pair = try makePair()
    _ = pair.connect()
    pair.run(for: .seconds(1))
    for (messageID, port, expected) in [
      (5, 5000, [false, false]), (6, 1701, [true, false, false]),
    ] as [(UInt32, UInt16, [Bool])] {
      let mine = Identification(Pair.leftAddress, protocolID: 17, port: port)
      pair.forgeQuickMode1(
        [Forge.espAssociation(spi: bigEndian(messageID << 16)), Forge.nonce]
          + Forge.selectors(initiator: mine), messageID: messageID)
      let child = try #require(pair.rightEvents.children.last)
      // As if message 3 had come.
      pair.right.completePhase2SA(child.inbound.spi)
      #expect(pair.right.phase2SAViews.map(\.isSuperseded) == expected)
    }
  }

  /// What is kept to answer repetitions is bounded, and forgets the oldest first.
  @Test func recordsOfFinishedExchangesAreBounded() throws {
    var pair = try makePair()
    _ = pair.connect()
    pair.run(for: .seconds(1))
    for messageID in 1...30 as ClosedRange<UInt32> {
      pair.forgeQuickMode1([Forge.espAssociation(), Forge.nonce], messageID: messageID)
    }
    let kept = pair.right.quickModes.keys.map(\.messageID).sorted()
    #expect(kept == Array(23...30))
    var ids = MessageIDs()
    for id in 1...UInt32(MessageIDs.informationalsRemembered) { ids.noteInformational(id) }
    #expect(!ids.isNewInformational(1))
    ids.noteInformational(1000)
    #expect(ids.isNewInformational(1))
    #expect(!ids.isNewInformational(2) && !ids.isNewInformational(1000))
  }

  /// Beyond the limit, with none superseded, a new pair is refused.
  @Test func theNumberOfPairsOfOneConnectionHasALimit() throws {
    var pair = try makePair(right: { $0.limits.phase2SAsPerConnectionMax = 3 })
    _ = pair.connect()
    pair.run(for: .seconds(1))
    for (messageID, count) in [(5, 2), (6, 3), (7, 3), (8, 3)] as [(UInt32, Int)] {
      let mine = Identification(
        Pair.leftAddress, protocolID: 17, port: UInt16(truncatingIfNeeded: 6000 + messageID))
      pair.forgeQuickMode1(
        [Forge.espAssociation(spi: bigEndian(messageID << 16)), Forge.nonce]
          + Forge.selectors(initiator: mine), messageID: messageID)
      #expect(pair.right.phase2SAs.count == count)
    }
    #expect(pair.rightEvents.notes(.quickModeRefused).count == 2)
  }

  /// An authenticated error names our SPI, the peer's, or none; without one, the only quick mode
  /// under way is meant.
  @Test func anErrorWithoutSPIEndsTheOnlyQuickModeUnderWay() throws {
    var pair = try makePair()
    pair.connect(losing: .quick2)
    let id = try #require(pair.right.establishedISAKMPSAs.first).cookies
    let sa = try #require(pair.right.isakmpSAs.values.first { $0.cookies == id })
    pair.right.sendNotification(
      Notification(.noProposalChosen, protocolID: .esp), on: sa.id, using: &pair.random)
    pair.drain()
    pair.run(for: .seconds(1))
    #expect(pair.leftEvents.downs.map(\.reason) == [.negotiationFailed])
  }

  @Test(arguments: [2, 256, UInt32.max])
  func notificationsAndDeletesOfOtherDomainsAreMalformed(domain: UInt32) {
    let rest: [UInt8] = [1, 0, 0x60, 2]
    #expect(throws: Violation.notification) {
      _ = try Notification(parsing: bigEndian(domain) + rest)
    }
    #expect(throws: Violation.delete) {
      _ = try Delete(parsing: bigEndian(domain) + [3, 4, 0, 1, 1, 2, 3, 4])
    }
  }
}
