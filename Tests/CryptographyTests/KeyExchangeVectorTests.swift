import Cryptography
import Primitives
import Testing

/// Known answers: RFC 5903 and RFC 7748 for the curves, independent integer arithmetic for the MODP groups.
@Suite(.timeLimit(.minutes(5))) struct KeyExchangeVectorTests {
  struct CurveVector: Sendable {
    var group: KeyExchangeGroup
    var i: String
    var gi: String
    var r: String
    var gr: String
    var gir: String
  }

  static let curveVectors = [
    // RFC 5903 §8.1.
    CurveVector(
      group: .ecp256,
      i: "c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433",
      gi: """
        dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c3772581180
        5271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3
        """,
      r: "c6ef9c5d78ae012a011164acb397ce2088685d8f06bf9be0b283ab46476bee53",
      gr: """
        d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf63
        56fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab
        """,
      gir: "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de"),
    // RFC 5903 §8.2.
    CurveVector(
      group: .ecp384,
      i: """
        099f3c7034d4a2c699884d73a375a67f7624ef7c6b3c0f16
        0647b67414dce655e35b538041e649ee3faef896783ab194
        """,
      gi: """
        667842d7d180ac2cde6f74f37551f55755c7645c20ef73e3
        1634fe72b4c55ee6de3ac808acb4bdb4c88732aee95f41aa
        9482ed1fc0eeb9cafc4984625ccfc23f65032149e0e144ad
        a024181535a0f38eeb9fcff3c2c947dae69b4c634573a81c
        """,
      r: """
        41cb0779b4bdb85d47846725fbec3c9430fab46cc8dc5060
        855cc9bda0aa2942e0308312916b8ed2960e4bd55a7448fc
        """,
      gr: """
        e558dbef53eecde3d3fccfc1aea08a89a987475d12fd950d
        83cfa41732bc509d0d1ac43a0336def96fda41d0774a3571
        dcfbec7aacf3196472169e838430367f66eebe3c6e70c416
        dd5f0c68759dd1fff83fa40142209dff5eaad96db9e6386c
        """,
      gir: """
        11187331c279962d93d604243fd592cb9d0a926f422e4718
        7521287e7156c5c4d603135569b9e9d09cf5d4a270f59746
        """),
    // RFC 7748 §6.1.
    CurveVector(
      group: .x25519,
      i: "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
      gi: "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
      r: "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
      gr: "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
      gir: "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"),
  ]

  @Test(arguments: curveVectors) func curvesGiveThePublishedValuesAndTheirSharedX(
    vector: CurveVector
  ) throws {
    let (i, r) = (Secret(bytes(hex: vector.i)), Secret(bytes(hex: vector.r)))
    let (gi, gr) = (bytes(hex: vector.gi), bytes(hex: vector.gr))
    let gir = Secret(bytes(hex: vector.gir))
    #expect(try vector.group.publicValue(for: i) == gi)
    #expect(try vector.group.publicValue(for: r) == gr)
    #expect(try vector.group.sharedSecret(privateKey: i, peerPublicValue: gr) == gir)
    #expect(try vector.group.sharedSecret(privateKey: r, peerPublicValue: gi) == gir)
  }

  /// RFC 7748 §5.2, the first two; the second value has the bit that must be ignored.
  @Test(arguments: [
    (
      "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
      "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
      "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"
    ),
    (
      "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
      "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
      "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"
    ),
  ])
  func curve25519MultipliesAsPublished(scalar: String, u: String, product: String) throws {
    let secret = try KeyExchangeGroup.x25519.sharedSecret(
      privateKey: Secret(bytes(hex: scalar)), peerPublicValue: bytes(hex: u))
    #expect(secret == Secret(bytes(hex: product)))
  }

  /// RFC 7748 §5.2: every product becomes the next scalar, every scalar the next u.
  @Test func curve25519MultipliesAThousandTimesAsPublished() throws {
    var (scalar, u) = (bytes(0, count: 32), bytes(0, count: 32))
    (scalar[0], u[0]) = (9, 9)
    for _ in 0..<1000 {
      let product = try KeyExchangeGroup.x25519.sharedSecret(
        privateKey: Secret(scalar), peerPublicValue: u)
      (scalar, u) = (product.withBytes { $0 }, scalar)
    }
    let published = "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51"
    #expect(scalar == bytes(hex: published))
  }

  struct MODPVector: Sendable {
    var group: KeyExchangeGroup
    /// SHA-256 of 2^x mod p.
    var publicValue: String
    /// SHA-256 of y^x mod p.
    var sharedSecret: String
    /// What to add to 2^(bits−1) + 1 for an exponent whose power of 2 begins with a zero byte.
    var shortOffset: Int
    /// SHA-256 of that power, its leading zero kept.
    var shortValue: String
  }

  /// Computed with another implementation of integers from the formulas of the RFCs, p included.
  static let modpVectors = [
    MODPVector(
      group: .modp1024,
      publicValue: "f21719bdd86d6dbe058c6f08739fa5be13e7725398bad9e283f3819c70991406",
      sharedSecret: "362d4c4e7b9144e9c62ad835be1b2d233d58949a8c1b7e1ed6468e7536815670",
      shortOffset: 1648,
      shortValue: "2aaed6a708056dedf8a1a24018d74dca34925feea9eb95f5bbe0e23b9afbb365"),
    MODPVector(
      group: .modp1536,
      publicValue: "6484731a114b589aebe5e6ee2868208281872da2b17e9191cb47607a64abcd8c",
      sharedSecret: "bad325dd23d695ac15f9af23220490274c3fb636c925ad87ec65923752f3cda9",
      shortOffset: 54,
      shortValue: "36c8b01e162469022f2194c75e0d9d5fab5e1cca7429a69300b4d71bbc04af8b"),
    MODPVector(
      group: .modp2048,
      publicValue: "d14007b52a5854fbcf2786230aa3c8f1b91bb6aff80337f899c3c2049e4e5d85",
      sharedSecret: "370e77e392eb9b420f840a03e3b1cb8b67279888025c8a1b5fb392bc68cd48b6",
      shortOffset: 93,
      shortValue: "aeab34901a41d214301b474d6de5c6a0cd0f97ea18686cf07d8b3dd8cc642316"),
    MODPVector(
      group: .modp3072,
      publicValue: "114abdf1431dd5ba0421fc6eaf37dae325bf226509195f89d905bd14cad09065",
      sharedSecret: "0bcb78d61418787367e7319aab90134419f81ad8ef331eed1d27ee0f9f848665",
      shortOffset: 224,
      shortValue: "840ac7cae246dc273635a505ac9166d939952d9b2e9b3cf189c1732799200e92"),
    MODPVector(
      group: .modp4096,
      publicValue: "3bd79ab1d47c67049ac0c2f9faa6dd0ce3f857734b1837516e0a47d8634c7238",
      sharedSecret: "faf31a293a058c7919ae4dd08466ded72a84ce63f524cd828bfb53247beadde8",
      shortOffset: 924,
      shortValue: "a22a680ab947b60249c65b730b4b6304c342af6a538deef61a90384881db9013"),
  ]

  @Test(arguments: modpVectors) func primesGiveThePowersThatArithmeticGives(
    vector: MODPVector
  ) throws {
    let group = vector.group
    let x = Secret([0x80] + (1..<UInt8(group.privateKeyLength)))
    let y = [7] + (1..<group.publicValueLength).map { UInt8(truncatingIfNeeded: $0 &* 37) }
    let publicValue = try group.publicValue(for: x)
    #expect(HashAlgorithm.sha256.digest(publicValue) == bytes(hex: vector.publicValue))
    let secret = try group.sharedSecret(privateKey: x, peerPublicValue: y)
    let digest = secret.withBytes { HashAlgorithm.sha256.digest($0) }
    #expect(digest == bytes(hex: vector.sharedSecret))
  }

  @Test(arguments: modpVectors) func leadingZerosOfAPowerAreKept(vector: MODPVector) throws {
    let group = vector.group
    var exponent = bytes(0, count: group.privateKeyLength)
    exponent[0] = 0x80
    let low = vector.shortOffset + 1
    exponent.replaceSubrange(
      (exponent.count - 2)..., with: [UInt8(low >> 8), UInt8(low & 0xff)])
    let two = bytes(0, count: group.publicValueLength - 1) + [2]
    let publicValue = try group.publicValue(for: Secret(exponent))
    let secret = try group.sharedSecret(privateKey: Secret(exponent), peerPublicValue: two)
    #expect(publicValue.first == 0)
    #expect(publicValue.count == group.publicValueLength)
    #expect(HashAlgorithm.sha256.digest(publicValue) == bytes(hex: vector.shortValue))
    #expect(secret == Secret(publicValue))
  }
}
