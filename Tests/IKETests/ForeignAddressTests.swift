import Cryptography
import Primitives
import Testing

@testable import IKE

/// Messages from where the peer is not.
@Suite(.timeLimit(.minutes(5))) struct ForeignAddressTests {
  private static let stranger = SocketAddress(.v4(IPv4Address(203, 0, 113, 66)), port: 500)

  private func losing(_ place: Place, natTraversal: NATTraversalMode) throws -> Pair {
    let change: (inout Setup) -> Void = { $0.isakmp.natTraversal = natTraversal }
    var pair = try makePair(left: change, right: change)
    pair.connect(losing: place)
    return pair
  }

  /// Messages in the clear prove nothing of who sent them, NAT-T or not.
  @Test(
    arguments: [.main2, .main3, .main4] as [Place], [NATTraversalMode.off, .on])
  func clearMessagesFromAnotherAddressAreDropped(
    place: Place, natTraversal: NATTraversalMode
  ) throws {
    var pair = try losing(place, natTraversal: natTraversal)
    let sent = pair.wire.count
    try pair.deliver(try pair.held(place).bytes, at: place, from: Self.stranger)
    #expect(pair.dropped(.wrongPath, at: place) == 1)
    #expect(pair.wire.count == sent)
    try pair.deliverHeld(place)
    #expect(pair.rightEvents.ready.count == 1)
    #expect(pair.rightEvents.up.map(\.facts.path.remote.address) == [Pair.leftAddress])
  }

  /// Without NAT-T not even an authentic message moves anything, and it changes nothing.
  @Test(
    arguments: [.main5, .quick1, .quick2, .quick3] as [Place],
    [nil, .ecp256] as [KeyExchangeGroup?])
  func withoutNATTraversalNothingMoves(place: Place, group: KeyExchangeGroup?) throws {
    let change: (inout Setup) -> Void = {
      $0.isakmp.natTraversal = .off
      $0.ipsec.perfectForwardSecrecy = group
    }
    var pair = try makePair(left: change, right: change)
    pair.connect(losing: place)
    let sent = pair.wire.count
    for port: UInt16 in [500, 4500, 61_000] {
      for address in [Self.stranger.address, Pair.leftAddress, Pair.rightAddress] {
        let peer = place.sender == .left ? Pair.leftAddress : Pair.rightAddress
        guard address != peer else { continue }
        try pair.deliver(
          try pair.held(place).bytes, at: place, from: SocketAddress(address, port: port))
      }
    }
    #expect(pair.dropped(.wrongPath, at: place) == 6)
    #expect(pair.wire.count == sent)
    #expect(pair.leftEvents.paths.isEmpty && pair.rightEvents.paths.isEmpty)
    try pair.deliverHeld(place)
    #expect(pair.rightEvents.ready.count == 1)
    #expect(pair.right.connectionViews.map(\.path.remote.address) == [Pair.leftAddress])
    #expect(pair.left.connectionViews.map(\.path.remote.address) == [Pair.rightAddress])
  }

  /// An informational message moves a connection with NAT-T, and none without.
  @Test(arguments: [NATTraversalMode.off, .on])
  func informationalMessagesMoveAConnectionWithNATTraversalOnly(
    natTraversal: NATTraversalMode
  ) throws {
    let change: (inout Setup) -> Void = { $0.isakmp.natTraversal = natTraversal }
    var pair = try makePair(left: change, right: change)
    _ = pair.connect()
    pair.run(for: .seconds(1))
    let spi = try #require(pair.leftEvents.children.first).inbound.spi
    let delete = Payload(.delete, Delete(protocolID: .esp, spis: [bigEndian(spi)]).bytes)
    let message = try pair.sealInformational([delete])
    var path = Forge.path
    path.remote = Self.stranger
    pair.feed(message, on: path)
    let isMoved = natTraversal == .on
    #expect(pair.rightEvents.childDowns.count == (isMoved ? 1 : 0))
    #expect(pair.right.counters.dropped(.wrongPath) == (isMoved ? 0 : 1))
    #expect(pair.rightEvents.paths.map(\.remote) == (isMoved ? [Self.stranger] : []))
    let remote = pair.right.connectionViews.map(\.path.remote)
    #expect(remote == [isMoved ? Self.stranger : Forge.path.remote])
    // What was dropped for its path alone is good when it comes from where the peer is.
    pair.feed(message)
    #expect(pair.rightEvents.childDowns.count == 1)
  }

  /// An error in the clear from elsewhere raises no doubt.
  @Test func anErrorReportOfAStrangerIsDropped() throws {
    for (isStranger, downs) in [(true, 0), (false, 1)] {
      var pair = try makePair()
      pair.network = { _, _, _ in [] }
      _ = pair.connect()
      let cookies = try pair.header(.main1).cookies
      let report = Forge.clear(
        [Forge.notify(.noProposalChosen)], initiator: cookies.initiator, exchange: .informational)
      var path = try pair.held(.main1).path
      if isStranger { path.remote = Self.stranger }
      pair.deliver(report, on: path, to: .left)
      pair.run(for: .seconds(2))
      #expect(pair.leftEvents.downs.count == downs)
      #expect(pair.left.counters.dropped(.wrongPath) == (isStranger ? 1 : 0))
    }
  }

  /// Two peers of one gateway: neither can end or touch what the other has.
  @Test func aPeerDeletesOnlyItsOwnSAs() throws {
    var pair = try makePair()
    _ = pair.connect()
    _ = pair.left.initiate(
      ConnectionRequest(
        policy: "ipsec", local: SocketAddress(.v4(IPv4Address(192, 0, 2, 7)), port: 500),
        remote: SocketAddress(Pair.rightAddress, port: 500)), at: pair.now, using: &pair.random)
    pair.drain()
    pair.run(for: .seconds(1))
    let sas = pair.left.isakmpSAs.values.sorted { $0.id < $1.id }
    try #require(sas.count == 2 && pair.rightEvents.children.count == 2)
    let (mine, other) = (sas[0], sas[1])
    let otherChildren = pair.left.phase2SAViews.filter { $0.connection == other.connection }
    let child = try #require(otherChildren.first)
    let deletes = [
      Delete(protocolID: .isakmp, spis: [other.cookies.bytes]),
      Delete(protocolID: .esp, spis: [bigEndian(child.inboundSPI)]),
      Delete(protocolID: .esp, spis: [bigEndian(child.outboundSPI)]),
      Delete(protocolID: .ah, spis: [bigEndian(child.inboundSPI)]),
    ].map { Payload(.delete, $0.bytes) }
    pair.left.sendInformational(deletes, on: mine.id, using: &pair.random)
    pair.drain()
    pair.run(for: .milliseconds(100))
    #expect(pair.rightEvents.childDowns.isEmpty)
    #expect(pair.rightEvents.downs.isEmpty)
    #expect(pair.right.establishedISAKMPSAs.count == 2)
    // Its questions are about its own SA only, and so are the answers it gets.
    let sent = pair.sent(by: .right).count
    pair.left.sendInformational(
      [Forge.notify(.rUThere, spi: other.cookies.bytes, data: [0, 0, 0, 1])], on: mine.id,
      using: &pair.random)
    pair.drain()
    pair.run(for: .milliseconds(100))
    #expect(pair.sent(by: .right).count == sent)
    #expect(pair.right.counters.dropped(.notification) == 1)
    // What is its own, it may delete.
    pair.left.sendInformational(
      [Payload(.delete, Delete(protocolID: .isakmp, spis: [mine.cookies.bytes]).bytes)],
      on: mine.id, using: &pair.random)
    pair.drain()
    pair.run(for: .milliseconds(100))
    #expect(pair.right.establishedISAKMPSAs.map(\.cookies) == [other.cookies])
  }
}
