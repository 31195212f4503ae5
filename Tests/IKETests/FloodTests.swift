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
    for id in ids { table.remove(id, from: one) }
    for id in ids { table.remove(id, from: other) }
    #expect(table.count == 0)
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
