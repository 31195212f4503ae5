import Primitives
import Testing

@Suite(.timeLimit(.minutes(5))) struct InstantTests {
  @Test func additionSaturatesInsteadOfTrapping() {
    #expect(Instant(nanoseconds: .max) + .seconds(1) == Instant(nanoseconds: .max))
    #expect(Instant(nanoseconds: .min) - .seconds(1) == Instant(nanoseconds: .min))
    #expect(Instant.zero + .seconds(2) - .milliseconds(500) == Instant(nanoseconds: 1_500_000_000))
    #expect(Instant(nanoseconds: 5) - Instant(nanoseconds: 8) == .nanoseconds(-3))
  }
}

@Suite(.timeLimit(.minutes(5))) struct ByteReaderTests {
  @Test func readsPastTheEndReturnNothingAndMoveNothing() {
    var reader = ByteReader([1, 2, 3])
    let tooLong = reader.readUInt32()
    #expect(tooLong == nil)
    let first = reader.readUInt16()
    #expect(first == 0x0102)
    let outside = [reader.readBytes(2), reader.readBytes(-1)]
    #expect(outside == [nil, nil])
    let last = reader.readUInt8()
    #expect(last == 3)
    #expect(reader.isAtEnd)
  }

  @Test func aSliceEndsWhereItWasCut() {
    var reader = ByteReader([1, 2, 3, 4])
    var slice = reader.readSlice(2)
    let cut = slice?.readRest()
    #expect(cut == [1, 2])
    let past = slice?.readUInt8()
    #expect(past == nil)
    let rest = reader.readRest()
    #expect(rest == [3, 4])
  }
}

@Suite(.timeLimit(.minutes(5))) struct ByteWriterTests {
  @Test func aLengthFieldCoversWhatItWasTold() {
    var writer = ByteWriter()
    writer.write(UInt16(0xaabb))
    writer.writeLength16(coveringBefore: 2) { $0.write(UInt8(9)) }
    #expect(writer.bytes == [0xaa, 0xbb, 0, 5, 9])
  }
}

@Suite(.timeLimit(.minutes(5))) struct SecretTests {
  @Test func comparesByContentAndPrintsNothing() {
    #expect(Secret(text: "abc") == Secret(text: "abc"))
    #expect(Secret(text: "abc") != Secret(text: "abd"))
    #expect("\(Secret(text: "abc"))" == "<secret>")
    #expect("\(Secret(text: ""))" == "<secret>")
  }

  /// Every length in use for a secret, a hash or a response, and each of its bytes.
  @Test(arguments: 0...64)
  func equalityLooksAtEveryByte(count: Int) {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) }
    #expect(equalInConstantTime(bytes, bytes))
    #expect(Secret(bytes) == Secret(bytes))
    for position in bytes.indices {
      for bit in 0..<8 {
        var other = bytes
        other[position] ^= 1 << UInt8(bit)
        let isEqual = equalInConstantTime(bytes, other) || equalInConstantTime(other, bytes)
        #expect(!isEqual, "byte \(position), bit \(bit)")
        #expect(Secret(bytes) != Secret(other))
      }
    }
  }

  /// Two differences must not cancel each other out.
  @Test func equalDifferencesAtTwoPlacesAreDifferences() {
    let bytes = [UInt8](repeating: 0x5A, count: 32)
    for first in bytes.indices {
      for second in bytes.indices where second != first {
        var other = bytes
        other[first] ^= 0x81
        other[second] ^= 0x81
        let isEqual = equalInConstantTime(bytes, other)
        #expect(!isEqual)
      }
    }
  }

  @Test(arguments: 0...64)
  func otherLengthsAreNeverEqual(count: Int) {
    let bytes = [UInt8](repeating: 0, count: count)
    for other in 0...64 where other != count {
      let longer = [UInt8](repeating: 0, count: other)
      let isEqual = equalInConstantTime(bytes, longer)
      #expect(!isEqual)
      #expect(Secret(bytes) != Secret(longer))
    }
  }

  @Test(arguments: 0...64)
  func wipingLeavesZeros(count: Int) {
    var bytes = [UInt8](repeating: 0xFF, count: count)
    wipe(&bytes)
    #expect(bytes == [UInt8](repeating: 0, count: count))
  }
}

@Suite(.timeLimit(.minutes(5))) struct AddressTests {
  @Test(arguments: [
    ("::", "::"), ("::1", "::1"), ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
    ("fe80::", "fe80::"), ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"), ("10.0.0.1", "10.0.0.1"),
  ])
  func textIsReadAndWritten(_ text: String, _ canonical: String) {
    #expect(IPAddress(text)?.description == canonical)
  }

  @Test(arguments: [
    "", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1..2.3", ":::", "1::2::3", "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9", "g::", "12345::", "+1.2.3.4", "1:2:3:4::5:6:7:8",
  ])
  func whatIsNoAddressIsRefused(_ text: String) {
    #expect(IPAddress(text) == nil)
  }

  @Test func prefixesContainTheirOwnFamilyOnly() throws {
    let block = try #require(IPPrefix("10.1.0.0/16"))
    #expect(block.contains(.v4(IPv4Address(10, 1, 255, 3))))
    #expect(!block.contains(.v4(IPv4Address(10, 2, 0, 0))))
    let all = try #require(IPPrefix("0.0.0.0/0"))
    #expect(all.contains(.v4(IPv4Address(1, 2, 3, 4))))
    #expect(!all.contains(.v6(IPv6Address(high: 0, low: 1))))
    #expect(IPPrefix("10.0.0.0/33") == nil)
    #expect(IPPrefix("10.0.0.0/-1") == nil)
  }
}

@Suite(.timeLimit(.minutes(5))) struct DeadlineQueueTests {
  @Test func theEarliestLeavesFirstAndTiesInOrder() {
    var queue = DeadlineQueue<Int>()
    queue.set(.zero + .seconds(3), for: 1)
    queue.set(.zero + .seconds(1), for: 2)
    queue.set(.zero + .seconds(1), for: 3)
    queue.set(.zero + .seconds(2), for: 1)
    queue.set(nil, for: 3)
    queue.set(.zero + .seconds(1), for: 4)
    #expect(queue.next == .zero + .seconds(1))
    let early = queue.popDue(at: .zero)
    #expect(early == nil)
    let end = Instant.zero + .seconds(9)
    let order = (0..<4).map { _ in queue.popDue(at: end) }
    #expect(order == [2, 4, 1, nil])
    #expect(queue.next == nil)
  }

  @Test func aThousandRandomChangesLeaveAModelAndTheQueueEqual() {
    var random = SeededRandom(seed: 7)
    var queue = DeadlineQueue<UInt8>()
    var model: [UInt8: Instant] = [:]
    for _ in 0..<1_000 {
      let key = UInt8.random(in: 0..<20, using: &random)
      let due =
        Bool.random(using: &random)
        ? nil : Instant(nanoseconds: Int64.random(in: 0..<100, using: &random))
      queue.set(due, for: key)
      model[key] = due
      #expect(queue.next == model.values.min())
      #expect(queue.count == model.count)
    }
  }
}

@Suite(.timeLimit(.minutes(5))) struct BoundedQueueTests {
  @Test func theElementPastTheLimitIsRefusedAndCounted() {
    var queue = BoundedQueue<Int>(countMax: 2)
    let accepted = (1...3).map { queue.append($0) }
    #expect(accepted == [true, true, false])
    #expect(queue.refused == 1)
    let oldest = queue.popFirst()
    #expect(oldest == 1)
    queue.append(4)
    let rest = [queue.popFirst(), queue.popFirst(), queue.popFirst()]
    #expect(rest == [2, 4, nil])
  }
}

@Suite(.timeLimit(.minutes(5))) struct OutboxTests {
  @Test func elementsLeaveInTheirOrderWhileOthersCome() {
    var outbox = Outbox<Int>()
    outbox.append(1)
    outbox.append(2)
    let first = outbox.popFirst()
    outbox.append(3)
    let rest = (0..<3).map { _ in outbox.popFirst() }
    #expect(first == 1)
    #expect(rest == [2, 3, nil])
    outbox.append(4)
    let again = outbox.popFirst()
    #expect(again == 4)
  }
}
