import Cryptography
import Primitives
import Testing

@Suite(.timeLimit(.minutes(5))) struct KeyExchangeTests {
  @Test(arguments: KeyExchangeGroup.allCases) func bothSidesAgree(group: KeyExchangeGroup) throws {
    var random = SeededRandom(seed: 2)
    for _ in 0..<3 {
      let (i, r) = (group.makePrivateKey(using: &random), group.makePrivateKey(using: &random))
      let (gi, gr) = (try group.publicValue(for: i), try group.publicValue(for: r))
      let atInitiator = try group.sharedSecret(privateKey: i, peerPublicValue: gr)
      let atResponder = try group.sharedSecret(privateKey: r, peerPublicValue: gi)
      #expect(gi.count == group.publicValueLength)
      #expect(gi != gr)
      #expect(atInitiator == atResponder)
      #expect(atInitiator.count == group.sharedSecretLength)
    }
  }

  @Test(arguments: KeyExchangeGroup.allCases) func theSameSeedGivesTheSameBytesOnTheWire(
    group: KeyExchangeGroup
  ) throws {
    var (first, second) = (SeededRandom(seed: 3), SeededRandom(seed: 3))
    let keys = (group.makePrivateKey(using: &first), group.makePrivateKey(using: &second))
    #expect(keys.0 == keys.1)
    #expect(try group.publicValue(for: keys.0) == group.publicValue(for: keys.1))
    #expect(first.next() == second.next())
  }

  @Test func exponentsOfMODPGroupsHaveTheirTopBitSet() {
    var random = SeededRandom(seed: 4)
    for group in KeyExchangeGroup.allCases where MODPPrime.of(group) != nil {
      for _ in 0..<20 {
        let key = group.makePrivateKey(using: &random)
        #expect(key.count == group.privateKeyLength)
        #expect(key.withBytes { ($0.first ?? 0) & 0x80 } == 0x80)
      }
    }
  }

  /// Generators stuck at either end must still give keys that work.
  @Test(arguments: KeyExchangeGroup.allCases, [UInt64.min, UInt64.max])
  func extremeRandomNumbersGiveUsableKeys(group: KeyExchangeGroup, word: UInt64) throws {
    var random = Stuck(word: word)
    let key = group.makePrivateKey(using: &random)
    let publicValue = try group.publicValue(for: key)
    #expect(publicValue.count == group.publicValueLength)
  }

  /// RFC 6989 §2.3 is about the peer's; these are ours: 0, n and the longest number are no scalars.
  @Test func scalarsOutsideTheOrderAreRefused() {
    let orders: [(KeyExchangeGroup, String)] = [
      (.ecp256, "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"),
      (
        .ecp384,
        """
        ffffffffffffffffffffffffffffffffffffffffffffffff
        c7634d81f4372ddf581a0db248b0a77aecec196accc52973
        """
      ),
    ]
    for (group, order) in orders {
      let n = bytes(hex: order)
      for scalar in [bytes(0, count: n.count), n, bytes(0xff, count: n.count)] {
        #expect(throws: CryptographyError.invalidPrivateKey) {
          try group.publicValue(for: Secret(scalar))
        }
      }
      var largest = n
      largest[n.count - 1] &-= 1
      #expect(throws: Never.self) { try group.publicValue(for: Secret(largest)) }
    }
  }

  @Test(arguments: KeyExchangeGroup.allCases) func privateKeysOfOtherLengthsAreRefused(
    group: KeyExchangeGroup
  ) throws {
    var random = SeededRandom(seed: 5)
    let peer = try group.publicValue(for: group.makePrivateKey(using: &random))
    for length in [0, 1, group.privateKeyLength - 1, group.privateKeyLength + 1, 1000] {
      let key = Secret(bytes(1, count: length))
      #expect(throws: CryptographyError.invalidPrivateKey) { try group.publicValue(for: key) }
      #expect(throws: CryptographyError.invalidPrivateKey) {
        try group.sharedSecret(privateKey: key, peerPublicValue: peer)
      }
    }
    // Curve25519 makes a usable key of any bytes (RFC 7748 §5).
    let zero = Secret(bytes(0, count: group.privateKeyLength))
    guard group != .x25519 else {
      #expect(try group.publicValue(for: zero).count == group.publicValueLength)
      return
    }
    #expect(throws: CryptographyError.invalidPrivateKey) { try group.publicValue(for: zero) }
  }
}

/// A generator that gives the same number for ever.
private struct Stuck: RandomNumberGenerator {
  var word: UInt64
  mutating func next() -> UInt64 { word }
}
