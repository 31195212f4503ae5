import Primitives
import Testing

@testable import IKE

/// What belongs to whom: connections, paths and doubts.
@Suite(.timeLimit(.minutes(5))) struct ConnectionOwnershipTests {
  /// A main mode from the same socket joins a connection when it shows the same identity; whoever
  /// shows another one gets a connection of its own, INITIAL-CONTACT or not.
  @Test(arguments: [false, true])
  func anotherIdentityFromTheSameSocketJoinsNothing(isSame: Bool) throws {
    var pair = try makePair(left: { $0.isakmp.localIdentity = Identity(text: "alice") })
    _ = pair.connect()
    pair.run(for: .seconds(5))
    let first = try #require(pair.rightEvents.up.first).id
    var setup = Setup()
    setup.isakmp.localIdentity = Identity(text: isSame ? "alice" : "bob")
    pair.left = ISAKMPEngine(configuration: try setup.configuration())
    _ = pair.connect()
    pair.run(for: .seconds(1))
    #expect(pair.rightEvents.up.count == 2)
    #expect(pair.rightEvents.downs.map(\.id) == (isSame ? [first] : []))
    #expect(pair.right.connectionViews.count == (isSame ? 1 : 2))
    #expect(pair.right.phase2SAs.count == (isSame ? 1 : 2))
  }

  /// Late words on an SA that has a successor move nothing.
  @Test func aSupersededSADoesNotMoveItsConnection() throws {
    var pair = try makePair()
    pair.leftOutside = pair.family.outside
    let id = pair.connect()
    pair.run(for: .seconds(1))
    let older = try pair.sa(of: .left)
    pair.left.startMainMode(for: id, at: pair.now, using: &pair.random)
    pair.drain()
    pair.run(for: .seconds(1))
    #expect(pair.right.establishedISAKMPSAs.map(\.isSuperseded) == [true, false])
    let before = pair.right.connectionViews.map(\.path.remote)
    let (paths, ids) = (pair.rightEvents.paths.count, [older.id, try pair.sa(of: .left).id])
    pair.natPortOffset = 2000
    for (number, id) in ids.enumerated() {
      pair.left.sendInformational([Forge.notify(.replayStatus)], on: id, using: &pair.random)
      pair.drain()
      pair.run(for: .milliseconds(20))
      #expect(pair.rightEvents.paths.count == paths + number)
      let remote = pair.right.connectionViews.map(\.path.remote)
      #expect((remote == before) == (number == 0))
    }
  }

  /// ESP moves a path only when it travels in UDP on port 4500 (RFC 3947 §4).
  @Test(arguments: Family.allCases, [false, true])
  func espMovesFloatedPathsOnly(family: Family, isFloated: Bool) throws {
    var pair = try makePair(family: family)
    if isFloated { pair.leftOutside = family.outside }
    _ = pair.connect()
    pair.run(for: .seconds(1))
    let id = try #require(pair.rightEvents.up.first).id
    let before = pair.right.connectionViews.map(\.path.remote)
    let new = SocketAddress(family.stranger, port: 4500)
    pair.right.notePeerPath(id, new, at: pair.now)
    pair.drain()
    #expect(pair.right.connectionViews.map(\.path.remote) == (isFloated ? [new] : before))
    #expect(pair.rightEvents.paths.count == (isFloated ? 1 : 0))
  }

  /// An error in the clear is a doubt before there is an SA, and nothing afterwards; nor is a
  /// report that is no error, nor one to a responder.
  @Test func reportsInTheClearEndNoSA() throws {
    var pair = try makePair()
    _ = pair.connect()
    pair.run(for: .seconds(1))
    let sa = try pair.sa(of: .left)
    for type in [NotifyType.noProposalChosen, .authenticationFailed, .payloadMalformed] {
      let report = Forge.clear(
        [Forge.notify(type)], initiator: sa.cookies.initiator, responder: sa.cookies.responder,
        exchange: .informational, messageID: 9)
      pair.deliver(report, on: sa.path, to: .left)
      pair.feed(report)
    }
    pair.run(for: .seconds(20))
    #expect(pair.leftEvents.downs.isEmpty && pair.rightEvents.downs.isEmpty)
    #expect(pair.left.counters.dropped(.encryption) == 3)
    #expect(pair.right.counters.dropped(.encryption) == 3)
    // While main mode is under way: the initiator by an error only, the responder by nothing.
    for (place, type, ends) in [
      (.main2, .initialContact, false), (.main2, .noProposalChosen, true),
      (.main5, .noProposalChosen, false),
    ] as [(Place, NotifyType, Bool)] {
      pair = try makePair()
      pair.connect(losing: place)
      let receiver = place.sender == .left ? pair.right.isakmpSAs : pair.left.isakmpSAs
      let half = try #require(receiver.values.first)
      let report = Forge.clear(
        [Forge.notify(type)], initiator: half.cookies.initiator,
        responder: half.cookies.responder, exchange: .informational)
      try pair.deliver(report, at: place)
      pair.run(for: .seconds(2))
      let isEnded =
        place.sender == .left ? pair.right.isakmpSAs.isEmpty : pair.left.isakmpSAs.isEmpty
      #expect(isEnded == ends)
    }
  }

  /// Fresh numbers every time: nothing of an older exchange fits a younger one.
  @Test func noncesCookiesAndSPIsAreNeverUsedTwice() throws {
    var (nonces, cookies, spis) = ([[UInt8]](), [UInt64](), [UInt32]())
    var pair = try makePair()
    for _ in 0..<3 {
      pair.left = ISAKMPEngine(configuration: try Setup().configuration())
      pair.wire = []
      _ = pair.connect()
      pair.run(for: .seconds(2))
      for place in [Place.main3, .main4, .quick1, .quick2] {
        nonces.append(try pair.payloads(place).body(.nonce))
      }
      let header = try pair.header(.main2)
      cookies += [header.cookies.initiator, header.cookies.responder]
      let child = try #require(pair.leftEvents.children.last)
      spis += [child.inbound.spi, child.outbound.spi]
    }
    #expect(nonces.count == 12 && Set(nonces).count == 12)
    #expect(nonces.allSatisfy { $0.count == 32 })
    #expect(cookies.count == 6 && Set(cookies).count == 6)
    #expect(spis.count == 6 && Set(spis).count == 6)
  }

  /// RFC 3947 §3.2: the hash of the destination comes first, then the source's; the peer may rely
  /// on that.
  @Test(arguments: Family.allCases)
  func ourNATDiscoveryHashesTheDestinationFirst(family: Family) throws {
    var pair = try makePair(family: family)
    _ = pair.connect()
    pair.run(for: .seconds(1))
    let cookies = try pair.header(.main3).cookies
    let (left, right) = (
      NATState.hash(SocketAddress(family.left, port: 500), cookies: cookies, using: .sha256),
      NATState.hash(SocketAddress(family.right, port: 500), cookies: cookies, using: .sha256)
    )
    for (place, expected) in [(Place.main3, [right, left]), (.main4, [left, right])] {
      let hashes = try pair.payloads(place).filter { $0.type == .natDiscovery }.map(\.body)
      #expect(hashes == expected)
    }
  }
}
