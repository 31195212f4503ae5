import Cryptography
import ESP
import IPPacket
import Primitives

/// Both ends of one SA around an arena of one packet.
struct SAPair: ~Copyable {
  static let spi: UInt32 = 0x1234_5678
  var arena = PacketArena(byteCount: 4_096)
  var engine: ESPCryptoEngine
  var outbound: OutboundSA
  var inbound: InboundSA
  /// The outbound keys once more, for packets that no sender makes.
  let raw: ESPCipher
  static let region = 0..<4_096
  static let start = 512

  init(
    _ transform: ESPTransform, kind: ESPCryptoEngine.Kind = .openSSL, replayWindow: Int = 64,
    lifetime: ESPLifetime = .unlimited, inboundLifetime: ESPLifetime = .unlimited
  ) throws {
    let engine = try makeEngine(kind, countMax: 64)
    var random = SeededRandom(seed: 7)
    let keys = SAPair.keys(for: transform, using: &random)
    let sealing = try engine.makeCipher(transform, .seal, keys: keys)
    let opening = try engine.makeCipher(transform, .open, keys: keys)
    raw = try engine.makeCipher(transform, .seal, keys: keys)
    outbound = OutboundSA(
      spi: Self.spi, cipher: sealing, lifetime: lifetime, using: &random)
    inbound = InboundSA(
      spi: Self.spi, cipher: opening, replayWindow: replayWindow, lifetime: inboundLifetime)
    self.engine = engine
  }

  static func keys(
    for transform: ESPTransform, using random: inout SeededRandom
  ) -> ESPKeys {
    ESPKeys(
      encryption: Secret(random.bytes(transform.encryptionKeyBytes)),
      integrity: Secret(random.bytes(transform.integrityKeyBytes)))
  }

  /// Seals a payload; the packet as it goes over the wire.
  mutating func seal(
    _ payload: [UInt8], nextHeader: UInt8 = ESPHeader.udp
  ) throws(ESPRejection) -> (packet: [UInt8], limit: LifetimeLimit?) {
    engine.removeAll()
    arena.store(payload, at: Self.start)
    let framed = try outbound.frame(
      Self.start..<Self.start + payload.count, nextHeader: nextHeader, region: Self.region,
      in: &arena, for: &engine
    ).get()
    arena.withSpan { engine.seal(in: &$0) }
    guard engine.succeeded(0) else { throw .badICV }
    return (arena.bytes(framed.packet), framed.limit)
  }

  /// What an opened packet held.
  struct Opened: Equatable {
    var payload: [UInt8]
    var nextHeader: UInt8
    var isNewest: Bool
    var limit: LifetimeLimit?
  }

  mutating func open(_ packet: [UInt8]) throws(ESPRejection) -> Opened {
    engine.removeAll()
    let range = Self.start..<Self.start + packet.count
    arena.store(packet, at: Self.start)
    if let rejection = inbound.submit(range, in: arena, to: &engine) { throw rejection }
    arena.withSpan { engine.open(in: &$0) }
    guard engine.succeeded(0) else { throw .badICV }
    let content = try inbound.accept(range, in: arena).get()
    return Opened(
      payload: arena.bytes(content.payload), nextHeader: content.nextHeader,
      isNewest: content.isNewest, limit: content.limit)
  }

  /// A packet with exactly this plaintext (payload, padding, trailer) and sequence number.
  mutating func sealRaw(
    _ plaintext: [UInt8], sequence: UInt32, iv: [UInt8] = []
  ) -> [UInt8] {
    let transform = raw.transform
    let header = ESPHeader.bytes + transform.ivBytes
    let length = header + plaintext.count + transform.icvBytes
    arena.store(Self.spi, at: 0)
    arena.store(sequence, at: 4)
    arena.store(iv, at: ESPHeader.bytes)
    arena.store(plaintext, at: header)
    engine.removeAll()
    engine.append(raw, offset: 0, packetBytes: length)
    arena.withSpan { engine.seal(in: &$0) }
    return arena.bytes(0..<length)
  }
}
