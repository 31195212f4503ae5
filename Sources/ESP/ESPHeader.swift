/// Numbers of the ESP packet format (RFC 4303 §2).
public enum ESPHeader {
  /// SPI and sequence number.
  public static let bytes = 8
  /// Pad length and next header.
  public static let trailerBytes = 2
  /// SPIs 1…255 are reserved and 0 is never on the wire (RFC 4303 §2.1).
  public static let spiMin: UInt32 = 256
  /// Next header: UDP.
  public static let udp: UInt8 = 17
  /// Next header: a dummy packet, to be discarded in silence (RFC 4303 §2.6).
  public static let noNextHeader: UInt8 = 59
}

/// Why an ESP packet was not accepted, or could not be made.
public enum ESPRejection: UInt8, Error, Hashable, Sendable, CaseIterable {
  /// Shorter than SPI, sequence number, IV, one block and ICV, or not whole blocks.
  case badLength
  /// Sequence number 0, which no sender uses (RFC 4303 §2.2).
  case sequenceZero
  /// Seen before, or left of the replay window.
  case replayed
  /// The integrity check failed.
  case badICV
  /// Pad length beyond the payload, or padding bytes that do not count 1, 2, 3 … (RFC 4303 §2.4).
  case badPadding
  /// The SA reached a hard lifetime, or its last sequence number.
  case expired
  /// Not enough room around the payload for header, padding and check value.
  case noRoom
}
