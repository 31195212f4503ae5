import Primitives

/// The ones' complement sum of IP, UDP and TCP (RFC 1071).
public enum InternetChecksum {
  /// The unfolded sum of `range`, added to `initial`; an odd last byte counts as if a zero
  /// followed.
  public static func sum(
    _ arena: borrowing PacketArena, _ range: Range<Int>, initial: UInt64 = 0
  ) -> UInt64 {
    var sum = initial
    var offset = range.lowerBound
    while offset <= range.upperBound - 4 {
      sum &+= UInt64(arena.uint32(at: offset))
      offset += 4
    }
    if offset <= range.upperBound - 2 {
      sum &+= UInt64(arena.uint16(at: offset))
      offset += 2
    }
    if offset < range.upperBound { sum &+= UInt64(arena.uint8(at: offset)) << 8 }
    return sum
  }

  /// The checksum field's value for a sum: folded to 16 bits and complemented.
  public static func checksum(_ sum: UInt64) -> UInt16 { ~fold(sum) }

  /// Folds a sum to 16 bits; the checksum of correct data folds to 0xFFFF.
  public static func fold(_ sum: UInt64) -> UInt16 {
    var folded = (sum >> 32) &+ (sum & 0xFFFF_FFFF)
    folded = (folded >> 16) &+ (folded & 0xFFFF)
    folded = (folded >> 16) &+ (folded & 0xFFFF)
    folded = (folded >> 16) &+ (folded & 0xFFFF)
    return UInt16(truncatingIfNeeded: folded)
  }

  /// The checksum after one 16-bit word of its data changed (RFC 1624 §3, equation 3).
  public static func update(
    _ checksum: UInt16, replacing before: UInt16, by after: UInt16
  ) -> UInt16 {
    ~fold(UInt64(~checksum) &+ UInt64(~before) &+ UInt64(after))
  }

  /// The sum of a pseudo header (RFC 768, RFC 8200 §8.1); addresses of two families sum to
  /// nothing that would ever match.
  public static func pseudoHeader(
    _ source: IPAddress, _ destination: IPAddress, transport: UInt8, transportBytes: Int
  ) -> UInt64 {
    words(of: source) &+ words(of: destination) &+ UInt64(transport)
      &+ UInt64(truncatingIfNeeded: transportBytes)
  }

  private static func words(of address: IPAddress) -> UInt64 {
    switch address {
    case .v4(let address): UInt64(address.value)
    case .v6(let address):
      (address.high >> 32) &+ (address.high & 0xFFFF_FFFF) &+ (address.low >> 32)
        &+ (address.low & 0xFFFF_FFFF)
    }
  }
}
