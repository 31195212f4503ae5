import Cryptography
import Primitives
import Testing

@testable import IKE

/// Bad inputs 15 to 23 and 25 to 31: peers that are, or pretend to be, past phase 1.
@Suite(.timeLimit(.minutes(5))) struct HostilePeerTests {
  private func established() throws -> Pair {
    var pair = try makePair()
    _ = pair.connect()
    pair.run(for: .seconds(1))
    return pair
  }

  @Test func badInput15ANameAsSelectorIsRefusedWithoutNAT() throws {
    var pair = try established()
    let name = Identification(
      kind: Identification.Kind.fqdn, protocolID: 17, port: 1701, data: Array("host".utf8))
    let payloads = [Forge.espAssociation(), Forge.nonce] + Forge.selectors(initiator: name)
    pair.forgeQuickMode1(payloads, messageID: 5)
    #expect(pair.rightEvents.children.count == 1)
    #expect(pair.rightEvents.notes(.quickModeRefused).count == 1)
  }

  @Test func badInput15ANonContiguousOrWideSubnetIsNoHost() throws {
    for mask: [UInt8] in [[255, 255, 255, 254], [0, 0, 0, 0], [255, 0, 255, 0]] {
      let subnet = Identification(
        kind: Identification.Kind.ipv4Subnet, protocolID: 17, port: 1701,
        data: Pair.leftAddress.bytes + mask)
      #expect(subnet.singleAddress == nil)
    }
  }

  @Test func badInput18InformationalWithoutAnyState() throws {
    var pair = try makeResponder()
    for isEncrypted in [true, false] {
      let bytes = ISAKMPHeader(
        cookies: Cookies(initiator: 1, responder: 2), firstPayload: .hash,
        exchangeType: .informational, isEncrypted: isEncrypted, messageID: 9
      ).message(with: pair.random.bytes(64))
      let answers = pair.feed(bytes)
      #expect(answers.isEmpty)
    }
    let first = pair.feed(
      Forge.clear([Forge.notify(.initialContact)], exchange: .informational, messageID: 3))
    #expect(first.isEmpty)
    let isEmpty = pair.rightIsEmpty
    #expect(isEmpty)
  }

  @Test func badInput19InformationalWithoutItsHashChangesNothing() throws {
    var pair = try established()
    let sa = try pair.sa(of: .left)
    let keys = try #require(sa.keys)
    let delete = Payload(
      .delete, Delete(protocolID: .isakmp, spis: [sa.cookies.bytes]).bytes)
    for payloads in [
      [delete], [Payload(.hash, Array(repeating: 0, count: 32)), delete],
      [Payload(.hash, [])], [Payload(.hash, [1]), delete], [delete, Payload(.hash, [1])],
    ] {
      let id: UInt32 = pair.random.nonZero()
      let sealed = keys.encrypt(
        PayloadChain(payloads).bytes, iv: keys.phase2IV(lastBlock: sa.iv, messageID: id))
      let first = try #require(payloads.first).type
      let bytes = ISAKMPHeader(
        cookies: sa.cookies, firstPayload: first, exchangeType: .informational,
        isEncrypted: true, messageID: id
      ).message(with: sealed.ciphertext)
      let answers = pair.feed(bytes)
      #expect(answers.isEmpty)
    }
    // And one in the clear.
    let answers = pair.feed(
      Forge.clear(
        [delete], initiator: sa.cookies.initiator, responder: sa.cookies.responder,
        exchange: .informational, messageID: 8))
    #expect(answers.isEmpty)
    #expect(pair.right.counters.dropped(.hash) == 5)
    #expect(pair.right.counters.dropped(.payloadMissing) == 1)
    #expect(pair.rightEvents.downs.isEmpty)
  }

  @Test func badInput20TheCarryingSADeletedFirstAndTwiceWithMoreBehind() throws {
    var pair = try established()
    let sa = try pair.sa(of: .left)
    let spi = bigEndian(try #require(pair.leftEvents.children.first).inbound.spi)
    let isakmp = Payload(
      .delete, Delete(protocolID: .isakmp, spis: [sa.cookies.bytes]).bytes)
    let esp = Payload(.delete, Delete(protocolID: .esp, spis: [spi, spi]).bytes)
    pair.forgeInformational([
      isakmp, isakmp, esp, esp, Forge.notify(.rUThere, spi: sa.cookies.bytes, data: [0, 0, 0, 1]),
    ])
    #expect(pair.rightEvents.childDowns.map(\.reason) == [.peerDeleted])
    #expect(pair.rightEvents.downs.map(\.reason) == [.peerDeleted])
    #expect(pair.right.isakmpSAs.isEmpty)
  }

  @Test(
    arguments: [
      [0, 0, 0, 1, 3, 4, 0xff, 0xff, 1, 2, 3, 4], [0, 0, 0, 1, 3, 0, 0, 1],
      [0, 0, 0, 1, 3, 255, 0, 1, 1, 2, 3, 4], [0, 0, 0, 1, 0, 4, 0, 1, 1, 2, 3, 4],
      [0, 0, 0, 1, 1, 4, 0, 1, 1, 2, 3, 4], [0, 0, 0, 1, 3, 4, 0, 0], [0, 0, 0, 2, 3, 4, 0, 1],
      [0, 0, 0, 1, 3, 4, 0, 2, 1, 2, 3, 4], [],
    ] as [[UInt8]])
  func badInput20DeletesThatLie(body: [UInt8]) throws {
    #expect(throws: Violation.delete) { _ = try Delete(parsing: body) }
    var pair = try established()
    pair.forgeInformational([Payload(.delete, body)])
    #expect(pair.right.counters.dropped(.delete) == 1)
    #expect(pair.rightEvents.childDowns.isEmpty)
    #expect(pair.rightEvents.downs.isEmpty)
  }

  @Test(arguments: [0, 1, 15, 17, 16])
  func badInput21CiphertextsThatCannotBe(count: Int) throws {
    var pair = try established()
    let sa = try pair.sa(of: .left)
    let bytes = ISAKMPHeader(
      cookies: sa.cookies, firstPayload: .hash, exchangeType: .informational, isEncrypted: true,
      messageID: 4
    ).message(with: Array(repeating: 0, count: count))
    let answers = pair.feed(bytes)
    #expect(answers.isEmpty)
    if count != 16 { #expect(pair.right.counters.dropped(.ciphertext) == 1) }
    #expect(pair.rightEvents.downs.isEmpty)
  }

  @Test func badInput21GarbageForMessage5IsReportedAndAnsweredOnce() throws {
    var pair = try makePair(right: { $0.secret = Secret(text: "other") })
    pair.network = { side, _, index in side == .right && index > 3 ? [] : [.milliseconds(10)] }
    _ = pair.connect()
    pair.run(for: .seconds(100))
    #expect(pair.rightEvents.peerFailures.count == 1)
    // Messages 2 and 4 and one report.
    #expect(pair.sent(by: .right).count == 3)
  }

  @Test func badInput22QuickModeBeforePhase1IsDone() throws {
    var pair = try makeResponder()
    let second = pair.feed(Forge.firstMessage())
    let cookies = try ISAKMPHeader(parsing: try #require(second.first).bytes).cookies
    for exchange in [ExchangeType.quickMode, .informational] {
      let bytes = ISAKMPHeader(
        cookies: cookies, firstPayload: .hash, exchangeType: exchange, isEncrypted: true,
        messageID: 4
      ).message(with: Array(repeating: 0, count: 64))
      let answers = pair.feed(bytes)
      #expect(answers.isEmpty)
    }
    #expect(pair.right.counters.dropped(.unexpected) == 2)
  }

  @Test func badInput22MessageIDsZeroAndUsedBefore() throws {
    var pair = try established()
    let payloads = [Forge.espAssociation(), Forge.nonce] + Forge.selectors()
    pair.forgeQuickMode1(payloads, messageID: 0)
    #expect(pair.right.counters.dropped(.messageID) == 1)
    let used = try #require(pair.right.quickModes.keys.first).messageID
    pair.forgeQuickMode1(payloads, messageID: used)
    #expect(pair.rightEvents.children.count == 1)
  }

  @Test func badInput22AThousandConcurrentQuickModesAreLimited() throws {
    var pair = try established()
    let before = pair.wire.count
    for id in 1...1000 {
      pair.forgeQuickMode1(
        [Forge.espAssociation(spi: bigEndian(UInt32(1000 + id))), Forge.nonce]
          + Forge.selectors(), messageID: UInt32(id))
    }
    #expect(pair.right.counters.dropped(.limit) > 900)
    #expect(pair.right.phase2SAs.count <= 16)
    #expect(pair.wire.count - before < 600)
  }

  @Test func badInput22AUsedUpISAKMPSARefusesFurtherQuickModes() {
    var ids = MessageIDs()
    for id in 1...UInt32(MessageIDs.quickModesMax) {
      #expect(ids.isNewQuickMode(id))
      ids.noteQuickMode(id)
    }
    #expect(!ids.isNewQuickMode(5000))
  }

  @Test func badInput23ReplaysOfEveryMessageChangeNothing() throws {
    var pair = try established()
    let messages = pair.sent(by: .left).map(\.transmit)
    let (events, sas) = (pair.rightEvents.count, pair.right.isakmpSAs.count)
    for transmit in messages + messages.reversed() {
      pair.deliver(transmit.bytes, on: pair.translated(transmit.path, from: .left), to: .right)
    }
    let real = pair.rightEvents.dropFirst(events).filter {
      if case .note = $0 { false } else { true }
    }
    #expect(real.isEmpty)
    // Message 1 alone may open a new, unproven exchange.
    #expect(pair.right.isakmpSAs.count <= sas + 1)
    #expect(pair.right.phase2SAs.count == 1)
    pair.run(for: .seconds(70))
    #expect(pair.right.isakmpSAs.count == sas)
  }

  @Test func badInput23Message1AHundredTimesIsOneExchange() throws {
    var pair = try makeResponder()
    var answers: [Transmit] = []
    for _ in 0..<100 { answers += pair.feed(Forge.firstMessage()) }
    #expect(Set(answers).count == 1)
    #expect(answers.count == 1 + ISAKMPEngine.repeatedAnswersMax)
    #expect(pair.right.halfOpenCount == 1)
  }

  @Test func badInput23Message5FromElsewhere() throws {
    // Without NAT-T the address must stay; a new port behind the same address is a NAT's doing.
    for natTraversal in [NATTraversalMode.off, .on] {
      var pair = try makePair(
        left: { $0.isakmp.natTraversal = natTraversal },
        right: { $0.isakmp.natTraversal = natTraversal })
      pair.network = { side, _, index in side == .left && index == 4 ? [] : [.milliseconds(10)] }
      _ = pair.connect()
      pair.run(for: .seconds(1))
      let message5 = try #require(pair.sent(by: .left).last).transmit
      var elsewhere = pair.translated(message5.path, from: .left)
      elsewhere.remote = SocketAddress(.v4(IPv4Address(203, 0, 113, 5)), port: 4500)
      pair.deliver(message5.bytes, on: elsewhere, to: .right)
      #expect(pair.rightEvents.up.count == (natTraversal == .off ? 0 : 1))
    }
  }

  @Test func badInput25NothingIsAnsweredWithoutAnSA() throws {
    var pair = try makeResponder()
    for exchange: UInt8 in 0...255 where exchange != 2 {
      let bytes = ISAKMPHeader(
        cookies: Cookies(initiator: 5, responder: exchange % 2 == 0 ? 0 : 6),
        firstPayload: .hash, exchangeType: ExchangeType(rawValue: exchange),
        isEncrypted: exchange % 3 == 0, messageID: 1
      ).message(with: Array(repeating: exchange, count: 128))
      let answers = pair.feed(bytes)
      #expect(answers.isEmpty)
    }
    let isEmpty = pair.rightIsEmpty
    #expect(isEmpty)
  }

  @Test func badInput27NATDiscoveryThatCannotBe() throws {
    for (count, length, isAccepted) in [
      (0, 32, true), (20, 32, true), (2, 31, false), (1, 0, false),
    ] {
      var pair = try makeResponder()
      let second = pair.feed(
        Forge.firstMessage([Payload(.vendorID, NATTraversal.rfc3947.vendorID)]))
      let cookies = try ISAKMPHeader(parsing: try #require(second.first).bytes).cookies
      let key = KeyExchangeGroup.ecp256.makePrivateKey(using: &pair.random)
      let discovery = Payload(.natDiscovery, Array(repeating: 1, count: length))
      let answers = pair.feed(
        Forge.clear(
          [
            Payload(.keyExchange, try KeyExchangeGroup.ecp256.publicValue(for: key)), Forge.nonce,
          ] + Array(repeating: discovery, count: count), initiator: cookies.initiator,
          responder: cookies.responder))
      #expect(answers.count == (isAccepted ? 1 : 0))
      #expect(pair.right.counters.dropped(.natDiscovery) == (isAccepted ? 0 : 1))
    }
  }

  @Test(
    arguments: [
      [1, 0, 0, 0, 10, 0, 0], [5, 0, 0, 0] + Array(repeating: 1, count: 16),
      [1, 0, 1, 0, 1, 2, 3, 4],
      [], [5, 0, 0, 0, 1, 2, 3, 4],
    ] as [[UInt8]])
  func badInput27OriginalAddressesThatCannotBe(body: [UInt8]) throws {
    var pair = try established()
    pair.forgeQuickMode1(
      [Forge.espAssociation(), Forge.nonce] + Forge.selectors()
        + [Payload(.natOriginalAddress, body)], messageID: 5)
    #expect(pair.right.counters.dropped(.natOriginalAddress) == 1)
    #expect(pair.rightEvents.children.count == 1)
  }

  @Test func badInput27FloatingInTheFirstMessageOrNever() throws {
    var pair = try makeResponder()
    var path = Forge.path.onFloatedPort
    path.remote.port = 61_000
    let answers = pair.feed(Forge.firstMessage(), on: path)
    #expect(answers.map(\.path) == [path])
    // Behind a NAT, but never on port 4500: the plain mode that it offers is refused.
    var never = try makePair(left: { $0.isakmp.natTraversal = .off })
    never.leftOutside = .v4(IPv4Address(203, 0, 113, 9))
    _ = never.connect()
    never.run(for: .seconds(2))
    #expect(never.rightEvents.up.count == 1)
    #expect(never.rightEvents.children.isEmpty)
  }

  @Test func badInput28VendorIDsInMassesEmptyHugeAndContradictory() throws {
    var pair = try makeResponder()
    let empty = Payload(.vendorID, [])
    let refused = pair.feed(Forge.firstMessage(Array(repeating: empty, count: 1000)))
    #expect(refused.isEmpty)
    let huge = pair.feed(
      Forge.firstMessage([Payload(.vendorID, Array(repeating: 1, count: 65_000))]))
    #expect(huge.isEmpty)
    let both = [NATTraversal.draft02, .draft03, .draft02].map { Payload(.vendorID, $0.vendorID) }
    let answers = pair.feed(Forge.firstMessage([empty] + both))
    #expect(answers.count == 1)
    #expect(pair.right.isakmpSAs.values.map(\.nat.dialect) == [.draft03])
  }

  @Test func badInput29DPDThatLies() throws {
    var pair = try established()
    let spi = try pair.sa(of: .left).cookies.bytes
    func answers(_ payload: Payload) -> Int {
      let before = pair.sent(by: .right).count
      pair.forgeInformational([payload])
      return pair.sent(by: .right).count - before
    }
    let wrongSPI = answers(
      Forge.notify(.rUThere, spi: Array(repeating: 1, count: 16), data: [0, 0, 0, 9]))
    let short = answers(Forge.notify(.rUThere, spi: spi, data: [0, 0, 9]))
    let good = answers(Forge.notify(.rUThere, spi: spi, data: [0xff, 0xff, 0xff, 0xff]))
    let repeated = answers(Forge.notify(.rUThere, spi: spi, data: [0xff, 0xff, 0xff, 0xff]))
    let wrapped = answers(Forge.notify(.rUThere, spi: spi, data: [0, 0, 0, 1]))
    let backwards = answers(Forge.notify(.rUThere, spi: spi, data: [0xff, 0xff, 0xff, 0xf0]))
    let unsolicited = answers(Forge.notify(.rUThereACK, spi: spi, data: [1, 2, 3, 4]))
    #expect([wrongSPI, short, good, repeated, wrapped, backwards] == [0, 0, 1, 1, 1, 0])
    #expect(unsolicited == 0)
    #expect(pair.right.counters.dropped(.replay) == 2)
  }

  @Test func badInput29AFloodOfQuestionsIsAnsweredWithinItsBudget() throws {
    var pair = try established()
    let sa = try pair.sa(of: .left)
    let before = pair.sent(by: .right).count
    for sequence in 1...500 as ClosedRange<UInt32> {
      pair.left.sendInformational(
        [Forge.notify(.rUThere, spi: sa.cookies.bytes, data: bigEndian(sequence))], on: sa.id,
        using: &pair.random)
    }
    pair.drain()
    pair.run(for: .seconds(1))
    #expect(pair.sent(by: .right).count - before == 40)
  }

  @Test func badInput29InitialContactNeedsAuthentication() throws {
    var pair = try established()
    let sa = try pair.sa(of: .left)
    _ = pair.feed(
      Forge.clear(
        [Forge.notify(.initialContact, spi: sa.cookies.bytes)], initiator: sa.cookies.initiator,
        responder: sa.cookies.responder, exchange: .informational, messageID: 5))
    _ = pair.feed(Forge.firstMessage([Forge.notify(.initialContact)]))
    #expect(pair.rightEvents.downs.isEmpty)
  }

  @Test func badInput30XAuthAndModeConfigAreDropped() throws {
    var pair = try established()
    let sa = try pair.sa(of: .left)
    for cookies in [sa.cookies, Cookies(initiator: 3, responder: 0)] {
      let bytes = ISAKMPHeader(
        cookies: cookies, firstPayload: .hash, exchangeType: .transaction, isEncrypted: true,
        messageID: 6
      ).message(with: pair.random.bytes(64))
      let answers = pair.feed(bytes)
      #expect(answers.isEmpty)
    }
    #expect(pair.right.counters.dropped(.exchangeType) == 2)
  }

  @Test func badInput31Port4500AndRebindingInTheMiddle() throws {
    var pair = try makeResponder()
    for bytes: [UInt8] in [[0], [0, 0], [0, 0, 0], [0, 0, 0, 0] + Forge.firstMessage()] {
      let answers = pair.feed(bytes, on: Forge.path.onFloatedPort)
      #expect(answers.isEmpty)
    }
    let isEmpty = pair.rightIsEmpty
    #expect(isEmpty)
    // The NAT gives another port to every message.
    var moving = try makePair()
    moving.leftOutside = .v4(IPv4Address(203, 0, 113, 9))
    _ = moving.connect()
    for _ in 0..<40 {
      moving.natPortOffset &+= 1
      moving.run(for: .milliseconds(10))
    }
    moving.run(for: .seconds(10))
    #expect(moving.leftEvents.children.count == 1)
    #expect(moving.rightEvents.ready.count == 1)
  }
}
