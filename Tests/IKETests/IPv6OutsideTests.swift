import Cryptography
import Primitives
import Testing

@testable import IKE

/// What is other when the two hosts talk over IPv6. What is the same stands in the suites of each
/// subject, which run over both families.
@Suite(.timeLimit(.minutes(5))) struct IPv6OutsideTests {
  private func address(network: UInt64, host: UInt64) -> IPAddress {
    .v6(IPv6Address(high: 0x2001_0DB8_0000_0000 | network, low: host))
  }

  private func path(_ address: IPAddress, port: UInt16 = 500) -> Path {
    Path(
      local: SocketAddress(Family.v6.right, port: 500),
      remote: SocketAddress(address, port: port), floated: false)
  }

  /// ID_IPV6_ADDR, 16 bytes (RFC 2407 §4.6.2.1), in main mode and quick mode of both ends.
  @Test(arguments: Family.allCases)
  func identitiesAndSelectorsAreAddressesOfTheFamilyOutside(family: Family) throws {
    var pair = try makePair(family: family)
    _ = pair.connect()
    pair.run(for: .seconds(1))
    let kind = family == .v4 ? Identification.Kind.ipv4Address : Identification.Kind.ipv6Address
    for (place, addresses) in [
      (.main5, [family.left]), (.main6, [family.right]), (.quick1, [family.left, family.right]),
      (.quick2, [family.left, family.right]),
    ] as [(Place, [IPAddress])] {
      let ids = try pair.payloads(place).filter { $0.type == .identification }.map {
        try Identification(parsing: $0.body)
      }
      #expect(ids.map(\.kind) == addresses.map { _ in kind })
      #expect(ids.map(\.data) == addresses.map(\.bytes))
      let isQuickMode = place == .quick1 || place == .quick2
      #expect(ids.allSatisfy { $0.protocolID == (isQuickMode ? 17 : 0) })
    }
    #expect(pair.leftEvents.up.map(\.facts.identity) == [.address(family.right)])
    #expect(pair.rightEvents.up.map(\.facts.identity) == [.address(family.left)])
  }

  /// Selectors name the two hosts outside, never the same ones in the other family.
  @Test(arguments: Family.allCases)
  func selectorsOfTheOtherFamilyAreRefused(family: Family) throws {
    var pair = try makePair(family: family)
    _ = pair.connect()
    pair.run(for: .seconds(1))
    let other: Family = family == .v4 ? .v6 : .v4
    pair.forgeQuickMode1(
      [Forge.espAssociation(), Forge.nonce] + Forge.selectors(family: other), messageID: 5)
    #expect(pair.rightEvents.children.count == 1)
    #expect(pair.rightEvents.notes(.quickModeRefused).count == 1)
    pair.forgeQuickMode1(
      [Forge.espAssociation(), Forge.nonce] + Forge.selectors(family: family), messageID: 6)
    #expect(pair.rightEvents.children.count == 2)
  }

  @Test(arguments: Family.allCases)
  func badInput27OriginalAddressesOfTheOtherFamilyAreDropped(family: Family) throws {
    var pair = try makePair(family: family)
    pair.leftOutside = family.outside
    _ = pair.connect()
    pair.run(for: .seconds(1))
    let other: Family = family == .v4 ? .v6 : .v4
    let offer = ESPOffer(
      .aesGCM128, encapsulationMode: 4, group: nil, lifetime: Lifetime(seconds: 3600))
    for (messageID, family) in [(5, other), (6, family)] as [(UInt32, Family)] {
      let kind = family == .v4 ? Identification.Kind.ipv4Address : Identification.Kind.ipv6Address
      pair.forgeQuickMode1(
        [Forge.espAssociation([offer.payload(number: 1)]), Forge.nonce]
          + Forge.selectors(family: pair.family)
          + [Payload(.natOriginalAddress, [kind, 0, 0, 0] + family.left.bytes)],
        messageID: messageID)
    }
    #expect(pair.right.counters.dropped(.natOriginalAddress) == 1)
    #expect(pair.rightEvents.children.count == 2)
  }

  /// A NAT that changes nothing but the port is one too.
  @Test(arguments: Family.allCases)
  func aPortThatIsTranslatedIsANAT(family: Family) throws {
    var pair = try makePair(family: family)
    pair.leftOutside = family.left
    pair.natPortOffset = 1
    _ = pair.connect()
    pair.run(for: .seconds(1))
    let (mine, theirs) = (
      try #require(pair.leftEvents.up.first).facts.nat,
      try #require(pair.rightEvents.up.first).facts.nat
    )
    #expect(mine.localIsBehindNAT && !mine.remoteIsBehindNAT)
    #expect(!theirs.localIsBehindNAT && theirs.remoteIsBehindNAT)
    #expect(pair.rightEvents.children.map(\.encapsulation) == [.udp])
  }

  /// A host that changes its address (a phone that leaves its network): ISAKMP and ESP both move
  /// the connection, and what is sent next goes there.
  @Test(arguments: Family.allCases)
  func aNewAddressIsFollowedWhenAuthenticated(family: Family) throws {
    var pair = try makePair(family: family)
    pair.leftOutside = family.outside
    _ = pair.connect()
    pair.run(for: .seconds(1))
    let id = try #require(pair.rightEvents.up.first).id
    pair.leftOutside = family.stranger
    pair.natPortOffset = 100
    let sa = try pair.sa(of: .left)
    pair.left.sendInformational(
      [Forge.notify(.rUThere, spi: sa.cookies.bytes, data: [0, 0, 0, 1])], on: sa.id,
      using: &pair.random)
    pair.drain()
    pair.run(for: .milliseconds(10))
    let first = SocketAddress(family.stranger, port: 4600)
    #expect(pair.rightEvents.paths.map(\.remote) == [first])
    #expect(pair.sent(by: .right).last?.transmit.path.remote == first)
    let second = SocketAddress(family.outside, port: 61_000)
    pair.right.notePeerPath(id, second, at: pair.now)
    pair.drain()
    #expect(pair.rightEvents.paths.map(\.remote) == [first, second])
    #expect(pair.right.connectionViews.map(\.path.remote) == [second])
    #expect(pair.right.peers.connections(at: second) == [id])
  }

  /// The host next door is not the peer.
  @Test func anotherAddressOfTheSameNetworkIsAnotherPeer() throws {
    var pair = try makePair(family: .v6)
    pair.connect(losing: .main3)
    let neighbour = SocketAddress(address(network: 1 << 16, host: 2), port: 500)
    try pair.deliver(try pair.held(.main3).bytes, at: .main3, from: neighbour)
    #expect(pair.right.counters.dropped(.wrongPath) == 1)
    try pair.deliverHeld(.main3)
    #expect(pair.rightEvents.ready.count == 1)
  }

  /// Limits per source count networks of 64 bits: whoever has one has all addresses in it.
  @Test func badInput24OneNetworkOf64BitsIsOneSource() throws {
    var pair = try makePair(family: .v6)
    var answers = 0
    for number in 1...1000 as ClosedRange<UInt64> {
      let address = address(network: 5, host: number &* 0x9E37_79B9_7F4A_7C15)
      answers += pair.feed(Forge.firstMessage(initiator: number), on: path(address)).count
      #expect(pair.right.halfOpenCount <= 64)
    }
    #expect(answers == 100)
    #expect(pair.right.counters.dropped(.limit) == 900)
    #expect(pair.right.counters.halfOpenEvicted == 36)
    // The network next to it is another source, and so is the peer that means it.
    let next = pair.feed(
      Forge.firstMessage(initiator: 5000), on: path(address(network: 6, host: 1)))
    #expect(next.count == 1)
    _ = pair.connect()
    pair.run(for: .seconds(1))
    #expect(pair.rightEvents.ready.count == 1)
    // All of them are gone in the end, whatever address they came from.
    pair.run(for: .seconds(61))
    #expect(pair.right.halfOpenCount == 0)
  }

  @Test func provenPeersOfOneNetworkHaveOneLimit() {
    var limits = ISAKMPLimits()
    limits.halfOpenPerAddressMax = 2
    var table = HalfOpenTable(limits: limits)
    let ids = (1...4).map { ISAKMPSAID(value: $0) }
    let hosts = (1...3 as ClosedRange<UInt64>).map { address(network: 5, host: $0) }
    let elsewhere = address(network: 6, host: 1)
    for (id, host) in zip(ids, hosts + [elsewhere]) { table.insert(id, from: host) }
    #expect(table.givesWay(to: hosts[2]) == ids[0])
    #expect(table.givesWay(to: elsewhere) == nil)
    let proven = zip(ids, hosts + [elsewhere]).map { table.prove($0, from: $1) }
    #expect(proven == [true, true, false, true])
    for (id, host) in zip(ids, hosts + [elsewhere]) { table.remove(id, from: host) }
    #expect(table.count == 0)
    for host in hosts { #expect(table.givesWay(to: host) == nil) }
  }

  @Test func policiesAndSecretsAreChosenByIPv6Prefix() throws {
    let (peer, network) = (Family.v6.right, try #require(IPPrefix(Family.v6.right, lengthBits: 48)))
    let v4 = try #require(IPPrefix(.v4(.any), lengthBits: 0))
    let selectors: [PeerSelector] = [.any, .prefix(v4), .prefix(network), .address(peer)]
    let configuration = try ISAKMPConfiguration(
      isakmpPolicies: selectors.enumerated().map { ISAKMPPolicy(name: "\($0)", peer: $1) },
      ipsecPolicies: [],
      preSharedKeys: selectors.enumerated().map {
        PreSharedKey(peer: $1, secret: Secret(text: "\($0)"))
      })
    for (address, number) in [
      (peer, 3), (self.address(network: 2 << 16, host: 9), 2), (Family.v6.left, 0),
      (Family.v4.left, 1),
    ] {
      #expect(configuration.secret(for: address) == Secret(text: "\(number)"))
      #expect(configuration.isakmpPolicy(for: address)?.name == "\(number)")
    }
  }
}
