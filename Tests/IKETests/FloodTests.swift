import Cryptography
import Primitives
import Testing

@testable import IKE

/// Bad input 24: first messages in masses, and the peer that means it.
@Suite(.timeLimit(.minutes(5))) struct FloodTests {
  private func path(_ address: IPAddress, port: UInt16 = 500) -> Path {
    Path(
      local: SocketAddress(Pair.rightAddress, port: 500),
      remote: SocketAddress(address, port: port), floated: false)
  }

  @Test func badInput24TenThousandSpoofedFirstMessagesFromOneNetwork() throws {
    var pair = try makePair(right: { $0.limits.halfOpenMax = 500 })
    var answers = 0
    for number in 0..<10_000 {
      let address = IPAddress.v4(IPv4Address(10, 0, 0, UInt8(number % 256)))
      answers +=
        pair.feed(Forge.firstMessage(initiator: UInt64(number + 1)), on: path(address)).count
      #expect(pair.right.halfOpenCount <= 500)
    }
    #expect(answers == 10_000)
    #expect(pair.right.isakmpSAs.count == 500)
    // No table remembers those that gave way.
    #expect(pair.right.saByCookies.count == 500)
    #expect(pair.right.saByFirstMessage.count == 500)
    // The peer that means it is served in the midst of it.
    pair.wire = []
    _ = pair.connect()
    pair.run(for: .seconds(1))
    #expect(pair.leftEvents.children.count == 1)
    // Nobody gets a second message unasked.
    let before = pair.wire.count
    pair.left.close(
      try #require(pair.leftEvents.up.first).id, reason: .requested, at: pair.now,
      using: &pair.random)
    pair.drain()
    pair.run(for: .seconds(300))
    #expect(pair.wire.dropFirst(before).filter { $0.from == .right }.isEmpty)
    #expect(pair.right.halfOpenCount == 0)
    let isEmpty = pair.rightIsEmpty
    #expect(isEmpty)
  }

  @Test func badInput24APeerBehindABusyAddressIsStillServed() throws {
    var pair = try makePair()
    // As many as the address may have, all silent after message 1.
    for number in 0..<90 {
      _ = pair.feed(
        Forge.firstMessage(initiator: UInt64(number + 1)),
        on: path(Pair.leftAddress, port: UInt16(20_000 + number)))
    }
    #expect(pair.right.halfOpenCount == 64)
    _ = pair.connect()
    pair.run(for: .seconds(1))
    #expect(pair.leftEvents.children.count == 1)
    #expect(pair.right.counters.halfOpenEvicted == 27)
  }

  @Test func badInput24OneAddressHasARate() throws {
    var pair = try makePair()
    var answers = 0
    for number in 0..<1000 {
      answers +=
        pair.feed(
          Forge.firstMessage(initiator: UInt64(number + 1)), on: path(Pair.leftAddress)
        ).count
    }
    #expect(answers == 100)
    #expect(pair.right.counters.dropped(.limit) == 900)
    pair.run(for: .seconds(1))
    for number in 0..<1000 {
      answers +=
        pair.feed(
          Forge.firstMessage(initiator: UInt64(number + 5000)), on: path(Pair.leftAddress)
        ).count
    }
    #expect(answers == 150)
  }

  @Test func anExchangeWhosePeerHasAnsweredNeverGivesWay() {
    var limits = ISAKMPLimits()
    limits.halfOpenPerAddressMax = 2
    limits.halfOpenMax = 3
    var table = HalfOpenTable(limits: limits)
    let ids = (1...8).map { ISAKMPSAID(value: $0) }
    let (one, other) = (Pair.leftAddress, Pair.rightAddress)
    table.insert(ids[0], from: one)
    table.insert(ids[1], from: one)
    let proven = table.prove(ids[0], from: one)
    #expect(proven)
    #expect(table.givesWay(to: one) == nil)
    table.insert(ids[2], from: one)
    #expect(table.givesWay(to: one) == ids[1])
    #expect(table.givesWay(to: other) == nil)
    table.insert(ids[3], from: other)
    // Full in all: the oldest unproven one of any address.
    #expect(table.givesWay(to: other) == ids[1])
    let second = table.prove(ids[1], from: one)
    let third = table.prove(ids[2], from: one)
    #expect(second)
    #expect(!third)
    // And in all, from wherever: 3.
    let fourth = table.prove(ids[3], from: other)
    #expect(fourth)
    table.insert(ids[4], from: other)
    let fifth = table.prove(ids[4], from: other)
    #expect(!fifth)
    for id in ids { table.remove(id, from: one) }
    for id in ids { table.remove(id, from: other) }
    #expect(table.count == 0)
  }

  /// Message 3 from a peer that has got our cookie: is it answered?
  private func proves(
    _ number: UInt64, from address: IPAddress, _ pair: inout Pair
  ) throws -> Bool {
    let second = pair.feed(Forge.firstMessage(initiator: number), on: path(address))
    let cookies = try ISAKMPHeader(parsing: try #require(second.first).bytes).cookies
    var random = SeededRandom(seed: number)
    let key = KeyExchangeGroup.ecp256.makePrivateKey(using: &random)
    let value = Payload(.keyExchange, try KeyExchangeGroup.ecp256.publicValue(for: key))
    let third = Forge.clear(
      [value, Forge.nonce], initiator: cookies.initiator, responder: cookies.responder)
    return pair.feed(third, on: path(address)).count == 1
  }

  /// Who has returned our cookie costs a Diffie-Hellman computation: their number has a limit per
  /// source and one in all, and no newcomer pushes them out.
  @Test(arguments: [true, false])
  func badInput24TheNumberOfProvenHalfOpenPeersHasALimit(isOneSource: Bool) throws {
    var pair = try makePair(right: {
      $0.limits.halfOpenMax = isOneSource ? 100 : 3
      $0.limits.halfOpenPerAddressMax = isOneSource ? 3 : 100
    })
    func address(_ number: UInt64) -> IPAddress {
      .v4(IPv4Address(10, 0, 0, isOneSource ? 1 : UInt8(number)))
    }
    for number in 1...3 as ClosedRange<UInt64> {
      let isProven = try proves(number, from: address(number), &pair)
      #expect(isProven)
    }
    for number in 4...6 as ClosedRange<UInt64> {
      let isProven = try proves(number, from: address(number), &pair)
      #expect(!isProven)
    }
    #expect(pair.right.counters.dropped(.limit) == 3)
    let phases = pair.right.isakmpSAs.values.map(\.phase)
    #expect(phases.filter { $0 == .awaitingPeerIdentity }.count == 3)
    #expect(phases.filter { $0 == .awaitingPeerKeyExchange }.count == 3)
    // When they have come to nothing there is room again.
    pair.run(for: .seconds(121))
    #expect(pair.right.halfOpenCount == 0)
    let isProven = try proves(7, from: address(7), &pair)
    #expect(isProven)
  }

  /// An exchange that has become an SA takes no place any more.
  @Test func anEstablishedPeerIsNotHalfOpen() throws {
    var pair = try makePair(right: { $0.limits.halfOpenPerAddressMax = 1 })
    for _ in 0..<3 {
      _ = pair.connect()
      pair.run(for: .seconds(1))
      #expect(pair.right.halfOpenCount == 0)
    }
    #expect(pair.leftEvents.ready.count == 3)
    #expect(pair.right.counters.dropped(.limit) == 0)
  }

  @Test func theLimitOfISAKMPSAsRefusesSilently() throws {
    var pair = try makePair(right: { $0.limits.isakmpSAsMax = 1 })
    let first = pair.feed(Forge.firstMessage(initiator: 1))
    let second = pair.feed(Forge.firstMessage(initiator: 2))
    #expect(first.count == 1)
    #expect(second.isEmpty)
  }

  @Test func tooManyKeyExchangesWaitForARetransmission() throws {
    var pair = try makePair(right: { $0.limits.jobsMax = 1 })
    _ = pair.connect()
    pair.run(for: .seconds(1))
    #expect(pair.leftEvents.children.count == 1)
  }
}
