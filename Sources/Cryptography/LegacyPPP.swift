import CCryptography

/// MD4 and single DES, broken since long, which MS-CHAPv2 is made of (RFC 2759 §8).
///
/// OpenSSL keeps them in its `legacy` module. Ask `isAvailable` once at start: without the module
/// both functions end the process with a sentence.
public enum LegacyPPP {
  /// Whether this host's OpenSSL has the `legacy` module.
  public static var isAvailable: Bool { cc_legacy_available() == 0 }

  /// The MD4 digest (RFC 1320), 16 bytes.
  public static func md4(_ message: [UInt8]) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: 16)
    guard unsafe cc_md4(message, message.count, &digest) == 0 else { endWithoutLegacyModule() }
    return digest
  }

  /// DES in ECB of one 8-byte block under a 7-byte key (RFC 2759 §8.6 DesEncrypt), 8 bytes; empty
  /// when `block` or `key7` has another length.
  public static func desEncrypt(_ block: [UInt8], key7: [UInt8]) -> [UInt8] {
    guard block.count == 8, key7.count == 7 else { return [] }
    var ciphertext = [UInt8](repeating: 0, count: 8)
    let key = keyWithParityBits(key7)
    guard unsafe cc_des_encrypt(block, key, &ciphertext) == 0 else { endWithoutLegacyModule() }
    return ciphertext
  }

  /// Spreads 56 bits over eight bytes, seven to each from the top; the lowest bit, DES's parity,
  /// is ignored by the cipher and stays zero.
  private static func keyWithParityBits(_ key7: [UInt8]) -> [UInt8] {
    let bits = key7.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return (0..<8).map { UInt8(truncatingIfNeeded: bits >> (49 - 7 * UInt64($0))) << 1 }
  }

  private static func endWithoutLegacyModule() -> Never {
    unsafe cc_end_process(
      "MS-CHAPv2 needs OpenSSL's legacy module (legacy.so), which this host lacks.")
  }
}
