/// Which sequence numbers of an inbound SA have been seen (RFC 4303 §3.4.3).
///
/// A ring of 64-bit words in the manner of RFC 6479: advancing clears whole words, so that no step
/// shifts the bitmap. One word more than the widest window lets the window be exact.
public struct ReplayWindow: Sendable {
  private static let words = 17
  /// The widest window, in packets.
  public static let sizeMax = 1_024
  /// What RFC 4303 §3.4.3 recommends.
  public static let sizeDefault = 64

  /// Packets behind the highest that are still judged one by one; 1…1,024.
  public let size: UInt32
  /// The highest sequence number accepted; 0 before the first.
  public private(set) var highest: UInt32 = 0
  private var bitmap = InlineArray<17, UInt64>(repeating: 0)

  /// A size beyond the limits becomes the nearest one within.
  public init(size: Int = Self.sizeDefault) {
    self.size = UInt32(min(max(size, 1), Self.sizeMax))
  }

  /// Whether `sequence` could still be accepted. Asked before the packet is verified, so that
  /// replays cost no cryptography; says nothing about who sent it.
  @inline(__always)
  public func admits(_ sequence: UInt32) -> Bool {
    guard sequence != 0 else { return false }
    if sequence > highest { return true }
    guard highest &- sequence < size else { return false }
    return bitmap[Self.word(of: sequence)] & Self.bit(of: sequence) == 0
  }

  /// Marks `sequence` as seen; `false` when it has been, or is too old. Only for packets whose
  /// check value was right.
  public mutating func accept(_ sequence: UInt32) -> Bool {
    guard admits(sequence) else { return false }
    if sequence > highest {
      let newWords = min((sequence >> 6) &- (highest >> 6), UInt32(Self.words))
      var step: UInt32 = 1
      while step <= newWords {
        bitmap[Self.word(of: (highest & ~63) &+ (step &* 64))] = 0
        step &+= 1
      }
      highest = sequence
    }
    bitmap[Self.word(of: sequence)] |= Self.bit(of: sequence)
    return true
  }

  private static func word(of sequence: UInt32) -> Int { Int(sequence >> 6) % words }

  private static func bit(of sequence: UInt32) -> UInt64 { 1 << UInt64(sequence & 63) }
}
