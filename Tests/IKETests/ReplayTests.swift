import Primitives
import Testing

@testable import IKE

/// Messages that were true once (bad inputs 22, 23 and 29).
@Suite(.timeLimit(.minutes(5))) struct ReplayTests {
  private func established() throws -> Pair {
    var pair = try makePair()
    _ = pair.connect()
    pair.run(for: .seconds(1))
    return pair
  }

  private func question(_ sequence: UInt32, _ pair: borrowing Pair) throws -> Payload {
    Forge.notify(
      .rUThere, spi: try pair.sa(of: .left).cookies.bytes, data: bigEndian(sequence))
  }

  @Test func badInput23AReplayedInformationalIsNeitherBelievedNorAnswered() throws {
    var pair = try established()
    let message = try pair.sealInformational([try question(7, pair)])
    #expect(pair.feed(message).count == 1)
    for times in 1...5 as ClosedRange<UInt64> {
      #expect(pair.feed(message).isEmpty)
      #expect(pair.right.counters.dropped(.replay) == times)
    }
    // From elsewhere it moves nobody.
    var path = Forge.path
    path.remote.port = 61_000
    #expect(pair.feed(message, on: path).isEmpty)
    #expect(pair.rightEvents.paths.isEmpty)
  }

  /// As many as `MessageIDs` remembers are refused, up to the oldest.
  @Test func badInput23TheOldestRememberedInformationalIsRefusedToo() throws {
    var pair = try established()
    let message = try pair.sealInformational([try question(7, pair)])
    pair.feed(message)
    for _ in 1..<MessageIDs.informationalsRemembered {
      pair.feed(try pair.sealInformational([Forge.notify(.replayStatus)]))
    }
    #expect(pair.right.counters.droppedByKind.isEmpty)
    pair.feed(message)
    #expect(pair.right.counters.dropped(.replay) == 1)
    // One more, and only its sequence number speaks against it: it is the last one seen.
    pair.feed(try pair.sealInformational([try question(8, pair)]))
    #expect(pair.feed(message).isEmpty)
    #expect(pair.right.counters.dropped(.replay) == 2)
  }

  /// Long after the record of an exchange is gone, its message id stays used.
  @Test(arguments: [1, 130, 1200])
  func badInput22AMessageIDIsUsedOncePerISAKMPSA(seconds: Int) throws {
    var pair = try established()
    pair.run(for: .seconds(seconds))
    let sent = pair.wire.count
    let first = try pair.held(.quick1).bytes
    pair.feed(first)
    #expect(pair.right.phase2SAs.count == 1)
    #expect(pair.rightEvents.children.count == 1)
    if seconds < 120 {
      // The stored answer, at most.
      #expect(
        pair.right.counters.duplicatesReceived + pair.right.counters.dropped(.unexpected) == 1)
    } else {
      #expect(pair.right.quickModes.isEmpty)
      #expect(pair.right.counters.dropped(.replay) == 1)
      #expect(pair.wire.count == sent)
    }
    // Another message under the same id is no better.
    let messageID = try pair.header(.quick1).messageID
    pair.forgeQuickMode1(
      [Forge.espAssociation(), Forge.nonce] + Forge.selectors(), messageID: messageID)
    #expect(pair.rightEvents.children.count == 1)
  }

  /// R-U-THERE-ACK is taken for an answer when it is one (RFC 3706 §5.4).
  @Test func badInput29OnlyTheAnswerToOurQuestionIsOne() throws {
    var pair = try established()
    let (sa, asked) = (try pair.sa(of: .left), try pair.sa(of: .right).dpdSent)
    func dropped(_ spi: [UInt8], _ data: [UInt8]) throws -> [UInt64] {
      let before = [Violation.notification, .replay].map { pair.right.counters.dropped($0) }
      pair.forgeInformational([Forge.notify(.rUThereACK, spi: spi, data: data)])
      let after = [Violation.notification, .replay].map { pair.right.counters.dropped($0) }
      return zip(after, before).map { $0 - $1 }
    }
    let spi = sa.cookies.bytes
    #expect(try dropped(spi, bigEndian(asked)) == [0, 0])
    #expect(try dropped(spi, bigEndian(asked &+ 1)) == [0, 1])
    #expect(try dropped(spi, bigEndian(asked &- 1)) == [0, 1])
    #expect(try dropped(Array(spi.reversed()), bigEndian(asked)) == [1, 0])
    #expect(try dropped([], bigEndian(asked)) == [1, 0])
    #expect(try dropped(spi, [1, 2, 3]) == [1, 0])
    #expect(try dropped(spi, bigEndian(asked) + [0]) == [1, 0])
  }

  /// Equal numbers are answered (a question sent again in a new message), older ones never.
  @Test func badInput29SequenceNumbersOnlyRunForwards() throws {
    var pair = try established()
    for (sequence, isAnswered) in [
      (100, true), (100, true), (99, false), (1, false), (101, true), (100, false),
      (101 + UInt32.max / 2, true), (101, false),
    ] as [(UInt32, Bool)] {
      let message = try pair.sealInformational([try question(sequence, pair)])
      #expect(pair.feed(message).count == (isAnswered ? 1 : 0), "\(sequence)")
    }
    #expect(pair.right.counters.dropped(.replay) == 4)
  }
}
