import Cryptography
import Glibc
import Testing

@Suite(.timeLimit(.minutes(5))) struct LegacyPPPTests {
  @Test func thisHostHasTheLegacyModule() {
    #expect(LegacyPPP.isAvailable)
  }

  /// RFC 1320 §A.5.
  @Test(arguments: [
    ("", "31d6cfe0d16ae931b73c59d7e0c089c0"),
    ("a", "bde52cb31de33e46245e05fbdbd6fb24"),
    ("abc", "a448017aaf21d8525fc10ae87aa6729d"),
    ("message digest", "d9130a8164549fe818874806e1c7014b"),
    ("abcdefghijklmnopqrstuvwxyz", "d79e1c308aa5bbcdeea8ed63df412da9"),
    (
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
      "043f8582f241db351ce627e153e7f0e4"
    ),
    (
      "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
      "e33b4ddc9c38f2199c3e7b164fcc0536"
    ),
  ]) func md4DigestsAreThePublishedOnes(message: String, digest: String) {
    #expect(LegacyPPP.md4(bytes(message)) == bytes(hex: digest))
  }

  /// RFC 2759 §9.2, from the password to the peer's response.
  @Test func theMSCHAPv2ExampleGivesItsResponse() {
    let password = "clientPass".utf16.flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] }
    let passwordHash = LegacyPPP.md4(password)
    #expect(passwordHash == bytes(hex: "44ebba8d5312b8d611474411f56989ae"))
    #expect(LegacyPPP.md4(passwordHash) == bytes(hex: "41c00c584bd2d91c4017a2a12fa59f3f"))
    let challenge = HashAlgorithm.sha1.digest(
      bytes(hex: "21402324255e262a28295f2b3a337c7e"),
      bytes(hex: "5b5d7c7d7b3f2f3e3c2c602132262628"), bytes("User"))
    let eight = Array(challenge.prefix(8))
    #expect(eight == bytes(hex: "d02e4386bce91226"))
    let padded = passwordHash + bytes(0, count: 5)
    let response = stride(from: 0, to: 21, by: 7).flatMap {
      LegacyPPP.desEncrypt(eight, key7: Array(padded[$0..<$0 + 7]))
    }
    #expect(response == bytes(hex: "82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df"))
  }

  @Test func wrongLengthsGiveNothing() {
    for length in 0...24 {
      let other = bytes(1, count: length)
      let byBlock = LegacyPPP.desEncrypt(other, key7: bytes(2, count: 7))
      #expect(byBlock.count == (length == 8 ? 8 : 0))
      let byKey = LegacyPPP.desEncrypt(bytes(2, count: 8), key7: other)
      #expect(byKey.count == (length == 7 ? 8 : 0))
    }
  }

  /// In a process of its own: the module is looked for once.
  @Test func aHostWithoutTheModuleSaysSoAndEnds() async {
    await #expect(processExitsWith: .signal(SIGABRT)) {
      setenv("OPENSSL_MODULES", "/nonexistent", 1)
      guard !LegacyPPP.isAvailable else { exit(1) }
      _ = LegacyPPP.md4([])
    }
  }
}
