import Primitives
import Testing

@testable import LinuxIO

@Suite(.timeLimit(.minutes(5))) struct NetlinkMessageTests {
  private static func native(_ value: UInt32) -> [UInt8] {
    withUnsafeBytes(of: value) { Array($0) }
  }

  private static func message(
    _ type: UInt16, flags: UInt16 = 0, _ payload: [UInt8], length: UInt32? = nil,
    sequence: UInt32 = 7
  ) -> [UInt8] {
    native(length ?? UInt32(16 + payload.count)) + half(type) + half(flags) + native(sequence)
      + native(0) + payload
  }

  private static func half(_ value: UInt16) -> [UInt8] {
    withUnsafeBytes(of: value) { Array($0) }
  }

  @Test func messagesOfOneDatagramAreSplitAtFourBytes() {
    let bytes = Self.message(24, [1, 2, 3, 4, 5]) + [0, 0, 0] + Self.message(2, Self.native(0))
    let messages = NetlinkMessage.parse(bytes)
    #expect(messages.map(\.type) == [24, 2])
    #expect(messages.first?.payload == [1, 2, 3, 4, 5])
    #expect(messages.last?.acknowledgedError == 0)
    #expect(messages.allSatisfy { $0.sequence == 7 })
  }

  @Test(arguments: [0, 1, 15, 21, UInt32.max])
  func lengthThatLiesEndsTheParsing(length: UInt32) {
    let bytes = Self.message(2, Self.native(0), length: length)
    #expect(NetlinkMessage.parse(bytes).isEmpty)
  }

  @Test func everyPrefixOfAnAnswerIsHarmless() {
    let attribute: [UInt8] = [9, 0, 1, 0] + Array("text\0".utf8) + [0, 0, 0]
    let echoed = Self.message(24, [])
    let minusTwentyTwo = Self.native(UInt32(bitPattern: -22))
    let bytes = Self.message(2, flags: 0x200, minusTwentyTwo + echoed + attribute)
    let whole = NetlinkMessage.parse(bytes).first
    #expect(whole?.acknowledgedError == 22)
    #expect(whole?.explanation == "text")
    var read = 0
    for count in bytes.indices {
      var cut = Array(bytes.prefix(count))
      if count >= 4 { cut.replaceSubrange(0..<4, with: Self.native(UInt32(count))) }
      for message in NetlinkMessage.parse(cut) {
        #expect(message.acknowledgedError != 0)
        #expect(message.explanation == nil || message.explanation == "text")
        read += 1
      }
    }
    #expect(read > 0, "some prefixes are messages")
  }

  @Test func anAnswerEndsWithItsOwnAcknowledgementAndNotWithAnothers() throws {
    let stale = Self.message(24, [1], sequence: 6) + [0, 0, 0]
    let staleEnd = Self.message(2, Self.native(0), sequence: 6)
    var answer = NetlinkAnswer(to: 7)
    #expect(try answer.take(stale + staleEnd, "ask") == false)
    #expect(try answer.take(Self.message(24, [2]), "ask") == false)
    #expect(try answer.take(Self.message(2, Self.native(0)), "ask"))
    #expect(answer.messages.map(\.payload) == [[2]])
    let refusal = Self.message(2, Self.native(UInt32(bitPattern: -22)))
    #expect(throws: SystemError.self) { try answer.take(refusal, "ask") }
  }

  @Test func anAnswerOfAnotherKindOrCutShortIsNoInterfaceAndNoRoute() throws {
    let other = NetlinkMessage.parse(Self.message(20, [1, 2, 3, 4]))
    #expect(throws: SystemError.self) { try Netlink.link(named: "x", in: other, "ask") }
    #expect(throws: SystemError.self) { try Netlink.route(in: other, "ask") }
    let header: [UInt8] = [0, 0, 0, 0] + Self.native(5) + Self.native(1) + Self.native(0)
    let mtu: [UInt8] = Self.half(8) + Self.half(4) + Self.native(1400)
    let whole = header + mtu
    for count in 0..<whole.count {
      let cut = NetlinkMessage.parse(Self.message(16, Array(whole.prefix(count))))
      #expect(throws: SystemError.self) { try Netlink.link(named: "x", in: cut, "ask") }
    }
    let link = try Netlink.link(
      named: "x", in: NetlinkMessage.parse(Self.message(16, whole)), "ask")
    #expect(link.index == LinkIndex(5))
    #expect(link.mtuBytes == 1400)
    #expect(link.isUp)
  }

  @Test func randomBytesNeverTrap() {
    var random = SeededRandom(seed: 1)
    for _ in 0..<2000 {
      let count = Int.random(in: 0...96, using: &random)
      var bytes = random.bytes(count)
      if count >= 16 {
        bytes.replaceSubrange(0..<4, with: Self.native(UInt32(count)))
        bytes[4] = UInt8.random(in: 0...3, using: &random)
        bytes[5] = 0
      }
      for message in NetlinkMessage.parse(bytes) {
        _ = message.acknowledgedError
        _ = message.explanation
        _ = message.attributes(after: 12)
      }
    }
  }
}
