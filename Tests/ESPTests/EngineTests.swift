import Cryptography
import ESP
import IPPacket
import Primitives
import Testing

/// The engines against each other.
@Suite(.timeLimit(.minutes(5))) struct EngineTests {
  /// Many packets of many SAs in one arena.
  private struct Bench: ~Copyable {
    static let strideBytes = 2_048
    static let count = 64
    var arena = PacketArena(byteCount: Self.strideBytes * Self.count)
    var packets: [Range<Int>] = []
    var engine: ESPCryptoEngine
    let isOpening: Bool

    init(_ kind: ESPCryptoEngine.Kind, isOpening: Bool) throws {
      engine = try makeEngine(kind, countMax: Self.count)
      self.isOpening = isOpening
    }

    /// Runs every packet once, `batchCount` at a time; transforms take turns within a batch.
    mutating func run(batchCount: Int, transforms: [ESPTransform]) throws -> [Bool] {
      var ciphers = Slab<ESPCipher>(countMax: transforms.count)
      for transform in transforms {
        var random = SeededRandom(seed: 21)
        let keys = SAPair.keys(for: transform, using: &random)
        _ = ciphers.insert(
          try engine.makeCipher(transform, isOpening ? .open : .seal, keys: keys))
      }
      var results: [Bool] = []
      for first in stride(from: 0, to: packets.count, by: batchCount) {
        engine.removeAll()
        let batch = first..<min(first + batchCount, packets.count)
        for index in batch {
          engine.append(
            ciphers[index % transforms.count], offset: packets[index].lowerBound,
            packetBytes: packets[index].count)
        }
        if isOpening {
          arena.withSpan { engine.open(in: &$0) }
        } else {
          arena.withSpan { engine.seal(in: &$0) }
        }
        results += (0..<batch.count).map { engine.succeeded($0) }
      }
      return results
    }

    mutating func fill(with contents: [[UInt8]]) {
      packets = contents.enumerated().map { index, bytes in
        arena.store(bytes, at: index * Self.strideBytes)
        return index * Self.strideBytes..<index * Self.strideBytes + bytes.count
      }
    }

    var contents: [[UInt8]] { packets.map { arena.bytes($0) } }
  }

  /// Packets of all lengths, the next transform for each.
  private static func plain(_ transforms: [ESPTransform]) -> [[UInt8]] {
    var random = SeededRandom(seed: 22)
    return (0..<Bench.count).map { index in
      let transform = transforms[index % transforms.count]
      let blocks = index == 0 ? 1 : Int.random(in: 1...1_500 / transform.blockBytes, using: &random)
      return random.bytes(
        8 + transform.ivBytes + blocks * transform.blockBytes + transform.icvBytes)
    }
  }

  @Test(
    .enabled(
      if: ESPCryptoEngine.Kind.onThisHost.contains(.multiBuffer), "Intel's library is amd64's"),
    arguments: [1, 6, 64])
  func bothEnginesSealAndOpenTheSameBytes(batchCount: Int) throws {
    for transforms in ESPTransform.all.map({ [$0] }) + [ESPTransform.all] {
      var mine = try Bench(.openSSL, isOpening: false)
      var theirs = try Bench(.multiBuffer, isOpening: false)
      var opening = try Bench(.multiBuffer, isOpening: true)
      var reference = try Bench(.openSSL, isOpening: true)
      let plain = Self.plain(transforms)
      mine.fill(with: plain)
      theirs.fill(with: plain)
      let sealed = try mine.run(batchCount: batchCount, transforms: transforms)
      let same = try theirs.run(batchCount: batchCount, transforms: transforms)
      #expect(sealed == same && sealed.allSatisfy { $0 })
      let wire = mine.contents
      #expect(wire == theirs.contents)
      // One packet of each batch is forged.
      var forged = wire
      for index in stride(from: 0, to: forged.count, by: batchCount) {
        forged[index][forged[index].count - 1] ^= 1
      }
      opening.fill(with: forged)
      reference.fill(with: forged)
      let opened = try opening.run(batchCount: batchCount, transforms: transforms)
      let expected = try reference.run(batchCount: batchCount, transforms: transforms)
      #expect(opened == expected)
      #expect(opened == (0..<Bench.count).map { $0 % batchCount != 0 })
      let results = zip(opening.contents, reference.contents)
      for (index, (one, other)) in results.enumerated() where opened[index] {
        #expect(one == other)
      }
    }
  }

  @Test(arguments: ESPCryptoEngine.Kind.onThisHost)
  func packetsThatDoNotFitFailAndTouchNothing(kind: ESPCryptoEngine.Kind) throws {
    var engine = try makeEngine(kind, countMax: 8)
    var arena = PacketArena(byteCount: 100)
    for transform in ESPTransform.all {
      var random = SeededRandom(seed: 23)
      let keys = SAPair.keys(for: transform, using: &random)
      let cipher = try engine.makeCipher(transform, .open, keys: keys)
      let around = 8 + transform.ivBytes + transform.icvBytes
      engine.removeAll()
      for (offset, bytes) in [
        (0, 0), (0, 8), (0, around), (0, around + transform.blockBytes + 1),
        (101, around + transform.blockBytes), (90, around + transform.blockBytes),
        (Int.max, 1), (-1, Int.max),
      ] {
        engine.append(cipher, offset: offset, packetBytes: bytes)
      }
      arena.withSpan { engine.open(in: &$0) }
      let results = (0..<8).map { engine.succeeded($0) }
      #expect(results == Array(repeating: false, count: 8))
      // A cipher for opening seals nothing.
      engine.removeAll()
      engine.append(cipher, offset: 0, packetBytes: around + transform.blockBytes)
      arena.withSpan { engine.seal(in: &$0) }
      let sealed = engine.succeeded(0)
      #expect(!sealed)
    }
    #expect(arena.bytes(0..<100) == Array(repeating: 0, count: 100))
  }
}
