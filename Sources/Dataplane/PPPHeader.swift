import IPPacket

/// The header of a PPP frame inside L2TP: no flags, no check sequence (RFC 1661 §2, RFC 2661 §1).
struct PPPHeader {
  static let ipv4: UInt16 = 0x0021
  static let ipv6: UInt16 = 0x0057
  static let lcp: UInt16 = 0xC021
  /// All stations, unnumbered information.
  static let addressAndControl: UInt16 = 0xFF03
  /// The longest that is written: FF 03 and two bytes of protocol.
  static let bytesMax = 4

  var protocolNumber: UInt16
  /// What the protocol carries.
  var payload: Range<Int>

  /// Accepts every compressed form, negotiated or not. A protocol number's low byte is odd and its
  /// high byte even (RFC 1661 §2).
  init?(parsing arena: borrowing PacketArena, _ frame: Range<Int>) {
    var next = frame.lowerBound
    if frame.count >= 2, arena.uint16(at: next) == Self.addressAndControl { next += 2 }
    guard next < frame.upperBound else { return nil }
    let first = arena.uint8(at: next)
    // FF is no protocol: it is an address without its control field.
    guard first != 0xFF else { return nil }
    if first & 1 == 1 {
      protocolNumber = UInt16(first)
      payload = next + 1..<frame.upperBound
      return
    }
    guard frame.upperBound - next >= 2 else { return nil }
    protocolNumber = arena.uint16(at: next)
    guard protocolNumber & 1 == 1 else { return nil }
    payload = next + 2..<frame.upperBound
  }
}
