import Primitives
import Testing

@testable import IKE

@Suite(.timeLimit(.minutes(5))) struct ConnectionTests {
  @Test(arguments: [0, 5, 10, 15, 25, 40], Family.allCases)
  func simultaneousOpenWorksWhateverTheOrder(lagMilliseconds: Int, family: Family) throws {
    var pair = try makePair(family: family)
    _ = pair.connect()
    pair.run(for: .milliseconds(lagMilliseconds))
    _ = pair.right.initiate(
      ConnectionRequest(
        policy: "ipsec", local: SocketAddress(family.right, port: 500),
        remote: SocketAddress(family.left, port: 500)),
      at: pair.now, using: &pair.random)
    pair.drain()
    pair.run(for: .seconds(30))
    #expect(pair.leftEvents.downs.isEmpty)
    #expect(pair.rightEvents.downs.isEmpty)
    #expect(!pair.leftEvents.children.isEmpty)
    #expect(pair.leftEvents.children.count == pair.rightEvents.children.count)
    for child in pair.leftEvents.children {
      let isKnown = pair.rightEvents.children.contains { agree(child, $0) }
      #expect(isKnown)
    }
    #expect(pair.left.connectionViews.count == pair.right.connectionViews.count)
  }

  /// Found by fuzzing: the superseded SA that was left kept the connection for ever.
  @Test func aConnectionWithoutSAsEndsWhenItsSupersededISAKMPSAExpires() throws {
    var pair = try makePairWithSupersededSA()
    pair.forgeInformational([try deletionOfPhase2SA(pair), try deletionOfISAKMPSA(pair, .last)])
    #expect(pair.right.isakmpSAs.values.map(\.isSuperseded) == [true])
    #expect(pair.right.phase2SAs.isEmpty)
    #expect(pair.rightEvents.downs.isEmpty)
    pair.network = { _, _, _ in [] }
    pair.run(for: .seconds(28_800))
    #expect(pair.rightEvents.downs.map(\.reason) == [.lifetimeExpired])
    #expect(pair.right.residue == 0)
  }

  @Test func aConnectionEndsWhenThePeerDeletesItsLastISAKMPSAAlthoughSuperseded() throws {
    var pair = try makePairWithSupersededSA()
    let first = try deletionOfISAKMPSA(pair, .first)
    pair.forgeInformational([try deletionOfPhase2SA(pair), try deletionOfISAKMPSA(pair, .last)])
    #expect(pair.rightEvents.downs.isEmpty)
    // The left side still holds both and so can say this in the older one's protection.
    let older = try #require(pair.left.isakmpSAs.keys.min())
    pair.left.sendInformational([first], on: older, using: &pair.random)
    pair.drain()
    pair.run(for: .milliseconds(100))
    #expect(pair.rightEvents.downs.map(\.reason) == [.peerDeleted])
    #expect(pair.right.residue == 0)
  }

  private enum Age { case first, last }

  /// A connection whose second ISAKMP SA has superseded the first; nobody looks for dead peers.
  private func makePairWithSupersededSA() throws -> Pair {
    let change: (inout Setup) -> Void = { $0.isakmp.deadPeerDetection = nil }
    var pair = try makePair(left: change, right: change)
    let id = pair.connect()
    pair.run(for: .seconds(5))
    pair.left.startMainMode(for: id, at: pair.now, using: &pair.random)
    pair.drain()
    pair.run(for: .seconds(1))
    #expect(pair.right.establishedISAKMPSAs.map(\.isSuperseded) == [true, false])
    return pair
  }

  private func deletionOfPhase2SA(_ pair: borrowing Pair) throws -> Payload {
    let spis = pair.left.phase2SAViews.map { bigEndian($0.inboundSPI) }
    return Payload(.delete, Delete(protocolID: .esp, spis: spis).bytes)
  }

  private func deletionOfISAKMPSA(_ pair: borrowing Pair, _ age: Age) throws -> Payload {
    let views = pair.left.establishedISAKMPSAs
    let view = try #require(age == .first ? views.first : views.last)
    return Payload(.delete, Delete(protocolID: .isakmp, spis: [view.cookies.bytes]).bytes)
  }

  /// The left engine forgets everything, as after a power cut.
  private func restartLeft(_ pair: inout Pair) throws {
    pair.left = ISAKMPEngine(configuration: try Setup().configuration())
    pair.leftEvents = []
  }

  @Test(arguments: Family.allCases)
  func initialContactRemovesTheSamePeersOlderConnection(family: Family) throws {
    var pair = try makePair(family: family)
    _ = pair.connect()
    pair.run(for: .seconds(5))
    try restartLeft(&pair)
    _ = pair.connect()
    pair.run(for: .seconds(1))
    #expect(pair.rightEvents.downs.map(\.reason) == [.peerDeleted])
    #expect(pair.rightEvents.up.count == 2)
    #expect(pair.right.connectionViews.count == 1)
    #expect(pair.right.phase2SAs.count == 1)
  }

  @Test(arguments: Family.allCases)
  func initialContactIsNotBelievedWhileTheOlderSAsAreInUse(family: Family) throws {
    var pair = try makePair(family: family)
    _ = pair.connect()
    pair.run(for: .seconds(5))
    let id = try #require(pair.rightEvents.up.first).id
    try restartLeft(&pair)
    _ = pair.connect()
    // ESP of the older SA arrives while the new main mode is under way.
    pair.run(for: .milliseconds(25))
    pair.right.noteAuthenticatedTraffic(id, at: pair.now)
    pair.run(for: .seconds(1))
    #expect(pair.rightEvents.downs.isEmpty)
    #expect(pair.rightEvents.notes(.initialContactIgnored).count == 1)
  }

  @Test(arguments: Family.allCases)
  func initialContactTouchesNoNeighbourBehindTheSameNAT(family: Family) throws {
    var pair = try makePair(family: family)
    pair.leftOutside = family.outside
    _ = pair.connect()
    pair.run(for: .seconds(5))
    // Another client, another port, even the same inner address.
    try restartLeft(&pair)
    pair.natPortOffset = 3000
    _ = pair.connect()
    pair.run(for: .seconds(1))
    #expect(pair.rightEvents.downs.isEmpty)
    #expect(pair.right.connectionViews.count == 2)
  }

  @Test(arguments: Family.allCases)
  func initialContactInItsOwnMessageSplitsTheNewFromTheOld(family: Family) throws {
    var pair = try makePair(family: family)
    let id = pair.connect()
    pair.run(for: .seconds(5))
    let old = try #require(pair.rightEvents.up.first).id
    // As racoon does: a main mode that joins the connection, then the notification.
    pair.left.startMainMode(for: id, at: pair.now, using: &pair.random)
    pair.drain()
    pair.run(for: .seconds(1))
    #expect(pair.rightEvents.up.count == 1)
    pair.forgeInformational([Forge.notify(.initialContact)])
    #expect(pair.rightEvents.downs.map(\.id) == [old])
    #expect(pair.rightEvents.up.count == 2)
    #expect(pair.right.establishedISAKMPSAs.count == 1)
    #expect(pair.right.phase2SAs.isEmpty)
    // Said again it is true of the new connection, and changes nothing.
    pair.forgeInformational([Forge.notify(.initialContact)])
    #expect(pair.rightEvents.downs.count == 1)
  }

  @Test(arguments: Family.allCases)
  func aMainModeFromTheSameSocketJoinsTheConnection(family: Family) throws {
    var pair = try makePair(family: family)
    let id = pair.connect()
    pair.run(for: .seconds(5))
    pair.left.startMainMode(for: id, at: pair.now, using: &pair.random)
    pair.drain()
    pair.run(for: .seconds(5))
    #expect(pair.right.connectionViews.count == 1)
    #expect(pair.rightEvents.up.count == 1)
    // The older one goes after a while, told by the leading end.
    pair.run(for: .seconds(40))
    #expect(pair.right.establishedISAKMPSAs.count == 1)
    #expect(pair.rightEvents.downs.isEmpty)
  }

  @Test func secretsAndPoliciesAreChosenBySpecificity() throws {
    let prefix = Pair.rightNetwork
    let selectors: [PeerSelector] = [.any, .prefix(prefix), .address(Pair.rightAddress)]
    for count in 1...3 {
      let configuration = try ISAKMPConfiguration(
        isakmpPolicies: selectors.prefix(count).enumerated().map {
          ISAKMPPolicy(name: "\($0)", peer: $1)
        }, ipsecPolicies: [],
        preSharedKeys: selectors.prefix(count).enumerated().map {
          PreSharedKey(peer: $1, secret: Secret(text: "\($0)"))
        })
      #expect(configuration.secret(for: Pair.rightAddress) == Secret(text: "\(count - 1)"))
      #expect(configuration.isakmpPolicy(for: Pair.rightAddress)?.name == "\(count - 1)")
      #expect(configuration.secret(for: Pair.leftAddress) == Secret(text: "0"))
    }
  }

  @Test func reloadedPoliciesLeaveRunningSAsAlone() throws {
    var pair = try makePair()
    _ = pair.connect()
    pair.run(for: .seconds(1))
    var changed = Setup()
    changed.secret = Secret(text: "new")
    pair.right.reload(try changed.configuration())
    pair.run(for: .seconds(600))
    #expect(pair.leftEvents.downs.isEmpty)
    #expect(pair.right.establishedISAKMPSAs.count == 1)
  }

  @Test func exchangesShowTheirBackoff() throws {
    var pair = try makePair()
    pair.network = { _, _, _ in [] }
    _ = pair.connect()
    pair.run(for: .seconds(13))
    let view = try #require(pair.left.exchanges.first)
    #expect(view.retransmissionsSent == 2)
    #expect(view.messageBackoff.retryLimit == 8)
    #expect(view.messageBackoff.mode == .incremental)
    #expect(view.nextRetransmissionAt == Instant.zero + .seconds(28))
    #expect(view.state == "awaitingSA")
  }

  @Test func closingOneSAByItsNameLeavesTheRest() throws {
    var pair = try makePair()
    let id = pair.connect()
    pair.run(for: .seconds(1))
    pair.left.startMainMode(for: id, at: pair.now, using: &pair.random)
    pair.drain()
    pair.run(for: .seconds(1))
    let cookies = try #require(pair.left.establishedISAKMPSAs.first).cookies
    let closed = pair.left.closeSA(
      cookies: cookies, reason: .administrator, at: pair.now, using: &pair.random)
    #expect(closed)
    pair.drain()
    pair.run(for: .seconds(1))
    #expect(pair.left.establishedISAKMPSAs.count == 1)
    #expect(pair.right.establishedISAKMPSAs.count == 1)
    #expect(pair.leftEvents.downs.isEmpty)
    let spi = try #require(pair.left.phase2SAViews.first).inboundSPI
    let unknown = pair.left.closeSA(
      spi: 1, reason: .administrator, at: pair.now, using: &pair.random)
    #expect(!unknown)
    let known = pair.left.closeSA(
      spi: spi, reason: .administrator, at: pair.now, using: &pair.random)
    #expect(known)
    pair.drain()
    pair.run(for: .seconds(1))
    #expect(pair.rightEvents.childDowns.map(\.reason) == [.peerDeleted])
    #expect(pair.leftEvents.downs.map(\.reason) == [.administrator])
  }
}
