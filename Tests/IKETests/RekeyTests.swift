import Primitives
import Testing

@testable import IKE

@Suite(.timeLimit(.minutes(5))) struct RekeyTests {
  /// Both sides with short lifetimes and without DPD, for a readable wire.
  private func shortLived(
    isakmpSeconds: UInt64 = 28_800, ipsecSeconds: UInt64 = 3600, lead: RekeyLead = .initiator,
    family: Family = .v4
  ) throws -> Pair {
    let change: (inout Setup) -> Void = {
      $0.isakmp.lifetimeSeconds = isakmpSeconds
      $0.ipsec.lifetimeSeconds = ipsecSeconds
      $0.isakmp.rekeyLead = lead
    }
    return try makePair(family: family, left: change, right: change)
  }

  @Test(arguments: Family.allCases)
  func phase2IsRekeyedByTheInitiatorBeforeItEnds(family: Family) throws {
    var pair = try shortLived(ipsecSeconds: 100, family: family)
    _ = pair.connect()
    pair.run(for: .seconds(84))
    #expect(pair.leftEvents.children.count == 1)
    pair.run(for: .seconds(9))
    #expect(pair.leftEvents.children.count == 2)
    let successor = try #require(pair.leftEvents.children.last)
    #expect(successor.role == .initiator)
    #expect(successor.replaces == pair.leftEvents.children.first?.inbound.spi)
    // Make before break: the old pair is still there.
    #expect(pair.leftEvents.childDowns.isEmpty)
    #expect(pair.left.phase2SAViews.map(\.isSuperseded) == [true, false])
    pair.run(for: .seconds(10))
    #expect(pair.leftEvents.childDowns.count == 1)
    #expect(pair.rightEvents.childDowns.count == 1)
    #expect(pair.leftEvents.downs.isEmpty)
  }

  @Test(arguments: [RekeyLead.initiator, .both], Family.allCases)
  func overManyLifetimesThereIsNeverAGap(lead: RekeyLead, family: Family) throws {
    var pair = try shortLived(
      isakmpSeconds: 240, ipsecSeconds: 100, lead: lead, family: family)
    _ = pair.connect()
    pair.run(for: .seconds(1))
    for _ in 0..<2000 {
      pair.run(for: .seconds(1))
      let mine = pair.left.phase2SAViews.filter(\.isOutboundReady)
      let theirs = Set(pair.right.phase2SAViews.map(\.inboundSPI))
      // Whatever the left may send on, the right can receive; and the other way round.
      #expect(!mine.isEmpty)
      #expect(mine.last.map { theirs.contains($0.outboundSPI) } == true)
      let back = pair.right.phase2SAViews.last(where: \.isOutboundReady)
      let known = pair.left.phase2SAViews.contains { $0.inboundSPI == back?.outboundSPI }
      #expect(known)
    }
    #expect(pair.leftEvents.downs.isEmpty)
    #expect(pair.rightEvents.downs.isEmpty)
    #expect(pair.leftEvents.up.count == 1)
    #expect(pair.rightEvents.up.count == 1)
    #expect(pair.left.phase2SAViews.count <= 3)
    #expect(pair.left.establishedISAKMPSAs.count <= 2)
  }

  @Test(arguments: Family.allCases)
  func phase1IsRekeyedIntoTheSameConnection(family: Family) throws {
    var pair = try shortLived(isakmpSeconds: 1000, family: family)
    let id = pair.connect()
    pair.run(for: .seconds(960))
    #expect(!pair.leftEvents.notes(.isakmpRekeyed).isEmpty)
    #expect(!pair.rightEvents.notes(.isakmpRekeyed).isEmpty)
    pair.run(for: .seconds(60))
    #expect(pair.left.establishedISAKMPSAs.count == 1)
    #expect(pair.right.establishedISAKMPSAs.count == 1)
    #expect(pair.left.connectionViews.map(\.id) == [id])
    #expect(pair.right.connectionViews.count == 1)
    #expect(pair.leftEvents.children.count == 1)
    #expect(pair.rightEvents.notes(.initialContact).isEmpty)
  }

  @Test func aRekeyingThatFailsIsTriedAgainAndThenTheSAEnds() throws {
    var pair = try shortLived(ipsecSeconds: 600)
    let shortBackoff = MessageBackoff(retryLimit: 1, timeoutSeconds: 1)
    pair = try makePair(
      left: {
        $0.ipsec.lifetimeSeconds = 600
        $0.isakmp.backoff = shortBackoff
        $0.isakmp.deadPeerDetection = nil
      }, right: { $0.isakmp.deadPeerDetection = nil })
    _ = pair.connect()
    pair.run(for: .seconds(10))
    pair.network = { _, _, _ in [] }
    pair.run(for: .seconds(580))
    #expect(pair.leftEvents.notes(.rekeyFailed).count >= 2)
    #expect(pair.leftEvents.downs.isEmpty)
    pair.run(for: .seconds(20))
    #expect(pair.leftEvents.downs.map(\.reason) == [.lifetimeExpired])
  }

  @Test func theResponderSendsOnTheNewPairOnlyAfterMessage3() throws {
    var pair = try makePair()
    _ = pair.connect()
    pair.run(for: .seconds(1))
    let old = try #require(pair.leftEvents.children.first)
    var sent = 0
    pair.network = { side, _, _ in
      guard side == .left else { return [.milliseconds(10)] }
      sent += 1
      return sent == 2 ? [] : [.milliseconds(10)]
    }
    pair.left.requestRekey(old.inbound.spi, at: pair.now, using: &pair.random)
    pair.drain()
    pair.run(for: .seconds(2))
    #expect(pair.rightEvents.children.count == 2)
    #expect(pair.rightEvents.ready.count == 1)
    #expect(pair.right.phase2SAViews.map(\.isSuperseded) == [false, false])
    pair.run(for: .seconds(5))
    #expect(pair.rightEvents.ready.count == 2)
  }

  @Test(arguments: Family.allCases)
  func simultaneousRekeyingLosesNothing(family: Family) throws {
    var pair = try shortLived(lead: .both, family: family)
    _ = pair.connect()
    pair.run(for: .seconds(1))
    let (mine, theirs) = (
      try #require(pair.leftEvents.children.first), try #require(pair.rightEvents.children.first)
    )
    pair.left.requestRekey(mine.inbound.spi, at: pair.now, using: &pair.random)
    pair.right.requestRekey(theirs.inbound.spi, at: pair.now, using: &pair.random)
    pair.drain()
    pair.run(for: .seconds(10))
    #expect(pair.leftEvents.children.count == 3)
    #expect(pair.rightEvents.children.count == 3)
    #expect(pair.leftEvents.childDowns.isEmpty)
    for child in pair.leftEvents.children {
      #expect(pair.rightEvents.children.contains { agree(child, $0) })
    }
  }

  @Test func anExpiredISAKMPSAIsReplacedWhenAnIPsecSANeedsRekeying() throws {
    var pair = try shortLived(isakmpSeconds: 28_800, ipsecSeconds: 1000)
    _ = pair.connect()
    pair.run(for: .seconds(1))
    let cookies = try #require(pair.right.establishedISAKMPSAs.first).cookies
    // Both ends lose the ISAKMP SA as by its natural end.
    let (mine, theirs) = (
      try pair.sa(of: .left).id,
      try pair.sa(of: .right).id
    )
    pair.left.removeISAKMPSA(mine)
    pair.right.removeISAKMPSA(theirs)
    pair.run(for: .seconds(950))
    #expect(pair.leftEvents.children.count == 2)
    #expect(pair.left.establishedISAKMPSAs.first?.cookies != cookies)
    #expect(pair.leftEvents.up.count == 1)
  }

  @Test func aPeerThatIsAwayForAWhileCostsNoConnection() throws {
    let change: (inout Setup) -> Void = {
      $0.ipsec.lifetimeSeconds = 2000
      $0.isakmp.deadPeerDetection = nil
      $0.isakmp.backoff = MessageBackoff(retryLimit: 1, timeoutSeconds: 2)
    }
    var pair = try makePair(left: change, right: change)
    _ = pair.connect()
    pair.run(for: .seconds(1))
    pair.left.removeISAKMPSA(try pair.sa(of: .left).id)
    pair.right.removeISAKMPSA(try pair.sa(of: .right).id)
    pair.run(for: .seconds(1690))
    pair.network = { _, _, _ in [] }
    pair.run(for: .seconds(190))
    #expect(!pair.leftEvents.notes(.rekeyFailed).isEmpty)
    pair.network = { _, _, _ in [.milliseconds(10)] }
    pair.run(for: .seconds(60))
    #expect(pair.leftEvents.children.count == 2)
    #expect(pair.leftEvents.downs.isEmpty)
  }

  @Test func aUsedUpISAKMPSAIsReplacedBeforeTheNextQuickMode() throws {
    var pair = try makePair()
    _ = pair.connect()
    pair.run(for: .seconds(1))
    let id = try pair.sa(of: .left).id
    for used in 1...UInt32(MessageIDs.quickModesMax) {
      pair.left.isakmpSAs[id]?.messageIDs.noteQuickMode(used)
    }
    let spi = try #require(pair.leftEvents.children.first).inbound.spi
    pair.left.requestRekey(spi, at: pair.now, using: &pair.random)
    pair.drain()
    pair.run(for: .seconds(1))
    #expect(pair.leftEvents.children.last?.replaces == spi)
    #expect(pair.left.establishedISAKMPSAs.count == 2)
  }

  @Test func responderLifetimeShortensTheInitiators() throws {
    var pair = try makePair(right: {
      $0.ipsec.lifetimeSeconds = 120
      $0.ipsec.lifetimeKilobytes = 5000
      $0.isakmp.lifetimeSeconds = 600
    })
    _ = pair.connect()
    pair.run(for: .seconds(1))
    let mine = try #require(pair.leftEvents.children.first)
    #expect(mine.lifetime == Lifetime(seconds: 120, kilobytes: 5000))
    let expires = try #require(pair.left.establishedISAKMPSAs.first?.expiresAt)
    #expect(expires <= Instant.zero + .seconds(601))
  }
}
