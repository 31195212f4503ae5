import Primitives
import Testing

@testable import IKE

/// Bad input 26: IKE fragments (payload 132, vendor id 4048b7d5…). This engine does not announce
/// that it takes them, so whoever sends some is not well-behaved: each one is dropped, counted and
/// forgotten, and none is ever put together with another.
@Suite(.timeLimit(.minutes(5))) struct FragmentTests {
  /// What the right side is doing when they come.
  enum Stage: CaseIterable, Sendable {
    case nothing, halfOpen, proven, established
  }

  private static let fragment = PayloadType(rawValue: 132)

  private func makePair(at stage: Stage) throws -> Pair {
    switch stage {
    case .nothing: return try makeResponder()
    case .halfOpen, .proven:
      var pair = try IKETests.makePair()
      pair.connect(losing: stage == .halfOpen ? .main3 : .main5)
      return pair
    case .established:
      var pair = try IKETests.makePair()
      _ = pair.connect()
      pair.run(for: .seconds(1))
      return pair
    }
  }

  /// The cookies that the right side knows its peer by.
  private func cookies(_ pair: borrowing Pair) -> Cookies {
    pair.right.isakmpSAs.values.first?.cookies ?? Cookies(initiator: 7, responder: 0)
  }

  /// One datagram with one fragment. `announcedBytes` is what its length field says.
  private func datagram(
    _ cookies: Cookies, id: UInt16 = 1, number: UInt8, isLast: Bool = false, data: [UInt8],
    announcedBytes: UInt16? = nil, exchange: ExchangeType = .identityProtection,
    messageID: UInt32 = 0
  ) -> [UInt8] {
    var writer = ByteWriter(capacityBytes: data.count + 8)
    writer.write(UInt8(0))
    writer.write(UInt8(0))
    writer.write(announcedBytes ?? UInt16(truncatingIfNeeded: data.count + 8))
    writer.write(id)
    writer.write(number)
    writer.write(UInt8(isLast ? 1 : 0))
    writer.write(data)
    return ISAKMPHeader(
      cookies: cookies, firstPayload: Self.fragment, exchangeType: exchange, messageID: messageID
    ).message(with: writer.bytes)
  }

  /// Feeds all of them: no answer, no event but notes, no memory, no timer; every one is counted.
  private func expectAllDropped(
    _ datagrams: [[UInt8]], _ pair: inout Pair, location: SourceLocation = #_sourceLocation
  ) {
    let (residue, timeout) = (pair.right.residue, pair.right.nextTimeout)
    let (sent, counters) = (pair.wire.count, pair.right.counters)
    let events = pair.rightEvents.filter { if case .note = $0 { false } else { true } }.count
    for bytes in datagrams { pair.feed(bytes) }
    let eventsAfter = pair.rightEvents.filter { if case .note = $0 { false } else { true } }.count
    let residueAfter = pair.right.residue
    #expect(pair.wire.count == sent, sourceLocation: location)
    #expect(eventsAfter == events, sourceLocation: location)
    #expect(residueAfter == residue, sourceLocation: location)
    #expect(pair.right.nextTimeout == timeout, sourceLocation: location)
    let dropped = pair.right.counters.droppedInAll - counters.droppedInAll
    #expect(dropped == UInt64(datagrams.count), sourceLocation: location)
    #expect(
      pair.right.counters.messagesReceived - counters.messagesReceived == UInt64(datagrams.count),
      sourceLocation: location)
  }

  /// What the stage waited for still happens.
  private func expectUnharmed(_ pair: inout Pair, at stage: Stage) throws {
    switch stage {
    case .nothing:
      _ = pair.connect()
      pair.run(for: .seconds(1))
    case .halfOpen: try pair.deliverHeld(.main3)
    case .proven: try pair.deliverHeld(.main5)
    case .established: break
    }
    #expect(pair.rightEvents.ready.count == 1)
    #expect(pair.leftEvents.downs.isEmpty && pair.rightEvents.downs.isEmpty)
  }

  @Test(arguments: Stage.allCases)
  func badInput26FragmentsShorterThanTheirHeader(stage: Stage) throws {
    var pair = try makePair(at: stage)
    let cookies = cookies(pair)
    for announced in 0...8 as ClosedRange<UInt16> {
      for count in [0, 1, 100] {
        expectAllDropped(
          [
            datagram(
              cookies, number: 1, isLast: true, data: [UInt8](repeating: 1, count: count),
              announcedBytes: announced)
          ], &pair)
      }
    }
    // And no room for the fragment's own fields.
    for body in [[], [0, 0, 0, 4], [0, 0, 0, 5, 0], [0, 0, 0, 7, 0, 1, 1]] as [[UInt8]] {
      let header = ISAKMPHeader(
        cookies: cookies, firstPayload: Self.fragment, exchangeType: .identityProtection)
      expectAllDropped([header.message(with: body)], &pair)
    }
    try expectUnharmed(&pair, at: stage)
  }

  @Test(arguments: Stage.allCases)
  func badInput26FragmentsWithoutPayloadAndNumberZero(stage: Stage) throws {
    var pair = try makePair(at: stage)
    let cookies = cookies(pair)
    expectAllDropped([datagram(cookies, number: 1, isLast: true, data: [])], &pair)
    expectAllDropped([datagram(cookies, number: 0, data: [1, 2, 3])], &pair)
    expectAllDropped([datagram(cookies, id: 0, number: 0, isLast: true, data: [])], &pair)
    try expectUnharmed(&pair, at: stage)
  }

  @Test(arguments: Stage.allCases)
  func badInput26TwoLastGapsAndDuplicatesWithOtherContent(stage: Stage) throws {
    var pair = try makePair(at: stage)
    let cookies = cookies(pair)
    func piece(_ number: UInt8, _ isLast: Bool, _ byte: UInt8) -> [UInt8] {
      datagram(
        cookies, number: number, isLast: isLast, data: [UInt8](repeating: byte, count: 500))
    }
    expectAllDropped([piece(1, false, 1), piece(2, true, 2), piece(3, true, 3)], &pair)
    expectAllDropped([piece(1, false, 1), piece(3, false, 3), piece(5, true, 5)], &pair)
    expectAllDropped([piece(1, false, 1), piece(1, false, 9), piece(1, true, 7)], &pair)
    expectAllDropped([piece(255, true, 1), piece(1, false, 1)], &pair)
    try expectUnharmed(&pair, at: stage)
  }

  @Test(arguments: Stage.allCases)
  func badInput26AllFragmentsAtTheirLongest(stage: Stage) throws {
    var pair = try makePair(at: stage)
    let cookies = cookies(pair)
    for bytes in [65_000, ISAKMPHeader.messageBytesMax - 36] {
      let data = [UInt8](repeating: 0x5A, count: bytes)
      let all = (1...255 as ClosedRange<UInt8>).map {
        datagram(cookies, number: $0, isLast: $0 == 255, data: data)
      }
      expectAllDropped(all, &pair)
    }
    try expectUnharmed(&pair, at: stage)
  }

  @Test(arguments: Stage.allCases)
  func badInput26ManyIDsThatAreNeverCompleted(stage: Stage) throws {
    var pair = try makePair(at: stage)
    let cookies = cookies(pair)
    let all = (1...2000 as ClosedRange<UInt16>).map {
      datagram(cookies, id: $0, number: 1, data: [UInt8](repeating: 1, count: 64))
    }
    expectAllDropped(all, &pair)
    try expectUnharmed(&pair, at: stage)
  }

  @Test(arguments: Stage.allCases)
  func badInput26AFragmentInsideAFragment(stage: Stage) throws {
    var pair = try makePair(at: stage)
    let cookies = cookies(pair)
    var inner = Forge.firstMessage()
    for _ in 0..<20 {
      inner = datagram(cookies, number: 1, isLast: true, data: inner)
      expectAllDropped([inner], &pair)
    }
    try expectUnharmed(&pair, at: stage)
  }

  /// Whole messages, well cut: put together they would be answered.
  @Test(arguments: Stage.allCases, [1, 3])
  func badInput26WellFormedFragmentsArePutTogetherByNobody(stage: Stage, pieces: Int) throws {
    var pair = try makePair(at: stage)
    let cookies = cookies(pair)
    let whole: [UInt8] =
      switch stage {
      case .nothing: Forge.firstMessage()
      case .halfOpen: try pair.held(.main3).bytes
      case .proven: try pair.held(.main5).bytes
      case .established:
        try pair.sealInformational([
          Forge.notify(.rUThere, spi: cookies.bytes, data: [0, 0, 0, 1])
        ])
      }
    let step = (whole.count + pieces - 1) / pieces
    let cut = (0..<pieces).map { index in
      datagram(
        cookies, number: UInt8(index + 1), isLast: index + 1 == pieces,
        data: Array(whole.dropFirst(index * step).prefix(step)))
    }
    expectAllDropped(cut, &pair)
    expectAllDropped(cut.reversed(), &pair)
    try expectUnharmed(&pair, at: stage)
  }

  /// Under every exchange type and message id, in the clear.
  @Test(arguments: Stage.allCases)
  func badInput26FragmentsOfEveryExchange(stage: Stage) throws {
    var pair = try makePair(at: stage)
    let cookies = cookies(pair)
    for exchange in [ExchangeType.aggressive, .informational, .transaction, .quickMode] {
      for messageID: UInt32 in [0, 5] {
        expectAllDropped(
          [
            datagram(
              cookies, number: 1, isLast: true, data: [1, 2, 3, 4], exchange: exchange,
              messageID: messageID)
          ], &pair)
      }
    }
    try expectUnharmed(&pair, at: stage)
  }

  @Test func badInput26AnSAThatIsDeletedBetweenTwoFragments() throws {
    var pair = try makePair(at: .established)
    let cookies = cookies(pair)
    let piece = [UInt8](repeating: 1, count: 100)
    expectAllDropped([datagram(cookies, number: 1, data: piece)], &pair)
    let id = try #require(pair.leftEvents.up.first).id
    pair.left.close(id, reason: .requested, at: pair.now, using: &pair.random)
    pair.drain()
    pair.run(for: .seconds(1))
    #expect(pair.rightEvents.downs.map(\.reason) == [.peerDeleted])
    expectAllDropped([datagram(cookies, number: 2, isLast: true, data: piece)], &pair)
    #expect(pair.right.counters.dropped(.unknownSA) == 1)
    #expect(pair.right.residue == 0)
  }

  /// The initiator is no better a target.
  @Test func badInput26FragmentsInsteadOfAnAnswer() throws {
    for place in [Place.main2, .main4, .quick2] {
      var pair = try IKETests.makePair()
      pair.connect(losing: place)
      var cookies = try pair.header(place).cookies
      if place == .main2 { cookies.responder = 77 }
      let whole = try pair.held(place).bytes
      let before = (pair.left.residue, pair.wire.count)
      for (number, data) in [whole.prefix(60), whole.dropFirst(60)].enumerated() {
        try pair.deliver(
          datagram(
            cookies, number: UInt8(number + 1), isLast: number == 1, data: Array(data)), at: place)
      }
      #expect(pair.left.counters.droppedInAll == 2)
      let after = (pair.left.residue, pair.wire.count)
      #expect(after == before)
      try pair.deliverHeld(place)
      #expect(pair.rightEvents.ready.count == 1)
    }
  }

  /// Who does not announce it is not sent any by a well-behaved peer.
  @Test func weDoNotAnnounceFragmentation() throws {
    var pair = try IKETests.makePair()
    _ = pair.connect()
    pair.run(for: .seconds(1))
    let announcement = hexadecimal("4048b7d56ebce88525e7de7f00d6c2d3")
    for place in [Place.main1, .main2] {
      let vendors = try pair.payloads(place).filter { $0.type == .vendorID }
      #expect(!vendors.isEmpty)
      #expect(!vendors.contains { $0.body.starts(with: announcement) })
    }
  }
}

extension ISAKMPCounters {
  /// Messages that were dropped, of all kinds.
  var droppedInAll: UInt64 { droppedByKind.reduce(0) { $0 + $1.count } }
}
