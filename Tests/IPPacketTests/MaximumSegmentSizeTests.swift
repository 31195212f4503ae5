import IPPacket
import Primitives
import Testing

@Suite(.timeLimit(.minutes(5))) struct MaximumSegmentSizeTests {
  /// An IPv4 packet with a TCP segment that has these options; checksums right.
  private static func packet(
    options: [UInt8], flags: UInt8 = 0x02, dataOffset: UInt8? = nil, fragment: UInt16 = 0
  ) -> [UInt8] {
    let padded = options + Array(repeating: 0, count: (4 - options.count % 4) % 4)
    var tcp = ByteWriter()
    tcp.write(UInt32(0x1234_0050))
    tcp.write(UInt64(7))
    tcp.write((dataOffset ?? UInt8(5 + padded.count / 4)) << 4)
    tcp.write(flags)
    tcp.write(UInt16(1_000))
    tcp.write(UInt32(0))
    tcp.write(padded)
    tcp.overwrite(InternetChecksum.checksum(tcpSum(tcp.bytes)), at: 16)
    var ip = ByteWriter()
    ip.write([0x45, 0])
    ip.write(UInt16(20 + tcp.count))
    ip.write(UInt16(1))
    ip.write(fragment)
    ip.write([64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2])
    return ip.bytes + tcp.bytes
  }

  private static func tcpSum(_ segment: [UInt8]) -> UInt64 {
    let pseudoHeader = InternetChecksum.pseudoHeader(
      .v4(IPv4Address(10, 0, 0, 1)), .v4(IPv4Address(10, 0, 0, 2)), transport: 6,
      transportBytes: segment.count)
    return InternetChecksum.sum(arena(segment), 0..<segment.count, initial: pseudoHeader)
  }

  /// The packet after clamping to 1,360, and whether it was changed.
  private static func clamped(_ bytes: [UInt8]) throws -> (bytes: [UInt8], changed: Bool) {
    var arena = arena(bytes, at: 7)
    let parsed = IPv4Header(parsing: arena, 7..<7 + bytes.count)
    let header = try #require(parsed)
    let changed = MaximumSegmentSize.clamp(in: &arena, at: 7, header, to: 1_360)
    return (arena.bytes(7..<7 + bytes.count), changed)
  }

  @Test func aLargerAnnouncementIsLoweredAndTheChecksumStaysRight() throws {
    for before: [UInt8] in [[], [1], [1, 1, 1], [4, 2], [3, 3, 7], [8, 10] + Array(0..<8)] {
      let (bytes, changed) = try Self.clamped(Self.packet(options: before + [2, 4, 0x05, 0xB4]))
      #expect(changed)
      let value = 40 + before.count + 2
      #expect(bytes[value..<value + 2] == [0x05, 0x50])
      #expect(InternetChecksum.fold(Self.tcpSum(Array(bytes[20...]))) == 0xFFFF)
    }
  }

  @Test func whatIsSmallEnoughOrNoSYNStaysAsItIs() throws {
    let large: [UInt8] = [2, 4, 0x05, 0xB4]
    for packet in [
      Self.packet(options: [2, 4, 0x05, 0x50]), Self.packet(options: large, flags: 0x10),
      Self.packet(options: large, fragment: 0x0010), Self.packet(options: [0] + large),
      Self.packet(options: []),
    ] {
      let (bytes, changed) = try Self.clamped(packet)
      #expect(!changed)
      #expect(bytes == packet)
    }
  }

  @Test func badInput58OptionsOfLengthZeroOrOneOrTooLongEndTheSearch() throws {
    let large: [UInt8] = [2, 4, 0x05, 0xB4]
    for options: [UInt8] in [
      [8, 0] + large, [8, 1] + large, [2, 0, 5, 0xB4], [2, 3, 5, 0xB4], [2, 5, 5, 0xB4, 1],
      [8, 200] + large, [8], [1, 1, 1, 2], [1, 1, 2, 4],
    ] {
      let packet = Self.packet(options: options)
      let (bytes, changed) = try Self.clamped(packet)
      #expect(!changed)
      #expect(bytes == packet)
    }
  }

  @Test func headersThatClaimTooMuchAreLeftAlone() throws {
    for dataOffset: UInt8 in [0, 4, 7, 15] {
      let packet = Self.packet(options: [2, 4, 0x05, 0xB4], dataOffset: dataOffset)
      let (bytes, changed) = try Self.clamped(packet)
      #expect(!changed)
      #expect(bytes == packet)
    }
    let whole = Self.packet(options: [2, 4, 0x05, 0xB4])
    for length in 20..<44 {
      var cut = Array(whole[..<length])
      cut[3] = UInt8(length)
      let (bytes, changed) = try Self.clamped(cut)
      #expect(!changed)
      #expect(bytes == cut)
    }
  }
}
