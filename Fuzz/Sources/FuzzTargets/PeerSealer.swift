import Cryptography
import Dataplane
import ESP
import IPPacket
import Primitives

/// A peer's outbound SA: seals whatever a script says under the right keys.
struct PeerSealer: ~Copyable {
  private var engine: ESPCryptoEngine
  private var sa: OutboundSA
  private var arena = PacketArena(byteCount: Self.arenaBytes)

  /// The longest content that is sealed.
  static let contentBytesMax = 2_048
  private static let arenaBytes = contentBytesMax + 256
  private static let headroomBytes = 64

  /// `nil` when the cryptographic library refuses the transform.
  init?(spi: UInt32, transform: ESPTransform, keys: ESPKeys, using random: inout SeededRandom) {
    guard let engine = ESPCryptoEngine(.openSSL, countMax: 1),
      let cipher = try? engine.makeCipher(transform, .seal, keys: keys)
    else { return nil }
    self.engine = engine
    sa = OutboundSA(spi: spi, cipher: cipher, using: &random)
  }

  /// `content` as UDP payload from and to port 1701.
  mutating func seal(udp content: [UInt8]) -> [UInt8] {
    var writer = ByteWriter()
    for value in [1_701, 1_701, UInt16(clamping: content.count + 8), 0] as [UInt16] {
      writer.write(value)
    }
    writer.write(content)
    return seal(writer.bytes, nextHeader: ESPHeader.udp)
  }

  /// `content` as it is; empty when it is too long.
  mutating func seal(_ content: [UInt8], nextHeader: UInt8) -> [UInt8] {
    guard content.count <= Self.contentBytesMax else { return [] }
    arena.store(content, at: Self.headroomBytes)
    engine.removeAll()
    let framed = sa.frame(
      Self.headroomBytes..<Self.headroomBytes + content.count, nextHeader: nextHeader,
      region: 0..<arena.byteCount, in: &arena, for: &engine)
    guard case .success(let packet) = framed else { return [] }
    arena.withSpan { engine.seal(in: &$0) }
    return arena.bytes(packet.packet)
  }
}
