import Dataplane
import Endpoint
import Primitives
import Testing

/// Who of the gateway's users may reach whom.
@Suite(.timeLimit(.minutes(5))) struct ForwardingTests {
  private func allow(_ site: ClearSite, _ one: SessionID, _ other: SessionID) throws {
    try site.gateway.allowForwarding(
      between: one, and: other, at: site.now, using: &site.random)
  }

  private func deny(_ site: ClearSite, _ one: SessionID, _ other: SessionID) -> Bool {
    site.gateway.denyForwarding(between: one, and: other, at: site.now, using: &site.random)
  }

  @Test func nobodyReachesAnybodyUntilThePairIsAllowedAndThenBothWays() throws {
    let site = try ClearSite()
    let (one, first) = try site.connect()
    let (two, second) = try site.connect()
    let (three, _) = try site.connect()
    let (here, there) = (try #require(one.inner), try #require(two.inner))
    #expect(site.send([1], from: one, to: there) == .done)
    #expect(two.delivered.isEmpty)
    try allow(site, first, second)
    #expect(site.send([2], from: one, to: there) == .send(.udp1701))
    #expect(site.send([3], from: two, to: here) == .send(.udp1701))
    #expect(two.delivered.map(\.last) == [2])
    #expect(one.delivered.map(\.last) == [3])
    // The third is in no pair.
    #expect(site.send([4], from: three, to: there) == .done)
    #expect(site.send([5], from: one, to: try #require(three.inner)) == .done)
    let partners = site.gateway.host.endpoint.sessionViews.map(\.partners)
    #expect(partners == [[second], [first], []])
  }

  @Test func aDeniedPairStopsAtOnce() throws {
    let site = try ClearSite()
    let (one, first) = try site.connect()
    let (two, second) = try site.connect()
    let there = try #require(two.inner)
    try allow(site, first, second)
    try allow(site, second, first)
    #expect(deny(site, second, first))
    #expect(site.send([1], from: one, to: there) == .done)
    #expect(two.delivered.isEmpty)
    #expect(!deny(site, first, second))
    try allow(site, first, second)
    #expect(site.send([2], from: one, to: there) == .send(.udp1701))
  }

  @Test func aClosedSessionsPairsAreForgotten() throws {
    let site = try ClearSite()
    let (one, first) = try site.connect()
    let (two, second) = try site.connect()
    try allow(site, first, second)
    site.hangUp(two)
    let pairs = site.gateway.host.endpoint.residue.pairs
    #expect(pairs == 0)
    #expect(throws: ForwardingError.unknownSession(second)) { try allow(site, first, second) }
    // The same user again: another session, with no permission.
    let (again, third) = try site.connect(user: 1)
    #expect(third != second)
    #expect(site.send([1], from: one, to: try #require(again.inner)) == .done)
    #expect(again.delivered.isEmpty)
  }

  @Test func pairsAreBoundedAndTheNewestIsRefused() throws {
    var limits = Endpoint.Limits()
    limits.pairsMax = 2
    let site = try ClearSite(limits: limits)
    let ids = try (0..<4).map { _ in try site.connect().1 }
    try allow(site, ids[0], ids[1])
    try allow(site, ids[0], ids[2])
    #expect(throws: ForwardingError.tooManyPairs) { try allow(site, ids[0], ids[3]) }
    // What is allowed already stays so, and saying it again is no new pair.
    try allow(site, ids[1], ids[0])
    #expect(deny(site, ids[0], ids[2]))
    try allow(site, ids[0], ids[3])
    #expect(throws: ForwardingError.sameSession) { try allow(site, ids[1], ids[1]) }
    #expect(throws: ForwardingError.unknownSession(SessionID(99))) {
      try allow(site, ids[0], SessionID(99))
    }
  }

  @Test func aPairThatThePacketPathHasNoRoomForIsToldAndNotKept() throws {
    let site = try ClearSite(pairsMax: 1)
    let ids = try (0..<3).map { _ in try site.connect().1 }
    try allow(site, ids[0], ids[1])
    try allow(site, ids[0], ids[2])
    site.settle()
    let refused = site.events.contains {
      if case .dataplaneRefused(.tableFull) = $0 { true } else { false }
    }
    #expect(refused)
    let pairs = site.gateway.host.endpoint.residue.pairs
    #expect(pairs == 1)
  }
}
