import Primitives
import Testing

@testable import IKE

@Suite(.timeLimit(.minutes(5))) struct DeadPeerDetectionTests {
  @Test(arguments: Family.allCases)
  func silenceIsAskedAboutEvery30SecondsAndEndsAfter150(family: Family) throws {
    var pair = try makePair(
      family: family,
      right: {
        $0.isakmp.deadPeerDetection = DeadPeerDetection(
          interval: .seconds(5000), timeout: .seconds(9000))
      })
    _ = pair.connect()
    pair.run(for: .seconds(1))
    let start = try #require(pair.left.connectionViews.first).lastAuthenticatedAt
    let before = pair.wire.count
    pair.network = { _, _, _ in [] }
    pair.run(until: start + .seconds(150) - .nanoseconds(1))
    let asked = pair.wire.dropFirst(before).filter { $0.from == .left }.map { $0.at - start }
    #expect(asked == [.seconds(30), .seconds(60), .seconds(90), .seconds(120)])
    #expect(pair.leftEvents.downs.isEmpty)
    let sa = try #require(pair.left.establishedISAKMPSAs.first)
    #expect(
      sa.deadPeerDetection == .asking(unanswered: 4, nextAt: start + .seconds(150)))
    pair.run(until: start + .seconds(150))
    #expect(pair.leftEvents.downs.map(\.reason) == [.deadPeer])
    #expect(pair.leftEvents.childDowns.map(\.reason) == [.deadPeer])
  }

  @Test(arguments: Family.allCases)
  func anAnsweringPeerIsNeverDead(family: Family) throws {
    var pair = try makePair(family: family)
    _ = pair.connect()
    pair.run(for: .seconds(2000))
    #expect(pair.leftEvents.downs.isEmpty)
    #expect(pair.rightEvents.downs.isEmpty)
  }

  @Test func authenticatedTrafficCountsAsAnAnswer() throws {
    var pair = try makePair(right: {
      $0.isakmp.deadPeerDetection = DeadPeerDetection(
        interval: .seconds(5000), timeout: .seconds(9000))
    })
    let id = pair.connect()
    pair.run(for: .seconds(1))
    pair.network = { _, _, _ in [] }
    let before = pair.wire.count
    for _ in 0..<60 {
      pair.run(for: .seconds(10))
      pair.left.noteAuthenticatedTraffic(id, at: pair.now)
    }
    #expect(pair.leftEvents.downs.isEmpty)
    #expect(pair.wire.dropFirst(before).filter { $0.from == .left }.isEmpty)
    pair.run(for: .seconds(150))
    #expect(pair.leftEvents.downs.map(\.reason) == [.deadPeer])
  }

  @Test func withoutTheVendorIDThereIsNoDetection() throws {
    var pair = try makePair(right: { $0.isakmp.deadPeerDetection = nil })
    _ = pair.connect()
    pair.run(for: .seconds(1))
    #expect(pair.left.establishedISAKMPSAs.first?.deadPeerDetection == .off)
    pair.network = { _, _, _ in [] }
    pair.run(for: .seconds(1000))
    #expect(pair.leftEvents.downs.isEmpty)
  }

  @Test func aPeerIsFoundDeadAlthoughItsISAKMPSAHasExpired() throws {
    var pair = try makePair(right: { $0.isakmp.lifetimeSeconds = 600 })
    _ = pair.connect()
    // Before the initiator rekeys phase 1.
    pair.run(until: Instant.zero + .seconds(500))
    let heard = try #require(pair.right.connectionViews.first).lastAuthenticatedAt
    pair.network = { _, _, _ in [] }
    pair.run(until: Instant.zero + .seconds(605))
    #expect(pair.rightEvents.notes(.isakmpExpired).count == 1)
    #expect(pair.right.establishedISAKMPSAs.isEmpty)
    #expect(pair.rightEvents.downs.isEmpty)
    pair.run(until: heard + .seconds(150))
    #expect(pair.rightEvents.downs.map(\.reason) == [.deadPeer])
    #expect(pair.right.residue == 0)
  }

  @Test(arguments: Family.allCases)
  func aSilentPeerWhoseISAKMPSAHasExpiredIsAskedByMainMode(family: Family) throws {
    var pair = try makePair(family: family, right: { $0.isakmp.lifetimeSeconds = 600 })
    let id = pair.connect()
    pair.run(until: Instant.zero + .seconds(500))
    pair.network = { _, _, _ in [] }
    pair.run(until: Instant.zero + .seconds(605))
    #expect(pair.right.establishedISAKMPSAs.isEmpty)
    pair.network = { _, _, _ in [.milliseconds(10)] }
    pair.run(until: Instant.zero + .seconds(900))
    #expect(pair.right.establishedISAKMPSAs.count == 1)
    #expect(pair.left.connectionViews.map(\.id) == [id])
    #expect(pair.rightEvents.up.count == 1)
    #expect(pair.rightEvents.downs.isEmpty)
    #expect(pair.leftEvents.downs.isEmpty)
  }

  @Test func trafficKeepsAPeerAliveThatLetItsISAKMPSALapse() throws {
    var pair = try makePair(right: { $0.isakmp.lifetimeSeconds = 600 })
    _ = pair.connect()
    pair.run(until: Instant.zero + .seconds(500))
    let id = try #require(pair.rightEvents.up.first).id
    pair.network = { _, _, _ in [] }
    for _ in 0..<20 {
      pair.run(for: .seconds(100))
      pair.right.noteAuthenticatedTraffic(id, at: pair.now)
    }
    #expect(pair.right.establishedISAKMPSAs.isEmpty)
    #expect(pair.rightEvents.downs.isEmpty)
    pair.run(for: .seconds(150))
    #expect(pair.rightEvents.downs.map(\.reason) == [.deadPeer])
  }

  @Test func aCallerThatIsLateCausesNoBurst() throws {
    var pair = try makePair()
    _ = pair.connect()
    pair.run(for: .seconds(1))
    pair.now = pair.now + .seconds(100)
    pair.left.handleTimeout(at: pair.now, using: &pair.random)
    var count = 0
    while pair.left.nextTransmit() != nil { count += 1 }
    #expect(count == 1)
    pair.left.handleTimeout(at: pair.now, using: &pair.random)
    #expect(pair.left.nextTransmit() == nil)
  }
}
