import Cryptography
import ESP
import IPPacket
import Primitives

extension FuzzTarget {
  /// The ESP opener: packets of a peer that has the keys and writes what it likes under them,
  /// damaged, replayed and cut on the way. Both implementations of the ciphers must agree.
  static let espOpener = FuzzTarget(
    name: "esp-opener", inputBytesMax: 2_048,
    seeds: {
      (0..<ESPTransform.all.count).map { transform in
        let payload = [UInt8](0..<40) + [0, 17]
        let packet: [UInt8] = [0, 0, 0, 0, 1, 0, UInt8(payload.count)] + payload + [1, 2]
        return [UInt8(transform)] + packet + [3, 0, 20, 1, 2] + [4, 0, 30, 2]
      }
    },
    run: { input in
      var script = Script(input)
      let transform = ESPTransform.all[Int(script.byte()) % ESPTransform.all.count]
      guard var opener = ESPOpener(transform) else { return }
      while !script.isAtEnd { opener.step(&script) }
    })
}

/// The engines, made once: a multi-buffer engine takes a millisecond to make.
private final class Engines {
  nonisolated(unsafe) static let shared = Engines()

  var openSSL = ESPCryptoEngine(.openSSL, countMax: 1)
  /// `nil` where the host lacks it.
  var multiBuffer = ESPCryptoEngine(.multiBuffer, countMax: 1)
}

/// One inbound SA and its malicious peer.
struct ESPOpener: ~Copyable {
  private static let spi: UInt32 = 0x1000
  private static let packetBytesMax = 2_048

  private let transform: ESPTransform
  private let sealer: ESPCipher
  private var sa: InboundSA
  /// The same SA for the other engine.
  private var twin: InboundSA?
  /// The packet under way.
  private var packet: [UInt8] = []
  private var accepted: Set<UInt32> = []

  init?(_ transform: ESPTransform) {
    let keys = ESPKeys(
      encryption: Secret([UInt8](repeating: 0x41, count: transform.encryptionKeyBytes)),
      integrity: Secret([UInt8](repeating: 0x42, count: transform.integrityKeyBytes)))
    self.transform = transform
    guard let sealer = try? Engines.shared.openSSL?.makeCipher(transform, .seal, keys: keys),
      let cipher = try? Engines.shared.openSSL?.makeCipher(transform, .open, keys: keys)
    else { return nil }
    sa = InboundSA(spi: Self.spi, cipher: cipher)
    self.sealer = sealer
    twin = nil
    if let cipher = try? Engines.shared.multiBuffer?.makeCipher(transform, .open, keys: keys) {
      twin = InboundSA(spi: Self.spi, cipher: cipher)
    }
  }

  /// Transition table of the script's language.
  mutating func step(_ script: inout Script) {
    switch script.byte() & 0x7 {
    case 0:
      let sequence = UInt32(script.word()) << 16 | UInt32(script.word())
      seal(script.chunk(), sequence: sequence)
    case 1, 2: open()
    case 3:
      let position = Int(script.word())
      let mask = script.byte()
      if !packet.isEmpty { packet[position % packet.count] ^= mask }
    case 4:
      let count = Int(script.word())
      if !packet.isEmpty { packet.removeLast(packet.count - count % packet.count) }
    case 5: packet = script.chunk()
    default: packet += script.chunk()
    }
    packet.removeLast(max(0, packet.count - Self.packetBytesMax))
  }

  /// Seals `plaintext`, trailer included, as it is; only the length is made whole blocks.
  private mutating func seal(_ plaintext: [UInt8], sequence: UInt32) {
    var writer = ByteWriter()
    writer.write(Self.spi)
    writer.write(sequence)
    writer.write(repeating: 0x43, count: transform.ivBytes)
    let blocks = min(plaintext.count, 1_024) / transform.blockBytes
    writer.write(Array(plaintext.prefix(blocks * transform.blockBytes)))
    writer.write(repeating: 0, count: transform.icvBytes)
    var arena = PacketArena(byteCount: writer.count)
    arena.store(writer.bytes, at: 0)
    guard var engine = Engines.shared.openSSL.take() else { return }
    engine.removeAll()
    engine.append(sealer, offset: 0, packetBytes: writer.count)
    arena.withSpan { engine.seal(in: &$0) }
    packet = engine.succeeded(0) ? arena.bytes(0..<writer.count) : writer.bytes
    Engines.shared.openSSL = consume engine
  }

  private mutating func open() {
    guard !packet.isEmpty, var engine = Engines.shared.openSSL.take() else { return }
    let result = Self.open(packet, by: &sa, &engine)
    Engines.shared.openSSL = consume engine
    if case .accepted(let sequence, _) = result {
      require(accepted.insert(sequence).inserted, "sequence \(sequence) was accepted twice")
    }
    guard var other = twin.take(), var engine = Engines.shared.multiBuffer.take() else { return }
    require(
      Self.open(packet, by: &other, &engine) == result,
      "the implementations of \(transform) differ")
    Engines.shared.multiBuffer = consume engine
    twin = consume other
  }

  private enum Opening: Equatable {
    case rejected(ESPRejection)
    case accepted(sequence: UInt32, payload: [UInt8])
  }

  private static func open(
    _ packet: [UInt8], by sa: inout InboundSA, _ engine: inout ESPCryptoEngine
  ) -> Opening {
    // Exactly as long as the packet: a read beyond it is one beyond the allocation.
    var arena = PacketArena(byteCount: packet.count)
    arena.store(packet, at: 0)
    let range = 0..<packet.count
    engine.removeAll()
    if let rejection = sa.submit(range, in: arena, to: &engine) { return .rejected(rejection) }
    arena.withSpan { engine.open(in: &$0) }
    guard engine.succeeded(0) else { return .rejected(.badICV) }
    switch sa.accept(range, in: arena) {
    case .failure(let rejection): return .rejected(rejection)
    case .success(let content):
      require(
        range.lowerBound <= content.payload.lowerBound
          && content.payload.upperBound <= range.upperBound, "a payload outside its packet")
      return .accepted(sequence: arena.uint32(at: 4), payload: arena.bytes(content.payload))
    }
  }
}
