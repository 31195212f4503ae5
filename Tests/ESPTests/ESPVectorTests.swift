import Cryptography
import ESP
import IPPacket
import Primitives
import Testing

/// Whole packets of every transform, computed elsewhere: with Python's `cryptography` 48 for the
/// ciphers and its `hmac` for the integrity algorithms, from the keys and the plaintext below.
@Suite(.timeLimit(.minutes(5))) struct ESPVectorTests {
  struct Vector: Sendable, CustomTestStringConvertible {
    var encryption: ESPTransform.Encryption
    var integrity: ESPTransform.Integrity
    /// The integrity check value.
    var icv: String

    init(
      _ encryption: ESPTransform.Encryption, _ integrity: ESPTransform.Integrity, _ icv: String
    ) {
      self.encryption = encryption
      self.integrity = integrity
      self.icv = icv
    }

    var testDescription: String { "\(encryption)-\(integrity)" }
  }

  /// IV and ciphertext of each cipher.
  static let texts: [ESPTransform.Encryption: String] = [
    .aesCBC128:
      """
    91ce568101f319b3ff639d0e97ffe07ba2c862fff04b30492af7b5e530b9a36c44389d6b1acfb550
    249d3755f9825a73
    """,
    .aesCBC192:
      """
    8669118fb6a38fa4ff9bd4d82bf37e1b5b9d1f5d59cfeb2ddf2dde0510e1cc66f1e7b9ce3272ddbd
    703690211a919802
    """,
    .aesCBC256:
      """
    5eb8b85181df08377753d37dd7eced2f3ca3cb69318d2dc033daf1e26d8850f20959a4005d5df11b
    37d473735ea65d2f
    """,
    .tripleDESCBC:
      """
    95b0debbaa959a18a3021cb3c7b1218ba70cdfed80c492d7a25ae7f328da0657b7b5940c0ebff0f7
    """,
    .aesGCM128:
      """
    a0a1a2a3a4a5a6a72b087e593075a77e242a1b687fe976cfa3c412abdbdd48cd3b0e35bf774b0d3a
    """,
    .aesGCM256:
      """
    a0a1a2a3a4a5a6a75f2955ef48f2d032f187f14eaeb9ad26299dac9bb8ae61ca2ce76e37eba13291
    """,
  ]

  static let vectors = [
    Vector(.aesCBC128, .hmacMD5, "e1e27d83a07d9458fcccd1d1"),
    Vector(.aesCBC128, .hmacSHA1, "83a4df58470ea1564cd708e5"),
    Vector(.aesCBC128, .hmacSHA256, "bacd84ffc5345b26dc32c625522d2542"),
    Vector(.aesCBC128, .hmacSHA384, "e3dca98db72204ef1e3f8504dd5e75fa4a24b55aaf0132d7"),
    Vector(
      .aesCBC128, .hmacSHA512, "e3a2dec44ac6ce3cd66dd4781452f507ca503f5d6a1a4a5667dfb9696a1a344a"),
    Vector(.aesCBC192, .hmacMD5, "4d8e65304af7702ed5f68dee"),
    Vector(.aesCBC192, .hmacSHA1, "0d919568bf7938c8f609c9fd"),
    Vector(.aesCBC192, .hmacSHA256, "35b514bd5d464a581a8cc5db0f50c1bf"),
    Vector(.aesCBC192, .hmacSHA384, "1f066623b82b9d2033c6bd90f8f1413894b8c637e7391573"),
    Vector(
      .aesCBC192, .hmacSHA512, "7b5e0baf053dcefe04cfb20c234f9d46d15bb66175042b8d63caedca66220b44"),
    Vector(.aesCBC256, .hmacMD5, "464ee813bbee95565de727eb"),
    Vector(.aesCBC256, .hmacSHA1, "f076e0628450b5024368a32a"),
    Vector(.aesCBC256, .hmacSHA256, "57e542be1b3fc29614016f367cfcdd17"),
    Vector(.aesCBC256, .hmacSHA384, "e36ffb98b9ce0b4d17e26fb084db2969c4cc607201796421"),
    Vector(
      .aesCBC256, .hmacSHA512, "b86f813c992a7786bf5648bc9c7a4627135b03f4e9cd2c63b289f177fec422dd"),
    Vector(.tripleDESCBC, .hmacMD5, "c62669751a94f121f44521ea"),
    Vector(.tripleDESCBC, .hmacSHA1, "bc901ee9769b778676c42afc"),
    Vector(.tripleDESCBC, .hmacSHA256, "419e28b391a11add5af74e5a71466518"),
    Vector(.tripleDESCBC, .hmacSHA384, "a86523ed2eda61b0de330e94223a6cb5904b7b10bb070005"),
    Vector(
      .tripleDESCBC, .hmacSHA512, "5d8cb3e941e5136de2695dcdf97afb1b996b64e2442d0e2ed41168140f1d0333"
    ),
    Vector(.aesGCM128, .none, "13e237ec6313319c5333964764276dcb"),
    Vector(.aesGCM256, .none, "02b08a5284cc3bb189529d9764bc34da"),
  ]

  private static let header = hexadecimal("12345678 00000001")
  private static let plaintext = (0..<32).map { UInt8($0) }

  /// Keys of the lengths that the RFCs say, whatever the product says.
  private static func keys(for vector: Vector) throws -> ESPKeys {
    let row = try #require(KeyLengthTests.rows.first { $0.encryption == vector.encryption })
    let integrity = try #require(
      KeyLengthTests.integrities.first { $0.integrity == vector.integrity })
    return ESPKeys(
      encryption: Secret((0..<row.keyBytes).map { UInt8(truncatingIfNeeded: $0 * 7 + 1) }),
      integrity: Secret((0..<integrity.keyBytes).map { UInt8(truncatingIfNeeded: $0 * 5 + 3) }))
  }

  @Test func everyTransformHasAVector() {
    #expect(
      Self.vectors.compactMap { ESPTransform($0.encryption, $0.integrity) } == ESPTransform.all)
  }

  @Test(arguments: ESPCryptoEngine.Kind.onThisHost, vectors)
  func sealingAndOpeningGiveTheBytesOfOthers(kind: ESPCryptoEngine.Kind, vector: Vector) throws {
    var engine = try makeEngine(kind, countMax: 1)
    let transform = try #require(ESPTransform(vector.encryption, vector.integrity))
    let keys = try Self.keys(for: vector)
    let text = hexadecimal(try #require(Self.texts[vector.encryption]))
    let packet = Self.header + text + hexadecimal(vector.icv)
    let ivBytes = text.count - Self.plaintext.count
    // The field holds what becomes the IV: with CBC its encryption does, with GCM it is the IV.
    let field = (0..<ivBytes).map { UInt8(0xA0 + $0) }
    let icv = [UInt8](repeating: 0, count: packet.count - Self.header.count - text.count)
    var arena = PacketArena(byteCount: 256)
    arena.store(Self.header + field + Self.plaintext + icv, at: 0)
    let sealing = try engine.makeCipher(transform, .seal, keys: keys)
    engine.append(sealing, offset: 0, packetBytes: packet.count)
    arena.withSpan { engine.seal(in: &$0) }
    let sealed = engine.succeeded(0)
    #expect(sealed)
    #expect(arena.bytes(0..<packet.count) == packet)
    engine.removeAll()
    let opening = try engine.makeCipher(transform, .open, keys: keys)
    arena.store(packet, at: 0)
    engine.append(opening, offset: 0, packetBytes: packet.count)
    arena.withSpan { engine.open(in: &$0) }
    let opened = engine.succeeded(0)
    #expect(opened)
    let start = Self.header.count + ivBytes
    #expect(arena.bytes(start..<start + Self.plaintext.count) == Self.plaintext)
  }
}
