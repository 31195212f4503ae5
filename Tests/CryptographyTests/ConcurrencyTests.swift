import Cryptography
import Primitives
import Testing

/// Every operation, from several threads at once, gives what it gives alone.
@Suite(.timeLimit(.minutes(5))) struct ConcurrencyTests {
  /// One digest over the results of everything there is.
  private static func transcript(seed: UInt64) throws -> [UInt8] {
    var random = SeededRandom(seed: seed)
    var results: [[UInt8]] = []
    for group in KeyExchangeGroup.allCases {
      let key = group.makePrivateKey(using: &random)
      let value = try group.publicValue(for: key)
      let secret = try group.sharedSecret(privateKey: key, peerPublicValue: value)
      results += [value, secret.withBytes { $0 }]
    }
    for hash in HashAlgorithm.allCases {
      let message = random.bytes(100)
      results += [hash.digest(message), hash.hmac(key: random.bytes(32), message)]
    }
    for cipher in BlockCipher.allCases {
      let (key, iv) = (random.bytes(cipher.keyLength), random.bytes(cipher.blockLength))
      let blocks = random.bytes(160)
      results += [cipher.encrypt(blocks, key: key, iv: iv) ?? []]
      results += [cipher.decrypt(blocks, key: key, iv: iv) ?? []]
    }
    results += [LegacyPPP.md4(random.bytes(20))]
    results += [LegacyPPP.desEncrypt(random.bytes(8), key7: random.bytes(7))]
    var system = SystemRandom()
    #expect(system.next() != system.next())
    return HashAlgorithm.sha256.digest(of: results)
  }

  @Test func manyThreadsAgreeWithOne() async throws {
    let together = try await withThrowingTaskGroup(of: (UInt64, [UInt8]).self) { group in
      for task in 0..<16 {
        group.addTask { (UInt64(task % 4), try Self.transcript(seed: UInt64(task % 4))) }
      }
      var found: [(UInt64, [UInt8])] = []
      for try await result in group { found.append(result) }
      return found
    }
    let alone = try (0..<4).map { try Self.transcript(seed: $0) }
    #expect(together.count == 16)
    #expect(together.allSatisfy { alone[Int($0.0)] == $0.1 })
  }
}
