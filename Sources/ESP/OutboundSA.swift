import Cryptography
import IPPacket
import Primitives

/// A security association for packets to the peer (RFC 4303 §3.3).
public struct OutboundSA: ~Copyable, Sendable {
  /// A packet on the engine's list.
  public struct Framed: Hashable, Sendable {
    /// From the SPI to the end of the ICV, which the cipher fills in.
    public var packet: Range<Int>
    /// A lifetime that this packet reached.
    public var limit: LifetimeLimit?
  }

  public let spi: UInt32
  private let cipher: ESPCipher
  public private(set) var usage: ESPUsage
  /// The last sequence number used; it never wraps.
  public private(set) var sequence: UInt32 = 0
  private let seedHigh: UInt64
  private let seedLow: UInt64
  private let ivBytes: Int
  private let blockBytes: Int
  private let icvBytes: Int

  /// The random numbers make the IVs of CBC unpredictable; GCM counts (RFC 4106 §3.1).
  public init(
    spi: UInt32, cipher: consuming ESPCipher, lifetime: ESPLifetime = .unlimited,
    using random: inout some RandomNumberGenerator
  ) {
    let counts = cipher.transform.encryption.authenticates
    seedHigh = counts ? 0 : random.next()
    seedLow = counts ? 0 : random.next()
    self.spi = spi
    ivBytes = cipher.transform.ivBytes
    blockBytes = cipher.transform.blockBytes
    icvBytes = cipher.transform.icvBytes
    self.cipher = cipher
    usage = ESPUsage(lifetime: lifetime)
  }

  /// Bytes in front of a payload.
  public var headerBytes: Int { ESPHeader.bytes + ivBytes }

  /// Bytes behind a payload of this length: padding, trailer and check value.
  public func trailerBytes(payloadBytes: Int) -> Int {
    padBytes(payloadBytes: payloadBytes) + ESPHeader.trailerBytes + icvBytes
  }

  private func padBytes(payloadBytes: Int) -> Int {
    let rest = (payloadBytes + ESPHeader.trailerBytes) % blockBytes
    return rest == 0 ? 0 : blockBytes - rest
  }

  /// Writes header, IV block, padding and trailer around `payload` and puts the packet on the list
  /// of the engine, whose next run does the rest.
  ///
  /// A refusal uses up no sequence number.
  public mutating func frame(
    _ payload: Range<Int>, nextHeader: UInt8, region: Range<Int>, in arena: inout PacketArena,
    for engine: inout ESPCryptoEngine
  ) -> Result<Framed, ESPRejection> {
    guard !usage.isExhausted, sequence < .max else { return .failure(.expired) }
    let start = payload.lowerBound - headerBytes
    let padBytes = padBytes(payloadBytes: payload.count)
    let end = payload.upperBound + padBytes + ESPHeader.trailerBytes + icvBytes
    guard start >= region.lowerBound, end <= region.upperBound else { return .failure(.noRoom) }
    sequence += 1
    arena.store(spi, at: start)
    arena.store(sequence, at: start + 4)
    arena.store(seedLow ^ UInt64(sequence), at: start + headerBytes - 8)
    if ivBytes == 16 { arena.store(seedHigh, at: start + ESPHeader.bytes) }
    var pad: UInt8 = 0
    while Int(pad) < padBytes {
      pad += 1
      arena.store(pad, at: payload.upperBound + Int(pad) - 1)
    }
    arena.store(pad, at: payload.upperBound + padBytes)
    arena.store(nextHeader, at: payload.upperBound + padBytes + 1)
    engine.append(cipher, offset: start, packetBytes: end - start)
    let limit = usage.count(bytes: end - start, sequence: sequence)
    return .success(Framed(packet: start..<end, limit: limit))
  }
}
