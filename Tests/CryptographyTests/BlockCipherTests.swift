import Cryptography
import Primitives
import Testing

@Suite(.timeLimit(.minutes(5))) struct BlockCipherTests {
  struct Vector: Sendable {
    var cipher: BlockCipher
    var key: String
    var iv: String
    var plaintext: [UInt8]
    var ciphertext: String
  }

  /// The message that NIST SP 800-38A Appendix F encrypts in every mode.
  static let fourBlocks = bytes(
    hex: """
      6bc1bee22e409f96e93d7e117393172a ae2d8a571e03ac9c9eb76fac45af8e51
      30c81c46a35ce411e5fbc1191a0a52ef f69f2445df4f9b17ad2b417be66c3710
      """)

  static let vectors = [
    // RFC 3602 §4, cases 1 to 4.
    Vector(
      cipher: .aesCBC128, key: "06a9214036b8a15b512e03d534120006",
      iv: "3dafba429d9eb430b422da802c9fac41", plaintext: bytes("Single block msg"),
      ciphertext: "e353779c1079aeb82708942dbe77181a"),
    Vector(
      cipher: .aesCBC128, key: "c286696d887c9aa0611bbb3e2025a45a",
      iv: "562e17996d093d28ddb3ba695a2e6f58", plaintext: Array(0x00...0x1f),
      ciphertext: "d296cd94c2cccf8a3a863028b5e1dc0a7586602d253cfff91b8266bea6d61ab1"),
    Vector(
      cipher: .aesCBC128, key: "6c3ea0477630ce21a2ce334aa746c2cd",
      iv: "c782dc4c098c66cbd9cd27d825682c81",
      plaintext: bytes("This is a 48-byte message (exactly 3 AES blocks)"),
      ciphertext: """
        d0a02b3836451753d493665d33f0e886 2dea54cdb293abc7506939276772f8d5
        021c19216bad525c8579695d83ba2684
        """),
    Vector(
      cipher: .aesCBC128, key: "56e47a38c5598974bc46903dba290349",
      iv: "8ce82eefbea0da3c44699ed7db51b7d9", plaintext: Array(0xa0...0xdf),
      ciphertext: """
        c30e32ffedc0774e6aff6af0869f71aa 0f3af07a9a31a9c684db207eb0ef8e4e
        35907aa632c3ffdf868bb7b29d3d46ad 83ce9f9a102ee99d49a53e87f4c3da55
        """),
    // NIST SP 800-38A F.2.3 and F.2.5.
    Vector(
      cipher: .aesCBC192, key: "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b",
      iv: "000102030405060708090a0b0c0d0e0f", plaintext: fourBlocks,
      ciphertext: """
        4f021db243bc633d7178183a9fa071e8 b4d9ada9ad7dedf4e5e738763f69145a
        571b242012fb7ae07fa9baac3df102e0 08b0e27988598881d920a9e64f5615cd
        """),
    Vector(
      cipher: .aesCBC256,
      key: "603deb1015ca71be2b73aef0857d7781 1f352c073b6108d72d9810a30914dff4",
      iv: "000102030405060708090a0b0c0d0e0f", plaintext: fourBlocks,
      ciphertext: """
        f58c4c04d6e5f1ba779eabfb5f7bfbd6 9cfc4e967edb808d679f777bc6702c7d
        39f23369a9d9bacfa530e26304231461 b2eb05e2c39be9fcda6c19078c6a9d1b
        """),
    // NIST SP 800-67 Appendix B.1, block by block: CBC of one block after a zero vector is ECB.
    Vector(
      cipher: .tripleDESCBC, key: "0123456789abcdef 23456789abcdef01 456789abcdef0123",
      iv: "0000000000000000", plaintext: bytes("The qufc"), ciphertext: "a826fd8ce53b855f"),
    Vector(
      cipher: .tripleDESCBC, key: "0123456789abcdef 23456789abcdef01 456789abcdef0123",
      iv: "0000000000000000", plaintext: bytes("k brown "), ciphertext: "cce21c8112256fe6"),
    Vector(
      cipher: .tripleDESCBC, key: "0123456789abcdef 23456789abcdef01 456789abcdef0123",
      iv: "0000000000000000", plaintext: bytes("fox jump"), ciphertext: "68d5c05dd9b6b900"),
  ]

  @Test(arguments: vectors) func publishedVectorsWorkInBothDirections(vector: Vector) {
    let (key, iv) = (bytes(hex: vector.key), bytes(hex: vector.iv))
    let ciphertext = bytes(hex: vector.ciphertext)
    #expect(vector.cipher.encrypt(vector.plaintext, key: key, iv: iv) == ciphertext)
    #expect(vector.cipher.decrypt(ciphertext, key: key, iv: iv) == vector.plaintext)
  }

  @Test(arguments: BlockCipher.allCases) func blocksAreChainedAndDecryptionUndoesThem(
    cipher: BlockCipher
  ) throws {
    var random = SeededRandom(seed: 1)
    let key = random.bytes(cipher.keyLength)
    let iv = random.bytes(cipher.blockLength)
    let plaintext = random.bytes(100 * cipher.blockLength)
    let whole = try #require(cipher.encrypt(plaintext, key: key, iv: iv))
    #expect(cipher.decrypt(whole, key: key, iv: iv) == plaintext)
    var (chained, previous): ([UInt8], [UInt8]) = ([], iv)
    for start in stride(from: 0, to: plaintext.count, by: cipher.blockLength) {
      let block = Array(plaintext[start..<start + cipher.blockLength])
      previous = try #require(cipher.encrypt(block, key: key, iv: previous))
      chained += previous
    }
    #expect(chained == whole)
  }

  @Test(arguments: BlockCipher.allCases) func noBlocksGiveNoBlocks(cipher: BlockCipher) {
    let (key, iv) = (bytes(1, count: cipher.keyLength), bytes(2, count: cipher.blockLength))
    #expect(cipher.encrypt([], key: key, iv: iv) == [])
    #expect(cipher.decrypt([], key: key, iv: iv) == [])
  }

  @Test(arguments: BlockCipher.allCases) func badInput21PartialBlocksAreRefused(
    cipher: BlockCipher
  ) {
    let (key, iv) = (bytes(1, count: cipher.keyLength), bytes(2, count: cipher.blockLength))
    for length in 0...4 * cipher.blockLength {
      let isWhole = length % cipher.blockLength == 0
      let input = bytes(3, count: length)
      #expect((cipher.decrypt(input, key: key, iv: iv) != nil) == isWhole)
      #expect((cipher.encrypt(input, key: key, iv: iv) != nil) == isWhole)
    }
  }

  @Test(arguments: BlockCipher.allCases) func keysAndVectorsOfOtherLengthsAreRefused(
    cipher: BlockCipher
  ) {
    let block = bytes(3, count: cipher.blockLength)
    for length in 0...64 {
      let other = bytes(1, count: length)
      let key = bytes(1, count: cipher.keyLength)
      let encryptedByKey = cipher.encrypt(block, key: other, iv: block)
      #expect((encryptedByKey != nil) == (length == cipher.keyLength))
      #expect((cipher.decrypt(block, key: other, iv: block) != nil) == (encryptedByKey != nil))
      let encryptedByVector = cipher.encrypt(block, key: key, iv: other)
      #expect((encryptedByVector != nil) == (length == cipher.blockLength))
      #expect((cipher.decrypt(block, key: key, iv: other) != nil) == (encryptedByVector != nil))
    }
  }
}
