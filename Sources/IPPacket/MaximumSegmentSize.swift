import Primitives

/// Lowers the maximum segment size that a TCP connection's first packets announce, so that its
/// segments fit the tunnel even where ICMP does not get through.
public enum MaximumSegmentSize {
  private static let tcpHeaderBytesMin = 20
  private static let syn: UInt8 = 0x02

  /// The largest segment that fits an IP packet of `packetBytes` bytes without options.
  public static func fitting(packetBytes: Int) -> UInt16 {
    UInt16(clamping: packetBytes - IPv4Header.bytesMin - tcpHeaderBytesMin)
  }

  /// Clamps the option (RFC 9293 §3.2) of the packet at `start` to `segmentBytesMax` and mends the
  /// TCP checksum; returns whether it changed something. Anything that is not a TCP segment with
  /// SYN, or whose options do not parse, stays as it is.
  @discardableResult
  public static func clamp(
    in arena: inout PacketArena, at start: Int, _ header: IPv4Header, to segmentBytesMax: UInt16
  ) -> Bool {
    guard header.transport == IPv4Header.tcp, !header.isLaterFragment else { return false }
    let tcp = start + header.headerBytes
    let end = start + header.totalBytes
    guard tcp + tcpHeaderBytesMin <= end, arena.uint8(at: tcp + 13) & syn != 0 else {
      return false
    }
    let optionsEnd = tcp + Int(arena.uint8(at: tcp + 12) >> 4) * 4
    guard optionsEnd <= end,
      let field = findOption(arena, from: tcp + tcpHeaderBytesMin, to: optionsEnd)
    else { return false }
    let announced = arena.uint16(at: field)
    guard announced > segmentBytesMax else { return false }
    arena.store(segmentBytesMax, at: field)
    mendChecksum(in: &arena, tcp: tcp, field: field, from: announced, to: segmentBytesMax)
    return true
  }

  /// The offset of the option's value. Every turn moves on by one byte at least: a length of 0 or
  /// 1 ends the search.
  private static func findOption(
    _ arena: borrowing PacketArena, from first: Int, to end: Int
  ) -> Int? {
    var option = first
    while option < end {
      switch arena.uint8(at: option) {
      case 0: return nil
      case 1: option += 1
      case let kind:
        guard option + 2 <= end else { return nil }
        let length = Int(arena.uint8(at: option + 1))
        guard length >= 2, option + length <= end else { return nil }
        if kind == 2 { return length == 4 ? option + 2 : nil }
        option += length
      }
    }
    return nil
  }

  /// Options need not lie on even offsets; then the changed bytes straddle two checksum words and
  /// each counts in the other half of its word.
  private static func mendChecksum(
    in arena: inout PacketArena, tcp: Int, field: Int, from before: UInt16, to after: UInt16
  ) {
    let swaps = (field - tcp) % 2 != 0
    let checksum = arena.uint16(at: tcp + 16)
    arena.store(
      InternetChecksum.update(
        checksum, replacing: swaps ? before.byteSwapped : before,
        by: swaps ? after.byteSwapped : after),
      at: tcp + 16)
  }
}
