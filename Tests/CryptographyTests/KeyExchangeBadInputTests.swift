import Cryptography
import Primitives
import Testing

/// What a peer may put into its Key Exchange payload instead of a public value.
@Suite(.timeLimit(.minutes(5))) struct KeyExchangeBadInputTests {
  private func expectRefusal(_ value: [UInt8], by group: KeyExchangeGroup) {
    var random = SeededRandom(seed: 6)
    let privateKey = group.makePrivateKey(using: &random)
    #expect(throws: CryptographyError.invalidPublicValue) {
      try group.sharedSecret(privateKey: privateKey, peerPublicValue: value)
    }
  }

  private func expectAcceptance(_ value: [UInt8], by group: KeyExchangeGroup) {
    var random = SeededRandom(seed: 6)
    let privateKey = group.makePrivateKey(using: &random)
    #expect(throws: Never.self) {
      try group.sharedSecret(privateKey: privateKey, peerPublicValue: value)
    }
  }

  private func publicValue(in group: KeyExchangeGroup) throws -> [UInt8] {
    var random = SeededRandom(seed: 7)
    return try group.publicValue(for: group.makePrivateKey(using: &random))
  }

  @Test(arguments: KeyExchangeGroup.allCases) func badInput13KEEmpty(group: KeyExchangeGroup) {
    expectRefusal([], by: group)
  }

  /// For the curves this is also how some encode the point at infinity.
  @Test(arguments: KeyExchangeGroup.allCases) func badInput13KEZero(group: KeyExchangeGroup) {
    expectRefusal(bytes(0, count: group.publicValueLength), by: group)
  }

  @Test(arguments: KeyExchangeGroup.allCases) func badInput13KEOne(group: KeyExchangeGroup) {
    var one = bytes(0, count: group.publicValueLength)
    // Curve25519 alone is little-endian.
    one[group == .x25519 ? 0 : one.count - 1] = 1
    expectRefusal(one, by: group)
  }

  /// Not curve25519: there it is u = 18, written in a way that must be accepted (RFC 7748 §5).
  @Test(arguments: KeyExchangeGroup.allCases.filter { $0 != .x25519 })
  func badInput13KEAllOnes(group: KeyExchangeGroup) {
    expectRefusal(bytes(0xff, count: group.publicValueLength), by: group)
  }

  @Test(arguments: KeyExchangeGroup.allCases) func badInput13KETooShortOrTooLong(
    group: KeyExchangeGroup
  ) throws {
    let value = try publicValue(in: group)
    for length in [1, value.count / 2, value.count - 1] {
      expectRefusal(Array(value.prefix(length)), by: group)
    }
    expectRefusal(value + [0], by: group)
    expectRefusal([0] + value, by: group)
    expectRefusal(bytes(2, count: 65_531), by: group)
  }

  @Test(arguments: KeyExchangeGroup.allCases.filter { MODPPrime.of($0) != nil })
  func badInput13KEAtThePrimeIsRefusedAndTwoBelowIsNot(group: KeyExchangeGroup) throws {
    let prime = try #require(MODPPrime.of(group))
    expectRefusal(adding(1, to: prime), by: group)
    expectRefusal(prime, by: group)
    expectRefusal(adding(-1, to: prime), by: group)
    expectAcceptance(adding(-2, to: prime), by: group)
    expectAcceptance(bytes(0, count: prime.count - 1) + [2], by: group)
  }

  @Test(arguments: [KeyExchangeGroup.ecp256, .ecp384]) func badInput13KEPointOffTheCurve(
    group: KeyExchangeGroup
  ) throws {
    let value = try publicValue(in: group)
    expectAcceptance(value, by: group)
    for bit in 0..<8 * value.count {
      var moved = value
      moved[bit / 8] ^= 1 << UInt8(bit % 8)
      expectRefusal(moved, by: group)
    }
    let half = value.count / 2
    expectRefusal(Array(value.suffix(half) + value.prefix(half)), by: group)
  }

  /// x = 0 is on both curves; x = p names the same point in a second, forbidden way.
  @Test func badInput13KECoordinateNotBelowTheFieldsPrime() {
    let points: [(KeyExchangeGroup, p: String, y: String)] = [
      (
        .ecp256, "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
        "66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4"
      ),
      (
        .ecp384,
        """
        ffffffffffffffffffffffffffffffffffffffffffffffff
        fffffffffffffffeffffffff0000000000000000ffffffff
        """,
        """
        c306610fb0ae5a159cf45c06069f22a6c5eb3641c602d42d
        ea2c4b4f75550793406d80d2b91ad54f9048bd487af1ade1
        """
      ),
    ]
    for (group, p, y) in points {
      let (prime, ordinate) = (bytes(hex: p), bytes(hex: y))
      expectAcceptance(bytes(0, count: prime.count) + ordinate, by: group)
      expectRefusal(prime + ordinate, by: group)
      expectRefusal(ordinate + prime, by: group)
    }
  }

  /// All points of small order: 0, 1, two of order 8, p−1, and p and p+1, which are 0 and 1 again;
  /// the highest bit is ignored (RFC 7748 §5, §6.1).
  @Test(arguments: [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  ])
  func badInput13KEThatMakesTheSecretOfCurve25519Zero(u: String) throws {
    var value = bytes(hex: u)
    expectRefusal(value, by: .x25519)
    value[31] |= 0x80
    expectRefusal(value, by: .x25519)
    // A refusal leaves nothing behind that the next exchange would stumble over.
    expectAcceptance(try publicValue(in: .x25519), by: .x25519)
    expectAcceptance(bytes(0xff, count: 32), by: .x25519)
  }

  @Test(arguments: KeyExchangeGroup.allCases) func badInput12KEOfAnotherGroup(
    group: KeyExchangeGroup
  ) throws {
    for other in KeyExchangeGroup.allCases where other != group {
      expectRefusal(try publicValue(in: other), by: group)
    }
  }

  private func adding(_ difference: Int, to number: [UInt8]) -> [UInt8] {
    var (sum, carry) = (number, difference)
    for index in sum.indices.reversed() {
      let digit = Int(sum[index]) + carry
      sum[index] = UInt8(digit & 0xff)
      carry = digit >> 8
    }
    return sum
  }
}
