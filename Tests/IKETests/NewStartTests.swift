import Primitives
import Testing

@testable import IKE

/// A peer without INITIAL-CONTACT that comes again from the same socket.
@Suite(.timeLimit(.minutes(5))) struct NewStartTests {
  /// The left engine forgets everything, as after a power cut, and will not say so.
  private func restartLeft(_ pair: inout Pair) throws {
    pair.left = ISAKMPEngine(configuration: try Setup().configuration())
    pair.leftEvents = []
    // With another connection to the same peer, INITIAL-CONTACT would be a lie.
    let path = Path(
      local: SocketAddress(Pair.leftAddress, port: 500),
      remote: SocketAddress(Pair.rightAddress, port: 500), floated: false)
    var other = Connection(
      id: ConnectionID(value: 1_000_000), role: .responder, policy: Setup().isakmp, request: nil,
      path: path, at: pair.now)
    other.isUp = true
    pair.left.insert(other)
  }

  /// Left connects, lives for `seconds`, forgets all, and connects again `later`.
  private func makePair(livingFor seconds: Int, silentFor later: Duration) throws -> Pair {
    var pair = try IKETests.makePair()
    _ = pair.connect()
    pair.run(for: .seconds(seconds))
    let id = try #require(pair.rightEvents.up.first).id
    pair.right.noteAuthenticatedTraffic(id, at: pair.now)
    try restartLeft(&pair)
    pair.run(for: later)
    _ = pair.connect()
    pair.run(for: .seconds(1))
    #expect(pair.leftEvents.ready.count == 1)
    #expect(pair.rightEvents.notes(.initialContactIgnored).isEmpty)
    return pair
  }

  @Test func aSilentPeerThatAsksForPhase2AtOnceHasStartedAnew() throws {
    let pair = try makePair(livingFor: 600, silentFor: .seconds(10))
    #expect(pair.rightEvents.downs.map(\.reason) == [.peerDeleted])
    #expect(pair.rightEvents.downs.first?.id == pair.rightEvents.up.first?.id)
    #expect(pair.rightEvents.up.count == 2)
    #expect(pair.right.connectionViews.count == 1)
    #expect(pair.right.phase2SAs.count == 1)
    #expect(pair.right.establishedISAKMPSAs.count == 1)
  }

  @Test func aPeerThatWasHeardOfJustBeforeRekeys() throws {
    let pair = try makePair(livingFor: 600, silentFor: .seconds(1))
    #expect(pair.rightEvents.downs.isEmpty)
    #expect(pair.rightEvents.up.count == 1)
    #expect(pair.right.phase2SAs.count == 2)
  }

  @Test func aPeerWhosePairsAreHalfThroughTheirLifetimeRekeys() throws {
    let pair = try makePair(livingFor: 1_800, silentFor: .seconds(10))
    #expect(pair.rightEvents.downs.isEmpty)
    #expect(pair.rightEvents.up.count == 1)
  }

  /// Ours rekeys phase 1 in the midst of a pair's lifetime when the old SA has seen too many quick
  /// modes; it says on the old SA that it lives.
  @Test func ourOwnRekeyingIsNeverTakenForANewStart() throws {
    var pair = try IKETests.makePair()
    _ = pair.connect()
    pair.run(for: .seconds(10))
    let id = try pair.sa(of: .left).id
    for used in 1...UInt32(MessageIDs.quickModesMax) {
      pair.left.isakmpSAs[id]?.messageIDs.noteQuickMode(used)
    }
    let spi = try #require(pair.leftEvents.children.first).inbound.spi
    pair.left.requestRekey(spi, at: pair.now, using: &pair.random)
    pair.drain()
    pair.run(for: .seconds(1))
    #expect(pair.rightEvents.children.count == 2)
    #expect(pair.rightEvents.downs.isEmpty)
    #expect(pair.rightEvents.up.count == 1)
  }
}
