import IPPacket
import Primitives

/// IP packets as users send them.
enum Packets {
  static func udp(
    from source: IPv4Address, to destination: IPv4Address, payload: [UInt8] = [1, 2, 3, 4],
    timeToLive: UInt8 = 64
  ) -> [UInt8] {
    var segment = ByteWriter()
    segment.write(UInt16(40_000))
    segment.write(UInt16(53))
    segment.write(UInt16(8 + payload.count))
    segment.write(UInt16(0))
    segment.write(payload)
    return ipv4(17, from: source, to: destination, segment.bytes, timeToLive: timeToLive)
  }

  /// A TCP segment with SYN and these options.
  static func syn(
    from source: IPv4Address, to destination: IPv4Address, options: [UInt8],
    dataOffset: UInt8? = nil
  ) -> [UInt8] {
    var segment = ByteWriter()
    segment.write(UInt16(40_000))
    segment.write(UInt16(443))
    segment.write(UInt32(1))
    segment.write(UInt32(0))
    segment.write((dataOffset ?? UInt8(5 + (options.count + 3) / 4)) << 4)
    segment.write(UInt8(0x02))
    segment.write(UInt16(65_535))
    segment.write(UInt16(0))
    segment.write(UInt16(0))
    segment.write(options)
    segment.write(repeating: 0, count: (4 - options.count % 4) % 4)
    segment.overwrite(tcpChecksum(segment.bytes, from: source, to: destination), at: 16)
    return ipv4(6, from: source, to: destination, segment.bytes)
  }

  static func ipv4(
    _ transport: UInt8, from source: IPv4Address, to destination: IPv4Address,
    _ payload: [UInt8], timeToLive: UInt8 = 64
  ) -> [UInt8] {
    var header = ByteWriter()
    header.write(UInt16(0x4500))
    header.write(UInt16(20 + payload.count))
    header.write(UInt32(0x1234_4000))
    header.write([timeToLive, transport, 0, 0])
    header.write(source.value)
    header.write(destination.value)
    header.overwrite(checksum(header.bytes), at: 10)
    return header.bytes + payload
  }

  static func tcpChecksum(
    _ segment: [UInt8], from source: IPv4Address, to destination: IPv4Address
  ) -> UInt16 {
    let pseudoHeader = InternetChecksum.pseudoHeader(
      .v4(source), .v4(destination), transport: 6, transportBytes: segment.count)
    return checksum(segment, initial: pseudoHeader)
  }

  static func checksum(_ bytes: [UInt8], initial: UInt64 = 0) -> UInt16 {
    var arena = PacketArena(byteCount: bytes.count + 1)
    arena.store(bytes, at: 0)
    return InternetChecksum.checksum(
      InternetChecksum.sum(arena, 0..<bytes.count, initial: initial))
  }
}
