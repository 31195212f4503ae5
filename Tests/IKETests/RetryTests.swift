import Cryptography
import IKE
import Primitives
import Testing

@Suite(.timeLimit(.minutes(5))) struct RetryTests {
  private static func specific(_ setup: inout Setup) {
    setup.isakmp.peer = .address(Pair.rightAddress)
    setup.ipsec.peer = .address(Pair.rightAddress)
    setup.isakmp.backoff = MessageBackoff(retryLimit: 0, timeoutSeconds: 1)
  }

  @Test func ik10ByDefaultThereIsOneAttempt() throws {
    var pair = try makePair(left: { Self.specific(&$0) })
    pair.network = { _, _, _ in [] }
    _ = pair.connect()
    pair.run(for: .seconds(600))
    #expect(pair.leftEvents.failures.count == 1)
    #expect(pair.leftEvents.failures.first?.retryAt == nil)
  }

  @Test(arguments: [
    PeerSelector.any, .prefix(Pair.rightNetwork),
  ])
  func ik11RetriesNeedASpecificPeerInBothPolicies(peer: PeerSelector) {
    for changesISAKMP in [true, false] {
      #expect(throws: ISAKMPConfigurationError.retryNeedsSpecificPeer(policy: "isakmp")) {
        _ = try makePair(left: {
          Self.specific(&$0)
          $0.isakmp.retryIkeAttempts = .count(1)
          if changesISAKMP { $0.isakmp.peer = peer } else { $0.ipsec.peer = peer }
        })
      }
    }
  }

  @Test func ik10MoreThan16IsRefused() {
    #expect(throws: ISAKMPConfigurationError.self) {
      _ = try makePair(left: {
        Self.specific(&$0)
        $0.isakmp.retryIkeAttempts = .count(17)
      })
    }
  }

  @Test func ik13AtTheLimitRetriesStopWithRetriesExhausted() throws {
    var pair = try makePair(left: {
      Self.specific(&$0)
      $0.isakmp.retryIkeAttempts = .count(3)
    })
    pair.network = { _, _, _ in [] }
    let id = pair.connect()
    pair.run(for: .seconds(600))
    #expect(pair.leftEvents.failures.count == 4)
    #expect(pair.leftEvents.failures.last?.retryAt == nil)
    #expect(pair.leftEvents.downs.map(\.id) == [id])
    #expect(pair.leftEvents.downs.map(\.reason) == [.retriesExhausted])
    #expect(pair.sent(by: .left).count == 4)
  }

  @Test func ik14PausesDoubleUpTo60SecondsWithJitter() throws {
    var pair = try makePair(left: {
      Self.specific(&$0)
      $0.isakmp.retryIkeAttempts = .continuous
    })
    pair.network = { _, _, _ in [] }
    _ = pair.connect()
    pair.run(for: .seconds(900))
    let starts = pair.sent(by: .left).map(\.at)
    let nominal: [Int64] = [1, 2, 4, 8, 16, 32, 60, 60, 60]
    for (number, seconds) in nominal.enumerated() {
      // One second passes until each attempt times out.
      let pause = starts[number + 1] - starts[number] - .seconds(1)
      #expect(pause >= .milliseconds(seconds * 800) && pause <= .milliseconds(seconds * 1200))
    }
  }

  @Test func ik12ARefusedProposalIsRetried() throws {
    var pair = try makePair(
      left: {
        Self.specific(&$0)
        $0.isakmp.backoff = MessageBackoff()
        $0.isakmp.retryIkeAttempts = .count(1)
      },
      right: { $0.isakmp.transforms = [ISAKMPTransform(.aesCBC256, .sha512, .ecp384)] })
    _ = pair.connect()
    pair.run(for: .seconds(10))
    #expect(pair.leftEvents.failures.map(\.reason) == [.negotiationFailed, .negotiationFailed])
    #expect(pair.leftEvents.downs.map(\.reason) == [.retriesExhausted])
  }

  @Test func ik12AFailedQuickModeIsRetriedFromTheStart() throws {
    var pair = try makePair(
      left: {
        Self.specific(&$0)
        $0.isakmp.backoff = MessageBackoff()
        $0.isakmp.retryIkeAttempts = .count(1)
      },
      right: { $0.ipsec.transforms = [ESPTransform(.aesCBC256, .hmacSHA1)].compactMap(\.self) })
    _ = pair.connect()
    pair.run(for: .seconds(10))
    #expect(pair.leftEvents.failures.count == 2)
    #expect(pair.leftEvents.up.count == 2)
    #expect(pair.leftEvents.downs.count == 1)
    #expect(!pair.right.negotiationFailures.isEmpty)
  }

  @Test func ik12ADeleteOfTheMostRecentSAIsRetried() throws {
    var pair = try makePair(left: {
      Self.specific(&$0)
      $0.isakmp.backoff = MessageBackoff()
      $0.isakmp.retryIkeAttempts = .count(2)
    })
    _ = pair.connect()
    pair.run(for: .seconds(1))
    let spi = try #require(pair.rightEvents.children.first).inbound.spi
    pair.right.closeSA(spi: spi, reason: .administrator, at: pair.now, using: &pair.random)
    pair.drain()
    pair.run(for: .seconds(5))
    #expect(pair.leftEvents.failures.map(\.reason) == [.peerDeleted])
    #expect(pair.leftEvents.children.count == 2)
    #expect(pair.leftEvents.downs.isEmpty)
    // IK-13: established again, so the count starts anew.
    #expect(pair.left.connectionViews.first?.retryAttempt == 0)
  }

  @Test func ik12ADeleteOfAnOlderSAIsNotRetried() throws {
    var pair = try makePair(left: {
      Self.specific(&$0)
      $0.isakmp.backoff = MessageBackoff()
      $0.isakmp.retryIkeAttempts = .count(2)
    })
    _ = pair.connect()
    pair.run(for: .seconds(1))
    let old = try #require(pair.leftEvents.children.first)
    pair.left.requestRekey(old.inbound.spi, at: pair.now, using: &pair.random)
    pair.drain()
    pair.run(for: .seconds(1))
    #expect(pair.leftEvents.children.count == 2)
    pair.right.closeSA(
      spi: old.outbound.spi, reason: .administrator, at: pair.now, using: &pair.random)
    pair.drain()
    pair.run(for: .seconds(5))
    #expect(pair.leftEvents.failures.isEmpty)
    #expect(pair.leftEvents.childDowns.map(\.inbound) == [old.inbound.spi])
  }

  @Test func aClosedConnectionDoesNotComeBack() throws {
    var pair = try makePair(left: {
      Self.specific(&$0)
      $0.isakmp.retryIkeAttempts = .continuous
    })
    pair.network = { _, _, _ in [] }
    let id = pair.connect()
    pair.run(for: .seconds(30))
    pair.left.close(id, reason: .requested, at: pair.now, using: &pair.random)
    pair.drain()
    let count = pair.wire.count
    pair.run(for: .seconds(600))
    #expect(pair.wire.count == count)
    #expect(pair.leftEvents.downs.map(\.reason) == [.requested])
    #expect(pair.left.nextTimeout == nil)
  }
}
