import Primitives

/// The fields of an IPv4 header that the packet path decides by (RFC 791 §3.1).
public struct IPv4Header: Hashable, Sendable {
  public static let bytesMin = 20
  public static let udp: UInt8 = 17
  public static let tcp: UInt8 = 6

  /// Header length, options included; 20…60.
  public let headerBytes: Int
  /// Header and payload; what lies behind is link padding.
  public let totalBytes: Int
  /// Flags and fragment offset as on the wire.
  public let fragment: UInt16
  public let timeToLive: UInt8
  public let transport: UInt8
  public let source: IPv4Address
  public let destination: IPv4Address

  /// Parses the packet in `range`; `nil` when it is no whole IPv4 packet. The header checksum is
  /// left to whoever consumes the packet: nothing here depends on it.
  @inlinable
  public init?(parsing arena: borrowing PacketArena, _ range: Range<Int>) {
    let start = range.lowerBound
    guard range.count >= Self.bytesMin else { return nil }
    let first = arena.uint8(at: start)
    headerBytes = Int(first & 0x0F) * 4
    totalBytes = Int(arena.uint16(at: start + 2))
    guard first >> 4 == 4, headerBytes >= Self.bytesMin, totalBytes >= headerBytes,
      totalBytes <= range.count
    else { return nil }
    fragment = arena.uint16(at: start + 6)
    timeToLive = arena.uint8(at: start + 8)
    transport = arena.uint8(at: start + 9)
    source = IPv4Address(arena.uint32(at: start + 12))
    destination = IPv4Address(arena.uint32(at: start + 16))
  }

  /// Whether the transport header is not in this packet.
  @inlinable public var isLaterFragment: Bool { fragment & 0x1FFF != 0 }

  /// Lowers the time to live of the packet at `start` by one and mends the header checksum
  /// (RFC 1624 §3).
  /// - Precondition: the header has been parsed and its time to live is not 0.
  public static func decrementTimeToLive(in arena: inout PacketArena, at start: Int) {
    let before = arena.uint16(at: start + 8)
    precondition(before >> 8 > 0, "a time to live of zero cannot be lowered")
    let after = before - 0x0100
    let checksum = arena.uint16(at: start + 10)
    arena.store(after, at: start + 8)
    arena.store(
      InternetChecksum.update(checksum, replacing: before, by: after), at: start + 10)
  }
}
