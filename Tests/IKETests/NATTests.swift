import Primitives
import Testing

@testable import IKE

@Suite(.timeLimit(.minutes(5))) struct NATTests {
  @Test(arguments: NATTraversalMode.allModes, NATTraversalMode.allModes)
  func withoutNATOnlyForceEncapsulates(left: NATTraversalMode, right: NATTraversalMode) throws {
    for family in Family.allCases {
      var pair = try makePair(
        family: family,
        left: { $0.isakmp.natTraversal = left }, right: { $0.isakmp.natTraversal = right })
      _ = pair.connect()
      pair.run(for: .seconds(1))
      let mine = try #require(pair.leftEvents.children.first)
      let theirs = try #require(pair.rightEvents.children.first)
      #expect(agree(mine, theirs))
      let isForced = left != .off && right != .off && (left == .forced || right == .forced)
      #expect(mine.encapsulation == (isForced ? .udp : .plain))
      let path = try #require(pair.leftEvents.up.first).facts.path
      #expect(path.floated == isForced)
      #expect(path.remote.port == (isForced ? 4500 : 500))
    }
  }

  @Test(arguments: NATTraversalMode.allModes.filter { $0 != .off }, Family.allCases)
  func behindANATEverythingFloatsAndSelectorsCarryOuterAddresses(
    right: NATTraversalMode, family: Family
  ) throws {
    var pair = try makePair(family: family, right: { $0.isakmp.natTraversal = right })
    pair.leftOutside = family.outside
    pair.natPortOffset = 1000
    _ = pair.connect()
    pair.run(for: .seconds(1))
    let mine = try #require(pair.leftEvents.children.first)
    let theirs = try #require(pair.rightEvents.children.first)
    #expect(agree(mine, theirs))
    #expect(mine.encapsulation == .udp)
    let facts = try #require(pair.rightEvents.up.first).facts
    #expect(facts.path.remote == SocketAddress(family.outside, port: 5500))
    #expect(facts.nat.remoteIsBehindNAT)
    // The peer's own address comes by NAT-OA; the selector has the outer one.
    #expect(theirs.selectors.remote == family.outside)
    #expect(theirs.selectors.originalRemote == family.left)
    #expect(theirs.selectors.originalLocal == family.right)
    #expect(theirs.selectors.remotePort == 1701)
    #expect(facts.identity == .address(family.left))
  }

  /// A router that forgot its mappings, just before phase 1 is rekeyed: main mode comes from where
  /// the responder knows nobody, and must join its connection all the same.
  @Test(arguments: Family.allCases)
  func aNewMappingBeforePhase1IsRekeyedMakesNoSecondConnection(family: Family) throws {
    let change: (inout Setup) -> Void = {
      $0.isakmp.lifetimeSeconds = 100
      // Long enough that its questions do not happen to come first.
      $0.isakmp.deadPeerDetection = DeadPeerDetection(
        interval: .seconds(900), timeout: .seconds(999))
    }
    var pair = try makePair(family: family, left: change, right: change)
    pair.leftOutside = family.outside
    pair.natPortOffset = 1000
    _ = pair.connect()
    pair.run(for: .seconds(60))
    pair.natPortOffset = 2000
    pair.run(for: .seconds(39))
    #expect(pair.leftEvents.up.count == 1)
    #expect(pair.rightEvents.up.count == 1)
    let views = pair.right.connectionViews
    #expect(views.map(\.path.remote) == [SocketAddress(family.outside, port: 6500)])
    #expect(views.first?.isakmpSAs.count == 2)
  }

  @Test(arguments: NATTraversal.allCases, Family.allCases)
  func everyDialectWorksWhenThePeerKnowsNoOther(dialect: NATTraversal, family: Family) throws {
    var pair = try makePair(family: family)
    pair.leftOutside = family.outside
    let known = dialect == .draft08 ? NATTraversal.rfc3947.vendorID : dialect.vendorID
    // The vendor ids are in no hash of main mode, so the network may take the others out.
    pair.rewrite = { side, bytes in
      guard side == .left, let header = try? ISAKMPHeader(parsing: bytes),
        header.cookies.responder == 0,
        let chain = try? PayloadChain(
          parsing: Array(bytes.dropFirst(28)), first: header.firstPayload, trailer: .none)
      else { return bytes }
      let dialects = NATTraversal.allCases.map(\.vendorID)
      let kept = chain.payloads.filter { !dialects.contains($0.body) || $0.body == known }
      return header.message(with: PayloadChain(kept).bytes)
    }
    _ = pair.connect()
    pair.run(for: .seconds(1))
    let mine = try #require(pair.leftEvents.children.first)
    let theirs = try #require(pair.rightEvents.children.first)
    #expect(agree(mine, theirs))
    #expect(theirs.encapsulation == .udp)
    #expect(theirs.selectors.originalRemote == family.left)
  }

  @Test(arguments: Family.allCases)
  func keepalivesGoOutEvery20SecondsFromBehindTheNATOnly(family: Family) throws {
    var pair = try makePair(
      family: family,
      left: { $0.isakmp.deadPeerDetection = nil }, right: { $0.isakmp.deadPeerDetection = nil })
    pair.leftOutside = family.outside
    _ = pair.connect()
    pair.run(for: .seconds(90))
    let keepalives = pair.wire.filter(\.transmit.isKeepalive)
    #expect(keepalives.map(\.from) == [.left, .left, .left, .left])
    #expect(keepalives.allSatisfy { $0.transmit.bytes == [0xff] && $0.transmit.path.floated })
    let gaps = zip(keepalives, keepalives.dropFirst()).map { $1.at - $0.at }
    #expect(gaps == [.seconds(20), .seconds(20), .seconds(20)])
    #expect(pair.right.counters.keepalivesReceived == 4)
  }

  @Test(arguments: Family.allCases)
  func theForcingSideFalsifiesThePeersHashNotItsOwn(family: Family) throws {
    var pair = try makePair(family: family, right: { $0.isakmp.natTraversal = .forced })
    _ = pair.connect()
    pair.run(for: .seconds(1))
    let nat = try #require(pair.leftEvents.up.first).facts.nat
    #expect(nat.localIsBehindNAT)
    #expect(!nat.remoteIsBehindNAT)
  }

  @Test(arguments: Family.allCases)
  func aNewMappingIsFollowedOnlyWhenAuthenticated(family: Family) throws {
    var pair = try makePair(family: family)
    pair.leftOutside = family.outside
    _ = pair.connect()
    pair.run(for: .seconds(1))
    // Garbage with the right cookies from elsewhere moves nothing.
    let sa = try pair.sa(of: .left)
    let garbage = ISAKMPHeader(
      cookies: sa.cookies, firstPayload: .hash, exchangeType: .informational, isEncrypted: true,
      messageID: 77
    ).message(with: pair.random.bytes(64))
    let elsewhere = Path(
      local: SocketAddress(family.right, port: 4500),
      remote: SocketAddress(family.stranger, port: 9), floated: true)
    pair.deliver(garbage, on: elsewhere, to: .right)
    #expect(pair.rightEvents.paths.isEmpty)
    pair.natPortOffset = 2000
    pair.run(for: .seconds(60))
    #expect(pair.rightEvents.paths.map(\.remote) == [SocketAddress(family.outside, port: 6500)])
  }

  @Test(arguments: Family.allCases)
  func espFromANewMappingMovesTheConnection(family: Family) throws {
    var pair = try makePair(family: family)
    pair.leftOutside = family.outside
    _ = pair.connect()
    pair.run(for: .seconds(1))
    let id = try #require(pair.rightEvents.up.first).id
    let moved = SocketAddress(family.outside, port: 61_000)
    pair.right.notePeerPath(id, moved, at: pair.now)
    pair.drain()
    #expect(pair.rightEvents.paths.map(\.remote) == [moved])
    #expect(pair.right.connectionViews.first?.path.remote == moved)
  }

  @Test(arguments: Family.allCases)
  func osX103ReversesTheHashes(family: Family) throws {
    let path = Path(
      local: SocketAddress(family.left, port: 500),
      remote: SocketAddress(family.right, port: 500), floated: false)
    let cookies = Cookies(initiator: 1, responder: 2)
    let hashes = [path.local, path.remote].map {
      NATState.hash($0, cookies: cookies, using: .sha1)
    }
    for order in [hashes, hashes.reversed()] {
      var state = NATState()
      state.learn(order, path: path, cookies: cookies, using: .sha1)
      #expect(!state.localIsBehindNAT)
      #expect(!state.remoteIsBehindNAT)
    }
  }
}

extension NATTraversalMode {
  static let allModes: [NATTraversalMode] = [.off, .on, .forced]
}
