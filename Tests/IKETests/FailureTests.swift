import Cryptography
import Primitives
import Testing

@testable import IKE

@Suite(.timeLimit(.minutes(5))) struct FailureTests {
  @Test func aWrongSecretIsRecognisedOnBothEnds() throws {
    var pair = try makePair(right: { $0.secret = Secret(text: "something else") })
    _ = pair.connect()
    pair.run(for: .seconds(10))
    #expect(pair.leftEvents.failures.map(\.reason) == [.authenticationFailed])
    #expect(pair.leftEvents.downs.first?.detail.contains("PSK mismatch likely") == true)
    #expect(pair.rightEvents.peerFailures.map(\.reason) == [.authenticationFailed])
    #expect(pair.rightEvents.peerFailures.first?.detail.contains("PSK mismatch likely") == true)
    #expect(pair.right.negotiationFailures.count == 1)
  }

  @Test func aWrongSecretIsRecognisedWhenTheResponderIsSilent() throws {
    var pair = try makePair(right: {
      $0.secret = Secret(text: "something else")
      $0.isakmp.sendNotify = false
    })
    _ = pair.connect()
    pair.run(for: .seconds(400))
    #expect(pair.leftEvents.downs.map(\.reason) == [.authenticationFailed])
    #expect(pair.leftEvents.downs.first?.detail.contains("PSK mismatch likely") == true)
    #expect(pair.rightEvents.peerFailures.count == 1)
  }

  @Test func unreadableReportsAreBelievedAfterTheThird() throws {
    var pair = try makePair(right: {
      $0.secret = Secret(text: "something else")
      $0.isakmp.sendNotify = false
    })
    _ = pair.connect()
    pair.run(for: .milliseconds(100))
    let sent = try #require(pair.sent(by: .left).last).transmit
    let header = try ISAKMPHeader(parsing: sent.bytes)
    for seconds: Int64 in [0, 4, 12] {
      pair.run(until: Instant.zero + .seconds(seconds) + .milliseconds(100))
      let report = ISAKMPHeader(
        cookies: header.cookies, firstPayload: .hash, exchangeType: .informational,
        isEncrypted: true, messageID: pair.random.nonZero())
      for _ in 0..<3 {
        let bytes = report.message(with: pair.random.bytes(64))
        pair.deliver(bytes, on: sent.path, to: .left)
      }
      #expect(pair.leftEvents.downs.isEmpty)
    }
    pair.run(for: .seconds(2))
    #expect(pair.leftEvents.downs.map(\.reason) == [.authenticationFailed])
  }

  @Test func aForgedErrorLosesAgainstTheRealAnswer() throws {
    var pair = try makePair()
    pair.network = { _, _, _ in [.milliseconds(300)] }
    _ = pair.connect()
    let first = try #require(pair.sent(by: .left).first).transmit
    let header = try ISAKMPHeader(parsing: first.bytes)
    let forged = ISAKMPHeader(
      cookies: header.cookies, firstPayload: .notification, exchangeType: .informational
    ).message(
      with: PayloadChain([
        Payload(
          .notification, Notification(.noProposalChosen, protocolID: .isakmp).bytes)
      ]).bytes)
    pair.deliver(forged, on: first.path, to: .left)
    pair.run(for: .seconds(5))
    #expect(pair.leftEvents.children.count == 1)
  }

  @Test func noCommonPhase1ProposalIsToldAndExplained() throws {
    var pair = try makePair(right: {
      $0.isakmp.transforms = [ISAKMPTransform(.aesCBC256, .sha512, .ecp384)]
    })
    _ = pair.connect()
    pair.run(for: .seconds(3))
    #expect(pair.leftEvents.downs.map(\.reason) == [.negotiationFailed])
    let failure = try #require(pair.right.negotiationFailures.first)
    #expect(failure.offered == ["aesCBC128-sha256-ecp256"])
    #expect(failure.accepted == ["aesCBC256-sha512-ecp384"])
    #expect(pair.right.halfOpenCount == 0)
  }

  @Test func requiredForwardSecrecyIsRequired() throws {
    var pair = try makePair(right: { $0.ipsec.perfectForwardSecrecy = .modp2048 })
    _ = pair.connect()
    pair.run(for: .seconds(3))
    #expect(pair.leftEvents.downs.map(\.reason) == [.negotiationFailed])
    #expect(pair.rightEvents.children.isEmpty)
  }

  @Test func forwardSecrecyIsDoneWhenThePeerAsks() throws {
    var pair = try makePair(left: { $0.ipsec.perfectForwardSecrecy = .ecp256 })
    _ = pair.connect()
    pair.run(for: .seconds(3))
    let (mine, theirs) = (
      try #require(pair.leftEvents.children.first), try #require(pair.rightEvents.children.first)
    )
    #expect(agree(mine, theirs))
    #expect(mine.perfectForwardSecrecy && theirs.perfectForwardSecrecy)
  }

  @Test func anUnexpectedIdentityIsRefused() throws {
    let wanted = Identity(text: "alice@example.net")
    var pair = try makePair(right: { $0.isakmp.remoteIdentity = wanted })
    _ = pair.connect()
    pair.run(for: .seconds(3))
    #expect(pair.rightEvents.peerFailures.map(\.reason) == [.authenticationFailed])
    #expect(pair.rightEvents.up.isEmpty)
    pair = try makePair(
      left: { $0.isakmp.localIdentity = wanted }, right: { $0.isakmp.remoteIdentity = wanted })
    _ = pair.connect()
    pair.run(for: .seconds(3))
    #expect(pair.rightEvents.up.first?.facts.identity == wanted)
  }

  @Test func anUnknownPolicyFailsByEvents() throws {
    var pair = try makePair()
    let id = pair.connect(policy: "missing")
    #expect(pair.leftEvents.downs.map(\.id) == [id])
    #expect(pair.leftEvents.failures.map(\.reason) == [.policyRefused])
    #expect(pair.wire.isEmpty)
  }

  @Test func closingTellsThePeerInOrder() throws {
    var pair = try makePair()
    let id = pair.connect()
    pair.run(for: .seconds(1))
    pair.left.close(id, reason: .requested, at: pair.now, using: &pair.random)
    pair.drain()
    pair.run(for: .seconds(1))
    #expect(pair.leftEvents.downs.map(\.reason) == [.requested])
    #expect(pair.rightEvents.downs.map(\.reason) == [.peerDeleted])
    #expect(pair.rightEvents.childDowns.map(\.reason) == [.peerDeleted])
    let residue = pair.left.residue + pair.right.residue
    #expect(residue == 0)
  }

  @Test func phase2SurvivesADeletedISAKMPSAForAWhile() throws {
    var pair = try makePair()
    _ = pair.connect()
    pair.run(for: .seconds(1))
    let sa = try pair.sa(of: .left)
    pair.left.sendISAKMPDelete(sa.id, using: &pair.random)
    pair.drain()
    pair.run(for: .seconds(50))
    #expect(pair.rightEvents.downs.isEmpty)
    pair.run(for: .seconds(20))
    #expect(pair.rightEvents.downs.map(\.reason) == [.peerDeleted])
  }

  @Test(arguments: 0..<40)
  func lossDuplicationAndReorderingOnlyDelay(seed: UInt64) throws {
    var pair = try makePair(
      left: { $0.ipsec.perfectForwardSecrecy = seed % 2 == 0 ? nil : .ecp256 })
    var chance = SeededRandom(seed: seed)
    pair.network = { _, _, _ in
      (0..<Int.random(in: 0...2, using: &chance)).map { _ in
        .milliseconds(Int.random(in: 1...3000, using: &chance))
      }
    }
    _ = pair.connect()
    pair.run(for: .seconds(120))
    pair.network = { _, _, _ in [.milliseconds(10)] }
    pair.run(for: .seconds(200))
    let mine = try #require(pair.leftEvents.children.last)
    #expect(pair.rightEvents.children.contains { agree(mine, $0) })
    #expect(pair.leftEvents.ready.last == mine.inbound.spi)
    #expect(pair.rightEvents.ready.contains(mine.outbound.spi))
    try closeEverything(&pair)
  }

  /// Whatever happened before, nothing is left of anybody afterwards, and every end is told once.
  private func closeEverything(_ pair: inout Pair) throws {
    pair.closeAll()
    let residue = pair.left.residue + pair.right.residue
    #expect(residue == 0)
    for events in [pair.leftEvents, pair.rightEvents] {
      #expect(events.children.count == events.childDowns.count)
      #expect(Set(events.children.map(\.inbound.spi)) == Set(events.childDowns.map(\.inbound)))
      #expect(events.up.map(\.id) == events.downs.map(\.id))
    }
  }
}
