import Cryptography
import ESP
import IPPacket
import Primitives
import Testing

/// Packets that others made.
@Suite(.timeLimit(.minutes(5))) struct CaptureTests {
  private static func open(
    _ packet: [UInt8], _ sa: inout InboundSA, _ engine: inout ESPCryptoEngine
  ) throws -> (payload: [UInt8], nextHeader: UInt8) {
    var arena = PacketArena(byteCount: 2_048)
    arena.store(packet, at: 64)
    engine.removeAll()
    let range = 64..<64 + packet.count
    if let rejection = sa.submit(range, in: arena, to: &engine) { throw rejection }
    arena.withSpan { engine.open(in: &$0) }
    guard engine.succeeded(0) else { throw ESPRejection.badICV }
    let content = try sa.accept(range, in: arena).get()
    return (arena.bytes(content.payload), content.nextHeader)
  }

  @Test(arguments: ESPCryptoEngine.Kind.onThisHost)
  func everyPacketOfALinuxKernelOpensToL2TP(kind: ESPCryptoEngine.Kind) throws {
    var engine = try makeEngine(kind, countMax: 1)
    let transform = try #require(ESPTransform(.aesCBC256, .hmacSHA256))
    var opened = 0
    for direction in KernelCapture.directions {
      let keys = ESPKeys(
        encryption: Secret(hexadecimal(direction.encryption)),
        integrity: Secret(hexadecimal(direction.integrity)))
      var sa = InboundSA(
        spi: direction.spi, cipher: try engine.makeCipher(transform, .open, keys: keys))
      for packet in KernelCapture.packets {
        guard packet.prefix(4).reduce(0, { $0 << 8 | UInt32($1) }) == direction.spi else {
          continue
        }
        let (payload, nextHeader) = try Self.open(packet, &sa, &engine)
        #expect(nextHeader == ESPHeader.udp)
        #expect(payload[0..<4] == [0x06, 0xA5, 0x06, 0xA5])
        #expect(Int(payload[4]) << 8 | Int(payload[5]) == payload.count)
        #expect(payload[9] & 0x0F == 2)
        opened += 1
      }
    }
    #expect(opened == KernelCapture.packets.count)
    #expect(opened == 42)
  }

  /// RFC 3602 §4, case 5: an ESP packet in transport mode (there without integrity, so the ICV is
  /// added here).
  @Test func theExampleOfRFC3602OpensToItsPing() throws {
    var engine = try makeEngine(.openSSL, countMax: 1)
    let key = hexadecimal("90d382b4 10eeba7a d938c46c ec1a82bf")
    let iv = hexadecimal("e96e8c08 ab465763 fd098d45 dd3ff893")
    let text = hexadecimal(
      """
      f663c25d 325c18c6 a9453e19 4e120849 a4870b66 cc6b9965 330013b4 898dc856
      a4699e52 3a55db08 0b59ec3a 8e4b7e52 775b07d1 db34ed9c 538ab50c 551b874a
      a269add0 47ad2d59 13ac19b7 cfbad4a6
      """)
    let integrityKey = Array(repeating: UInt8(3), count: 20)
    let header = hexadecimal("00004321 00000001")
    let icv = HashAlgorithm.sha1.hmac(key: integrityKey, header, iv, text)[0..<12]
    let transform = try #require(ESPTransform(.aesCBC128, .hmacSHA1))
    let keys = ESPKeys(encryption: Secret(key), integrity: Secret(integrityKey))
    var sa = InboundSA(spi: 0x4321, cipher: try engine.makeCipher(transform, .open, keys: keys))
    let (payload, nextHeader) = try Self.open(header + iv + text + icv, &sa, &engine)
    #expect(nextHeader == 1)
    #expect(
      payload
        == hexadecimal("08000ebd a70a0000 8e9c083d b95b0700") + (8...55).map { UInt8($0) })
  }

  /// draft-mcgrew-gcm-test-01 §4, case 3: AES-256-GCM-16 with sequence numbers of 32 bits.
  @Test(arguments: ESPCryptoEngine.Kind.onThisHost)
  func anESPExampleOfGCMOpens(kind: ESPCryptoEngine.Kind) throws {
    var engine = try makeEngine(kind, countMax: 1)
    let key = hexadecimal(
      "abbccddef00112233445566778899aababbccddef00112233445566778899aab 11223344")
    let packet = hexadecimal(
      """
      4a2cbfe300000002 0102030405060708
      ff425c9b724599df7a3bcd510194e00d6a78107f1b0b1cbf06efae9d65a5d763748a637985771d347f0545659f14e99d
      ef842d8eb335f4eecfdbf831824b4c4915956c96
      """)
    let transform = try #require(ESPTransform(.aesGCM256))
    let keys = ESPKeys(encryption: Secret(key), integrity: Secret([]))
    var sa = InboundSA(
      spi: 0x4A2C_BFE3, cipher: try engine.makeCipher(transform, .open, keys: keys))
    let (payload, nextHeader) = try Self.open(packet, &sa, &engine)
    #expect(nextHeader == 1)
    #expect(
      payload
        == hexadecimal(
          """
          4500003069a6400080062690c0a801029389155e0a9e008b2dc57ee000000000
          7002400020bf0000020405b401010402
          """))
  }
}
