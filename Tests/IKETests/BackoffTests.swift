import IKE
import Primitives
import Testing

@Suite(.timeLimit(.minutes(5))) struct BackoffTests {
  /// The instants, in seconds, at which the left side sent something.
  private func seconds(_ pair: borrowing Pair) -> [Int64] {
    pair.sent(by: .left).map { ($0.at - .zero).wholeSeconds }
  }

  @Test func ik2RetransmissionsGoOutAt4And12And28UpTo228Seconds() throws {
    var pair = try makePair()
    pair.network = { _, _, _ in [] }
    _ = pair.connect()
    pair.run(for: .seconds(1000))
    #expect(seconds(pair) == [0, 4, 12, 28, 52, 84, 124, 172, 228])
  }

  @Test func ik3WithoutBackoffEveryGapIsTheTimeout() throws {
    var pair = try makePair(left: {
      $0.isakmp.backoff = MessageBackoff(retryLimit: 3, timeoutSeconds: 5, mode: .none)
    })
    pair.network = { _, _, _ in [] }
    _ = pair.connect()
    pair.run(for: .seconds(1000))
    #expect(seconds(pair) == [0, 5, 10, 15])
    let down = try #require(pair.leftEvents.downs.first)
    #expect(down.reason == .retriesExhausted)
  }

  @Test func ik4TheExchangeEnds64SecondsAfterTheLastRetransmission() throws {
    var pair = try makePair()
    pair.network = { _, _, _ in [] }
    let id = pair.connect()
    pair.run(until: Instant.zero + .seconds(292) - .nanoseconds(1))
    #expect(pair.leftEvents.downs.isEmpty)
    pair.run(until: Instant.zero + .seconds(292))
    #expect(pair.leftEvents.downs.map(\.id) == [id])
    #expect(pair.leftEvents.failures.map(\.reason) == [.retriesExhausted])
    #expect(pair.left.nextTimeout == nil)
  }

  @Test func anAnswerToTheLastRetransmissionStillCounts() throws {
    var pair = try makePair()
    pair.network = { side, transmit, index in
      side == .left && index < 8 ? [] : [.milliseconds(10)]
    }
    _ = pair.connect()
    pair.run(for: .seconds(400))
    #expect(pair.leftEvents.children.count == 1)
  }

  @Test func ik1ALimitOfZeroSendsOnce() throws {
    var pair = try makePair(left: { $0.isakmp.backoff = MessageBackoff(retryLimit: 0) })
    pair.network = { _, _, _ in [] }
    _ = pair.connect()
    pair.run(for: .seconds(1000))
    #expect(seconds(pair) == [0])
    #expect(pair.leftEvents.downs.count == 1)
  }

  @Test(arguments: [(-1, 4), (1025, 4), (8, 0), (8, 86_401)])
  func ik1ValuesOutOfRangeAreRefused(limit: Int, timeout: Int) {
    #expect(throws: ISAKMPConfigurationError.self) {
      _ = try makePair(left: {
        $0.isakmp.backoff = MessageBackoff(retryLimit: limit, timeoutSeconds: timeout)
      })
    }
  }

  @Test func ik5RetransmissionsAreByteIdentical() throws {
    var pair = try makePair(left: { $0.isakmp.deadPeerDetection = nil })
    // Only the right side's answers are lost, so that every message of the left is repeated.
    pair.network = { side, _, index in side == .right && index < 12 ? [] : [.milliseconds(10)] }
    _ = pair.connect()
    pair.run(for: .seconds(200))
    let bytes = pair.sent(by: .left).map(\.transmit.bytes)
    #expect(Set(bytes).count == 5)
    #expect(bytes.count > 8)
  }

  @Test func ik5ARepeatedRequestGetsTheStoredAnswerWithoutComputation() throws {
    var pair = try makePair()
    _ = pair.connect()
    pair.run(for: .seconds(1))
    // Message 5 again, then quick mode message 1 again.
    let requests = pair.sent(by: .left).map(\.transmit)
    let answers = pair.sent(by: .right).map(\.transmit.bytes)
    for (request, answer) in [(requests[2], answers[2]), (requests[3], answers[3])] {
      pair.right.receive(
        request.bytes, on: pair.translated(request.path, from: .left), at: pair.now,
        using: &pair.random)
      let repeated = pair.right.nextTransmit()
      let job = pair.right.nextJob()
      if request.bytes == requests[2].bytes {
        #expect(repeated?.bytes == answer)
      } else {
        // Message 3 was seen, so message 2 need not be repeated.
        #expect(repeated == nil)
      }
      #expect(job == nil)
    }
  }

  @Test func ik5TheResponderOfMainModeNeverRetransmits() throws {
    var pair = try makePair()
    pair.network = { side, _, index in side == .left && index > 0 ? [] : [.milliseconds(10)] }
    _ = pair.connect()
    pair.run(for: .seconds(400))
    #expect(pair.sent(by: .right).count == 1)
    #expect(pair.right.halfOpenCount == 0)
  }

  @Test func theResponderOfQuickModeRepeatsItsAnswerUntilConfirmed() throws {
    var pair = try makePair()
    // Quick mode message 3 is the left side's fifth.
    var seen = 0
    pair.network = { side, transmit, _ in
      guard side == .left else { return [.milliseconds(10)] }
      seen += 1
      return seen == 5 ? [] : [.milliseconds(10)]
    }
    _ = pair.connect()
    pair.run(for: .seconds(2))
    #expect(pair.rightEvents.children.count == 1)
    #expect(pair.rightEvents.ready.isEmpty)
    pair.run(for: .seconds(4))
    #expect(pair.rightEvents.ready.count == 1)
    #expect(pair.leftEvents.children.count == 1)
  }
}
