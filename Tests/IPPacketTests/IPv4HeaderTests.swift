import IPPacket
import Primitives
import Testing

@Suite(.timeLimit(.minutes(5))) struct IPv4HeaderTests {
  /// A ping of 28 bytes.
  static let packet: [UInt8] = [
    0x45, 0, 0, 28, 0x12, 0x34, 0x40, 0, 64, 1, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 8, 0, 0, 0, 1, 2, 3,
    4,
  ]

  private func parse(_ bytes: [UInt8]) -> IPv4Header? {
    IPv4Header(parsing: arena(bytes, at: 5), 5..<5 + bytes.count)
  }

  @Test func theFieldsAreWhereTheyBelong() throws {
    let header = try #require(parse(Self.packet + [9, 9]))
    #expect(header.headerBytes == 20)
    #expect(header.totalBytes == 28)
    #expect(header.timeToLive == 64)
    #expect(header.transport == 1)
    #expect(header.source == IPv4Address(10, 0, 0, 1))
    #expect(header.destination == IPv4Address(10, 0, 0, 2))
    #expect(!header.isLaterFragment)
  }

  @Test func headersThatLieAreRefused() {
    for length in 0..<28 { #expect(parse(Array(Self.packet[..<length])) == nil) }
    for (offset, value) in [(0, 0x44), (0, 0x65), (0, 0x4F), (3, 29), (3, 19), (2, 1)] {
      var bytes = Self.packet
      bytes[offset] = UInt8(value)
      #expect(parse(bytes) == nil)
    }
  }

  @Test func loweringTheTimeToLiveKeepsTheChecksumRight() {
    var random = SeededRandom(seed: 8)
    for _ in 0..<500 {
      var bytes = Self.packet
      bytes.replaceSubrange(4..<6, with: random.bytes(2))
      bytes[8] = UInt8.random(in: 1...255, using: &random)
      var packet = arena(bytes)
      let checksum = InternetChecksum.checksum(InternetChecksum.sum(packet, 0..<20))
      packet.store(checksum, at: 10)
      IPv4Header.decrementTimeToLive(in: &packet, at: 0)
      let timeToLive = packet.uint8(at: 8)
      #expect(timeToLive == bytes[8] - 1)
      let folded = InternetChecksum.fold(InternetChecksum.sum(packet, 0..<20))
      #expect(folded == 0xFFFF)
    }
  }
}
