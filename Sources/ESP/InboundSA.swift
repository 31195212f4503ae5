import Cryptography
import IPPacket
import Primitives

/// A security association for packets from the peer (RFC 4303 §3.4).
///
/// A packet passes `submit`, then the engine (in a batch with others), then `accept`; only the last
/// moves the window and counts.
public struct InboundSA: ~Copyable, Sendable {
  /// What an accepted packet carries.
  public struct Content: Hashable, Sendable {
    /// The payload, without padding and trailer.
    public var payload: Range<Int>
    public var nextHeader: UInt8
    /// The packet is the newest of its SA: no replay of an older one.
    public var isNewest: Bool
    /// A lifetime that this packet reached.
    public var limit: LifetimeLimit?
  }

  public let spi: UInt32
  private let cipher: ESPCipher
  public private(set) var usage: ESPUsage
  private var window: ReplayWindow
  private let ivBytes: Int
  private let blockBytes: Int
  private let icvBytes: Int

  /// - Parameter replayWindow: packets, 1…`ReplayWindow.sizeMax`.
  public init(
    spi: UInt32, cipher: consuming ESPCipher, replayWindow: Int = ReplayWindow.sizeDefault,
    lifetime: ESPLifetime = .unlimited
  ) {
    self.spi = spi
    ivBytes = cipher.transform.ivBytes
    blockBytes = cipher.transform.blockBytes
    icvBytes = cipher.transform.icvBytes
    self.cipher = cipher
    window = ReplayWindow(size: replayWindow)
    usage = ESPUsage(lifetime: lifetime)
  }

  /// Puts the packet on the list of the engine, whose next run opens it, unless it can be refused
  /// before any cryptography: for its length, sequence number, the window or a lifetime.
  public mutating func submit(
    _ packet: Range<Int>, in arena: borrowing PacketArena, to engine: inout ESPCryptoEngine
  ) -> ESPRejection? {
    let around = ESPHeader.bytes + ivBytes + icvBytes
    guard packet.count >= around + blockBytes, (packet.count - around) % blockBytes == 0 else {
      return .badLength
    }
    let sequence = arena.uint32(at: packet.lowerBound + 4)
    guard sequence != 0 else { return .sequenceZero }
    guard !usage.isExhausted else { return .expired }
    guard window.admits(sequence) else { return .replayed }
    engine.append(cipher, offset: packet.lowerBound, packetBytes: packet.count)
    return nil
  }

  /// Takes a packet that `submit` took and the engine opened: moves the window, counts, and finds
  /// the payload. A packet of the same batch may have used the sequence number meanwhile.
  public mutating func accept(
    _ packet: Range<Int>, in arena: borrowing PacketArena
  ) -> Result<Content, ESPRejection> {
    let sequence = arena.uint32(at: packet.lowerBound + 4)
    guard !usage.isExhausted else { return .failure(.expired) }
    let isNewest = sequence > window.highest
    guard window.accept(sequence) else { return .failure(.replayed) }
    let limit = usage.count(bytes: packet.count, sequence: sequence)
    let start = packet.lowerBound + ESPHeader.bytes + ivBytes
    let trailer = packet.upperBound - icvBytes - ESPHeader.trailerBytes
    let padBytes = Int(arena.uint8(at: trailer))
    let nextHeader = arena.uint8(at: trailer + 1)
    guard padBytes <= trailer - start,
      Self.isPadding(arena, trailer - padBytes..<trailer)
    else { return .failure(.badPadding) }
    return .success(
      Content(
        payload: start..<trailer - padBytes, nextHeader: nextHeader, isNewest: isNewest,
        limit: limit))
  }

  /// Whether the bytes count 1, 2, 3 … (RFC 4303 §2.4, checked as §3.4.4.1 asks).
  private static func isPadding(_ arena: borrowing PacketArena, _ range: Range<Int>) -> Bool {
    var difference: UInt8 = 0
    var expected: UInt8 = 1
    for offset in range {
      difference |= arena.uint8(at: offset) ^ expected
      expected &+= 1
    }
    return difference == 0
  }
}
