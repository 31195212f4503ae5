import Primitives
import Testing

@testable import L2TP

@Suite(.timeLimit(.minutes(5))) struct CollisionTests {
  private func facts(_ tieBreaker: UInt64?) throws -> SCCRQFacts {
    var avps = Sample.start
    if let tieBreaker {
      avps.append(
        AVP(.tieBreaker, (0..<8).map { UInt8(truncatingIfNeeded: tieBreaker >> (56 - 8 * $0)) }))
    }
    return try Tunnel.peekSCCRQ(Sample.message(.sccrq, tunnelID: 0, ns: 0, nr: 0, avps: avps))
  }

  @Test func badInput44LowerTieBreakerWinsAndEqualOnesBothLose() throws {
    let cases: [(offset: Int64?, TunnelCollision)] = [
      (1, .won), (-1, .lost), (0, .bothDiscarded), (nil, .won),
    ]
    for (offset, outcome) in cases {
      var bench = Bench(.lac) { $0.usesTieBreaker = true }
      let ours = bench.tunnel.tieBreaker ?? 0
      let theirs = offset.map { ours &+ UInt64(bitPattern: $0) }
      let result = bench.tunnel.collide(with: try facts(theirs), at: bench.now)
      bench.sent = []
      bench.drain()
      #expect(result == outcome)
      #expect(bench.sent.isEmpty)
      let survives = outcome == .won
      #expect(bench.tunnel.phase == (survives ? .waitCtlReply : .over))
      #expect(bench.events.filter(\.isClosed).count == (survives ? 0 : 1))
    }
  }

  @Test func badInput44WithoutOurTieBreakerThePeerWithOneWins() throws {
    var with = Bench(.lac)
    let lost = with.tunnel.collide(with: try facts(5), at: with.now)
    #expect(lost == .lost)
    var without = Bench(.lac)
    let separate = without.tunnel.collide(with: try facts(nil), at: without.now)
    #expect(separate == .separate)
    #expect(without.tunnel.phase == .waitCtlReply)
  }

  @Test func establishedTunnelDoesNotCollide() throws {
    var bench = Bench.at(.established, .lac) { $0.usesTieBreaker = true }
    let outcome = bench.tunnel.collide(with: try facts(0), at: bench.now)
    #expect(outcome == .separate)
    #expect(bench.tunnel.phase == .established)
  }
}
