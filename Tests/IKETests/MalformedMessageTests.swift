import Cryptography
import Primitives
import Testing

@testable import IKE

/// Bad inputs 1 to 15: what is refused before there is any state.
@Suite(.timeLimit(.minutes(5))) struct MalformedMessageTests {
  /// Nothing is answered, stored or armed; the violation is counted.
  private func expectRefused(
    _ bytes: [UInt8], _ violation: Violation, _ pair: inout Pair,
    location: SourceLocation = #_sourceLocation
  ) {
    let before = pair.right.counters.dropped(violation)
    let answers = pair.feed(bytes)
    let after = pair.right.counters.dropped(violation)
    let isEmpty = pair.rightIsEmpty
    #expect(answers.isEmpty, sourceLocation: location)
    #expect(after == before + 1, sourceLocation: location)
    #expect(isEmpty, sourceLocation: location)
  }

  @Test func badInput01ShortDatagramsAreDropped() throws {
    var pair = try makeResponder()
    let whole = Forge.firstMessage()
    for count in 0..<28 { expectRefused(Array(whole.prefix(count)), .truncated, &pair) }
    let answers = pair.feed([0xff])
    #expect(answers.isEmpty)
    #expect(pair.right.counters.keepalivesReceived == 1)
    var wrongVersion = Array(whole.prefix(28))
    wrongVersion[17] = 0
    expectRefused(wrongVersion, .version, &pair)
  }

  @Test(arguments: [0, 27, 29, 10_000, 0xffff_ffff])
  func badInput02TheHeaderLengthMustBeTheDatagrams(length: UInt32) throws {
    var pair = try makeResponder()
    var message = Forge.firstMessage()
    message.replaceSubrange(24..<28, with: bigEndian(length))
    expectRefused(message, .headerLength, &pair)
  }

  @Test(arguments: [0x00, 0x20, 0x30, 0xf0] as [UInt8])
  func badInput03OtherMajorVersionsAreDropped(version: UInt8) throws {
    var pair = try makeResponder()
    var message = Forge.firstMessage()
    message[17] = version
    expectRefused(message, .version, &pair)
  }

  @Test(arguments: 33...54 as ClosedRange<UInt8>)
  func badInput03PayloadTypesOfIKEv2AreDropped(type: UInt8) throws {
    var pair = try makeResponder()
    let foreign = Payload(PayloadType(rawValue: type), [0, 0, 0, 0])
    expectRefused(Forge.firstMessage([foreign]), .payloadType, &pair)
  }

  @Test func badInput04CookiesThatCannotBe() throws {
    var pair = try makeResponder()
    expectRefused(Forge.firstMessage(initiator: 0), .cookies, &pair)
    expectRefused(Forge.clear([Forge.association()], responder: 99), .unknownSA, &pair)
    // After a refusal nothing of it can be continued.
    expectRefused(
      Forge.clear([Forge.association()], exchange: .aggressive), .exchangeType, &pair)
    expectRefused(
      Forge.clear([Payload(.hash, [1])], responder: 1, exchange: .aggressive), .unknownSA, &pair)
  }

  @Test(arguments: [0, 1, 2, 3, 61_000] as [UInt16])
  func badInput05PayloadLengthsThatCannotBe(length: UInt16) throws {
    var pair = try makeResponder()
    var message = Forge.firstMessage()
    message[30] = UInt8(length >> 8)
    message[31] = UInt8(length & 0xff)
    expectRefused(message, .payloadLength, &pair)
  }

  @Test(arguments: [1, 3, 4, 100])
  func badInput05BytesBehindTheLastPayloadAreNoPayload(count: Int) throws {
    var pair = try makeResponder()
    let whole = Forge.firstMessage()
    let header = try ISAKMPHeader(parsing: whole)
    let body = Array(whole.dropFirst(28))
    expectRefused(
      header.message(with: body + [UInt8](repeating: 0, count: count)), .payloadLength, &pair)
    let answers = pair.feed(header.message(with: body))
    #expect(answers.count == 1)
  }

  @Test func badInput05ChainsThatDoNotEndAndReservedFields() throws {
    var pair = try makeResponder()
    var endless = Forge.firstMessage()
    endless[28] = PayloadType.vendorID.rawValue
    expectRefused(endless, .truncated, &pair)
    var reserved = Forge.firstMessage()
    reserved[29] = 1
    expectRefused(reserved, .reserved, &pair)
    var inner = Forge.firstMessage()
    inner[41] = 1
    expectRefused(inner, .reserved, &pair)
  }

  @Test(arguments: [15, 16, 130, 131, 132, 200, 255] as [UInt8])
  func badInput06UnknownPayloadTypesAreSkipped(type: UInt8) throws {
    var pair = try makeResponder()
    let unknown = Payload(PayloadType(rawValue: type), [1, 2, 3])
    let answers = pair.feed(Forge.firstMessage([unknown]))
    #expect(answers.count == 1)
    // As the first payload they leave no room for the SA.
    pair = try makeResponder()
    expectRefused(Forge.clear([unknown, Forge.association()]), .payloadOrder, &pair)
  }

  @Test func badInput07ExactlyTheLimitOfPayloadsAndOneMore() throws {
    var pair = try makeResponder()
    let vendor = Payload(.vendorID, [1])
    for count in [40, 999] {
      expectRefused(
        Forge.firstMessage(Array(repeating: vendor, count: count)), .payloadCount, &pair)
    }
    let answers = pair.feed(Forge.firstMessage(Array(repeating: vendor, count: 39)))
    #expect(answers.count == 1)
  }

  @Test func badInput08MissingDuplicatedOrMisplacedSA() throws {
    var pair = try makeResponder()
    let vendor = Payload(.vendorID, [1])
    expectRefused(Forge.clear([vendor]), .payloadOrder, &pair)
    expectRefused(Forge.clear([]), .payloadOrder, &pair)
    expectRefused(Forge.clear([vendor, Forge.association()]), .payloadOrder, &pair)
    expectRefused(
      Forge.clear([Forge.association(), Forge.association()]), .payloadDuplicated, &pair)
  }

  @Test func badInput09SecurityAssociationsThatLie() throws {
    var pair = try makeResponder()
    let body = Forge.association().body
    func changed(_ offset: Int, _ value: UInt8) -> [UInt8] {
      var bytes = body
      bytes[offset] = value
      return Forge.clear([Payload(.securityAssociation, bytes)])
    }
    expectRefused(changed(3, 2), .situation, &pair)
    expectRefused(changed(7, 3), .situation, &pair)
    // The proposal: length 10 and 11, SPI size 14, number of transforms 15.
    expectRefused(changed(11, 200), .proposal, &pair)
    expectRefused(changed(11, 9), .truncated, &pair)
    expectRefused(changed(14, 255), .proposal, &pair)
    expectRefused(changed(15, 0), .proposal, &pair)
    expectRefused(changed(15, 2), .transform, &pair)
    expectRefused(changed(15, 255), .transform, &pair)
    // The transform's length.
    expectRefused(changed(19, 255), .transform, &pair)
    expectRefused(
      Forge.clear([Payload(.securityAssociation, Array(body.prefix(8)))]), .truncated, &pair)
    expectRefused(
      Forge.clear([Payload(.securityAssociation, body + [0, 0])]), .proposal, &pair)
  }

  @Test func badInput09TheAnswerEchoesNothingBeyondTheTransform() throws {
    var pair = try makeResponder()
    let association = SecurityAssociation(proposals: [
      Proposal(
        number: 1, protocolID: .isakmp, spi: Array(repeating: 0x5a, count: 255),
        transforms: [Forge.transform])
    ])
    let request = Forge.clear([Payload(.securityAssociation, association.bytes)])
    let answers = pair.feed(request)
    let answer = try #require(answers.first)
    #expect(answer.bytes.count < request.count)
    #expect(!answer.bytes.contains(0x5a))
  }

  @Test func badInput10AttributesThatCannotBe() throws {
    let type = ISAKMPTransform.AttributeType.self
    let lists: [[Attribute]] = [
      // Numbers in the wrong form.
      [Attribute(type.encryption, .variable([0, 7]))], [Attribute(type.lifeType, .variable([1]))],
      // Key lengths of nothing, too much, of a fixed-key cipher.
      [Attribute(type.keyLength, .basic(0))], [Attribute(type.keyLength, .basic(65_535))],
      // Durations of zero or too many bytes, without a unit, twice.
      [Attribute(type.lifeDuration, .variable([]))], [Attribute(type.lifeDuration, .basic(0))],
      [Attribute(type.lifeDuration, .variable(Array(repeating: 1, count: 9)))],
      // Unknown attributes.
      [Attribute(99, .basic(1))],
    ]
    for changes in lists {
      var transform = Forge.transform
      for change in changes {
        transform.attributes.removeAll { $0.type == change.type }
        transform.attributes.append(change)
      }
      #expect(ISAKMPTransform.read(transform) == nil)
    }
    var twice = Forge.transform
    twice.attributes.append(Attribute(type.hash, .basic(4)))
    #expect(ISAKMPTransform.read(twice) == nil)
    var fixed = ISAKMPTransform(.tripleDESCBC, .sha1, .modp1024)
      .payload(number: 1, lifetime: Lifetime(seconds: 60))
    #expect(ISAKMPTransform.read(fixed) != nil)
    fixed.attributes.append(Attribute(type.keyLength, .basic(192)))
    #expect(ISAKMPTransform.read(fixed) == nil)
  }

  @Test func badInput10AnAttributeLongerThanTheRestIsDropped() throws {
    var pair = try makeResponder()
    var transform = Forge.transform
    transform.attributes = [Attribute(12, .variable([1, 2, 3, 4]))]
    var body = Forge.association([transform]).body
    body[body.count - 5] = 200
    expectRefused(
      Forge.clear([Payload(.securityAssociation, body)]), .attribute, &pair)
  }

  @Test(
    arguments: [
      ([UInt8](repeating: 0xff, count: 8), 28_800), ([0, 0, 0, 1], 60), ([1], 60),
      ([0, 0, 2, 0], 512),
    ] as [([UInt8], UInt64)])
  func badInput10LifetimesAreClamped(bytes: [UInt8], seconds: UInt64) throws {
    var pair = try makeResponder()
    var transform = Forge.transform
    transform.attributes.removeLast()
    transform.attributes.append(Attribute(12, .variable(bytes)))
    _ = pair.feed(Forge.clear([Forge.association([transform])]))
    #expect(pair.right.isakmpSAs.values.map(\.lifetimeSeconds) == [seconds])
  }

  @Test func badInput11TransformsThatWeCannotRunAreNotChosen() {
    // AES-GMAC 23, NULL 11, AES-XCBC authentication 9, GCM with HMAC.
    let mode = Attribute(4, .basic(2))
    let transforms = [
      Transform(number: 1, id: 23, attributes: [mode, Attribute(6, .basic(128))]),
      Transform(number: 1, id: 11, attributes: [mode]),
      Transform(number: 1, id: 11, attributes: [mode, Attribute(5, .basic(2))]),
      Transform(
        number: 1, id: 12, attributes: [mode, Attribute(6, .basic(128)), Attribute(5, .basic(9))]),
      Transform(
        number: 1, id: 20, attributes: [mode, Attribute(6, .basic(128)), Attribute(5, .basic(5))]),
      Transform(number: 1, id: 12, attributes: [mode, Attribute(6, .basic(128))]),
      // Extended sequence numbers.
      Transform(
        number: 1, id: 20, attributes: [mode, Attribute(6, .basic(128)), Attribute(11, .basic(1))]),
    ]
    for transform in transforms { #expect(ESPOffer(transform) == nil) }
  }

  @Test(arguments: [0, 1, 1025, 32, 32_768] as [UInt16])
  func badInput12UnknownGroupsAreRefusedWithoutState(group: UInt16) throws {
    var pair = try makeResponder()
    var transform = Forge.transform
    transform.attributes.removeAll { $0.type == 4 }
    transform.attributes.append(Attribute(4, .basic(group)))
    let answers = pair.feed(Forge.clear([Forge.association([transform])]))
    let isEmpty = pair.rightIsEmpty
    #expect(isEmpty)
    let answer = try #require(answers.first)
    #expect(answer.bytes.count <= 40)
  }

  /// Message 3 with a public value of the test's choosing.
  private func answerToMessage3(
    publicValue: [UInt8], nonce: [UInt8] = Array(repeating: 1, count: 32), _ pair: inout Pair
  ) throws -> [Transmit] {
    let second = pair.feed(Forge.firstMessage())
    let bytes = try #require(second.first).bytes
    let cookies = try ISAKMPHeader(parsing: bytes).cookies
    return pair.feed(
      Forge.clear(
        [Payload(.keyExchange, publicValue), Payload(.nonce, nonce)],
        initiator: cookies.initiator, responder: cookies.responder))
  }

  @Test(
    arguments: [
      [], Array(repeating: 0, count: 64), [1], Array(repeating: 1, count: 64),
      Array(repeating: 0xff, count: 64), Array(repeating: 1, count: 63),
      Array(repeating: 1, count: 65), Array(repeating: 1, count: 256),
    ] as [[UInt8]])
  func badInput13PublicValuesThatCannotBe(value: [UInt8]) throws {
    var pair = try makeResponder()
    let answers = try answerToMessage3(publicValue: value, &pair)
    #expect(answers.isEmpty)
    #expect(pair.right.counters.dropped(.keyExchange) == 1)
    #expect(pair.rightEvents.up.isEmpty)
  }

  @Test(arguments: [0, 1, 2] as [UInt8])
  func badInput13ModularValuesAtTheEdgesAreRefused(which: UInt8) throws {
    let group = KeyExchangeGroup.modp2048
    // 0, 1 and all ones (above the prime).
    var value = [UInt8](repeating: which == 2 ? 0xff : 0, count: group.publicValueLength)
    if which == 1 { value[value.count - 1] = 1 }
    try expectRefusal(of: value, in: group)
  }

  /// 0 and 1 in little-endian, and lengths next to the right one.
  @Test(
    arguments: [
      Array(repeating: 0, count: 32), [1] + Array(repeating: 0, count: 31),
      Array(repeating: 9, count: 31), Array(repeating: 9, count: 33),
    ] as [[UInt8]])
  func badInput13ValuesOfCurve25519ThatMakeNoSecretAreRefused(value: [UInt8]) throws {
    try expectRefusal(of: value, in: .x25519)
  }

  private func expectRefusal(of value: [UInt8], in group: KeyExchangeGroup) throws {
    var pair = try makeResponder {
      $0.isakmp.transforms = [ISAKMPTransform(.aesCBC128, .sha256, group)]
    }
    let transform = ISAKMPTransform(.aesCBC128, .sha256, group)
      .payload(number: 1, lifetime: Lifetime(seconds: 3600))
    let second = pair.feed(Forge.clear([Forge.association([transform])]))
    let cookies = try ISAKMPHeader(parsing: try #require(second.first).bytes).cookies
    let answers = pair.feed(
      Forge.clear(
        [Payload(.keyExchange, value), Forge.nonce], initiator: cookies.initiator,
        responder: cookies.responder))
    #expect(answers.isEmpty)
    #expect(pair.right.counters.dropped(.keyExchange) == 1)
    let waitsForBetter = pair.right.isakmpSAs.values.allSatisfy {
      $0.phase == .awaitingPeerKeyExchange
    }
    #expect(waitsForBetter)
  }

  @Test(arguments: [0, 7, 257, 16_000])
  func badInput14NoncesThatCannotBe(count: Int) throws {
    var pair = try makeResponder()
    var random = SeededRandom(seed: 1)
    let key = KeyExchangeGroup.ecp256.makePrivateKey(using: &random)
    let value = try KeyExchangeGroup.ecp256.publicValue(for: key)
    let answers = try answerToMessage3(
      publicValue: value, nonce: Array(repeating: 1, count: count), &pair)
    #expect(answers.isEmpty)
    #expect(pair.right.counters.dropped(.nonce) == 1)
    #expect(pair.right.isakmpSAs.values.first?.phase == .awaitingPeerKeyExchange)
  }

  @Test func badInput14ADatagramOf65000BytesIsDropped() throws {
    var pair = try makeResponder()
    let huge = Forge.firstMessage([Payload(.nonce, Array(repeating: 1, count: 65_000))])
    expectRefused(huge, .messageTooLong, &pair)
  }

  @Test func badInput15IdentitiesThatCannotBe() throws {
    let bodies: [[UInt8]] = [
      [], [1], [1, 0, 0, 0], [1, 0, 0, 0, 10, 0, 0], [4, 0, 0, 0, 10, 0, 0, 0, 33],
      [11, 0, 0, 0] + Array(repeating: 65, count: 65_000), [5, 0, 0, 0, 1, 2, 3, 4],
    ]
    for body in bodies {
      #expect(throws: Violation.identification) { _ = try Identification(parsing: body) }
    }
  }

  @Test func badInput15IdentitiesCannotForgeLogLines() {
    let name = Array("a\n\u{1b}[31mroot\0\u{e9}\\".utf8) + [0xff]
    let text = Identity.fqdn(name).description
    #expect(text == "a\\x0a\\x1b[31mroot\\x00\\xc3\\xa9\\x5c\\xff")
    let long = Identity.keyID(Array(repeating: 65, count: 512)).description
    #expect(long.utf8.count < 200)
  }
}
