import Cryptography
import Testing

/// Known answers for the classic messages of FIPS 180; those of RFC 1321 §A.5 are the first two.
@Suite(.timeLimit(.minutes(5))) struct DigestTests {
  struct Vector: Sendable {
    var hash: HashAlgorithm
    /// Digests of the empty message, of "abc", of the 448-bit message and of a million a's.
    var digests: [String]
  }

  static let vectors = [
    Vector(
      hash: .md5,
      digests: [
        "d41d8cd98f00b204e9800998ecf8427e",
        "900150983cd24fb0d6963f7d28e17f72",
        "8215ef0796a20bcaaae116d3876c664a",
        "7707d6ae4e027c70eea2a935c2296f21",
      ]),
    Vector(
      hash: .sha1,
      digests: [
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "a9993e364706816aba3e25717850c26c9cd0d89d",
        "84983e441c3bd26ebaae4aa1f95129e5e54670f1",
        "34aa973cd4c4daa4f61eeb2bdbad27316534016f",
      ]),
    Vector(
      hash: .sha256,
      digests: [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
      ]),
    Vector(
      hash: .sha384,
      digests: [
        """
        38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da
        274edebfe76f65fbd51ad2f14898b95b
        """,
        """
        cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed
        8086072ba1e7cc2358baeca134c825a7
        """,
        """
        3391fdddfc8dc7393707a65b1b4709397cf8b1d162af05abfe8f450de5f36bc6
        b0455a8520bc4e6f5fe95b1fe3c8452b
        """,
        """
        9d0e1809716474cb086e834e310a4a1ced149e9c00f248527972cec5704c2a5b
        07b8b3dc38ecc4ebae97ddd87f3d8985
        """,
      ]),
    Vector(
      hash: .sha512,
      digests: [
        """
        cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce
        47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e
        """,
        """
        ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a
        2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f
        """,
        """
        204a8fc6dda82f0a0ced7beb8e08a41657c16ef468b228a8279be331a703c335
        96fd15c13b1b07f9aa1d3bea57789ca031ad85c7a71dd70354ec631238ca3445
        """,
        """
        e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973eb
        de0ff244877ea60a4cb0432ce577c31beb009c5c2c49aa2e4eadb217ad8cc09b
        """,
      ]),
  ]

  @Test(arguments: vectors) func digestsAreThePublishedOnes(vector: Vector) {
    let messages = [
      [], bytes("abc"), bytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
      bytes(0x61, count: 1_000_000),
    ]
    #expect(vector.digests.count == messages.count)
    for (message, digest) in zip(messages, vector.digests) {
      #expect(vector.hash.digest(message) == bytes(hex: digest))
    }
  }

  @Test(arguments: HashAlgorithm.allCases) func partsCountAsTheirConcatenation(
    hash: HashAlgorithm
  ) {
    let whole = hash.digest(bytes("abcdef"))
    #expect(whole.count == hash.digestLength)
    #expect(hash.digest(bytes("ab"), [], bytes("cdef")) == whole)
    #expect(hash.digest(of: [bytes("abc"), bytes("def")]) == whole)
    #expect(hash.digest() == hash.digest([]))
    #expect(hash.digest(of: []) == hash.digest([]))
  }
}
