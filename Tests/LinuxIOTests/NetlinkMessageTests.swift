import Primitives
import Testing

@testable import LinuxIO

@Suite(.timeLimit(.minutes(5))) struct NetlinkMessageTests {
  private static func native(_ value: UInt32) -> [UInt8] {
    withUnsafeBytes(of: value) { Array($0) }
  }

  private static func message(
    _ type: UInt16, flags: UInt16 = 0, _ payload: [UInt8], length: UInt32? = nil
  ) -> [UInt8] {
    let half = withUnsafeBytes(of: (type, flags)) { Array($0) }
    return native(length ?? UInt32(16 + payload.count)) + half + native(7) + native(0) + payload
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
    for count in bytes.indices {
      var cut = Array(bytes.prefix(count))
      if count >= 4 { cut.replaceSubrange(0..<4, with: Self.native(UInt32(count))) }
      for message in NetlinkMessage.parse(cut) {
        #expect(message.acknowledgedError != 0)
        _ = message.explanation
      }
    }
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
