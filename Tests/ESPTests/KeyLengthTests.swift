import Cryptography
import Primitives
import Testing

/// The lengths of the RFCs in a table of its own: an end that is wrong about them agrees with
/// another copy of itself.
@Suite(.timeLimit(.minutes(5))) struct KeyLengthTests {
  struct Row: Sendable {
    var encryption: ESPTransform.Encryption
    var keyBytes: Int
    var ivBytes: Int
    var blockBytes: Int
  }

  /// RFC 3602 §2.3 and §2.4, RFC 2451 §2.2 and §2.4, RFC 4106 §3.1, §3.2 and §8.1 (four bytes of
  /// salt).
  static let rows = [
    Row(encryption: .aesCBC128, keyBytes: 16, ivBytes: 16, blockBytes: 16),
    Row(encryption: .aesCBC192, keyBytes: 24, ivBytes: 16, blockBytes: 16),
    Row(encryption: .aesCBC256, keyBytes: 32, ivBytes: 16, blockBytes: 16),
    Row(encryption: .tripleDESCBC, keyBytes: 24, ivBytes: 8, blockBytes: 8),
    Row(encryption: .aesGCM128, keyBytes: 20, ivBytes: 8, blockBytes: 4),
    Row(encryption: .aesGCM256, keyBytes: 36, ivBytes: 8, blockBytes: 4),
  ]

  struct IntegrityRow: Sendable {
    var integrity: ESPTransform.Integrity
    var keyBytes: Int
    /// Of the integrity check value; for GCM its 16 bytes of tag (RFC 4106 §6).
    var icvBytes: Int
  }

  /// RFC 2403 §2 and §3, RFC 2404 §2 and §3, RFC 4868 §2.6.
  static let integrities = [
    IntegrityRow(integrity: .none, keyBytes: 0, icvBytes: 16),
    IntegrityRow(integrity: .hmacMD5, keyBytes: 16, icvBytes: 12),
    IntegrityRow(integrity: .hmacSHA1, keyBytes: 20, icvBytes: 12),
    IntegrityRow(integrity: .hmacSHA256, keyBytes: 32, icvBytes: 16),
    IntegrityRow(integrity: .hmacSHA384, keyBytes: 48, icvBytes: 24),
    IntegrityRow(integrity: .hmacSHA512, keyBytes: 64, icvBytes: 32),
  ]

  @Test(arguments: ESPTransform.all)
  func everyLengthIsTheRFCs(transform: ESPTransform) throws {
    let row = try #require(Self.rows.first { $0.encryption == transform.encryption })
    let integrity = try #require(Self.integrities.first { $0.integrity == transform.integrity })
    #expect(transform.encryptionKeyBytes == row.keyBytes)
    #expect(transform.ivBytes == row.ivBytes)
    #expect(transform.blockBytes == row.blockBytes)
    #expect(transform.integrityKeyBytes == integrity.keyBytes)
    #expect(transform.icvBytes == integrity.icvBytes)
  }

  /// RFC 4868 §2.7.2.1 to §2.7.2.3, the first case of each: "Hi There" under a key of 0x0b as long
  /// as the digest, the code cut to its half.
  @Test(
    arguments: [
      (.hmacSHA256, .sha256, "198a607eb44bfbc69903a0f1cf2bbdc5"),
      (.hmacSHA384, .sha384, "b6a8d5636f5c6a7224f9977dcf7ee6c7fb6d0c48cbdee973"),
      (
        .hmacSHA512, .sha512,
        "637edc6e01dce7e6742a99451aae82df23da3e92439e590e43e761b33e910fb8"
      ),
    ] as [(ESPTransform.Integrity, HashAlgorithm, String)])
  func integrityCodesAreThoseOfRFC4868(
    integrity: ESPTransform.Integrity, hash: HashAlgorithm, code: String
  ) throws {
    let transform = try #require(ESPTransform(.aesCBC128, integrity))
    let key = [UInt8](repeating: 0x0B, count: transform.integrityKeyBytes)
    let whole = hash.hmac(key: key, Array("Hi There".utf8))
    #expect(Array(whole.prefix(transform.icvBytes)) == hexadecimal(code))
  }

  @Test(arguments: ESPCryptoEngine.Kind.onThisHost, ESPTransform.all)
  func aKeyOneByteShorterOrLongerMakesNoCipher(
    kind: ESPCryptoEngine.Kind, transform: ESPTransform
  ) throws {
    let engine = try makeEngine(kind, countMax: 1)
    let row = try #require(Self.rows.first { $0.encryption == transform.encryption })
    let integrity = try #require(Self.integrities.first { $0.integrity == transform.integrity })
    for (encryptionBytes, integrityBytes, isRight) in [
      (row.keyBytes, integrity.keyBytes, true), (row.keyBytes - 1, integrity.keyBytes, false),
      (row.keyBytes + 1, integrity.keyBytes, false), (0, integrity.keyBytes, false),
      (row.keyBytes, integrity.keyBytes + 1, false),
      (row.keyBytes, max(0, integrity.keyBytes - 1), integrity.keyBytes == 0),
    ] {
      let keys = ESPKeys(
        encryption: Secret([UInt8](repeating: 1, count: encryptionBytes)),
        integrity: Secret([UInt8](repeating: 2, count: integrityBytes)))
      for direction in [ESPCipher.Direction.seal, .open] {
        var refusal: ESPCipherError?
        do throws(ESPCipherError) {
          _ = try engine.makeCipher(transform, direction, keys: keys)
        } catch {
          refusal = error
        }
        #expect(refusal == (isRight ? nil : .wrongKeyLength))
      }
    }
  }
}
