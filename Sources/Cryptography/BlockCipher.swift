import CCryptography

/// The CBC ciphers that protect ISAKMP messages (RFC 2409 Appendix B, RFC 3602).
///
/// Whole blocks in, whole blocks out: padding belongs to the protocol. Thread-safe, without state.
public enum BlockCipher: Sendable, Hashable, CaseIterable {
  case aesCBC128, aesCBC192, aesCBC256, tripleDESCBC

  /// Length of a key in bytes.
  public var keyLength: Int {
    switch self {
    case .aesCBC128: 16
    case .aesCBC192, .tripleDESCBC: 24
    case .aesCBC256: 32
    }
  }

  /// Length in bytes of a block and of the initialisation vector.
  public var blockLength: Int {
    switch self {
    case .aesCBC128, .aesCBC192, .aesCBC256: 16
    case .tripleDESCBC: 8
    }
  }

  /// The ciphertext of `plaintext`, equally long; nil unless `plaintext` is whole blocks and `key`
  /// and `iv` have their lengths.
  public func encrypt(_ plaintext: [UInt8], key: [UInt8], iv: [UInt8]) -> [UInt8]? {
    guard accepts(plaintext, key: key, iv: iv) else { return nil }
    var ciphertext = [UInt8](repeating: 0, count: plaintext.count)
    let result = unsafe cc_encrypt(code, key, iv, plaintext, plaintext.count, &ciphertext)
    return result == 0 ? ciphertext : nil
  }

  /// The plaintext of `ciphertext`, equally long; nil unless `ciphertext` is whole blocks and `key`
  /// and `iv` have their lengths. A wrong key gives garbage, not nil.
  public func decrypt(_ ciphertext: [UInt8], key: [UInt8], iv: [UInt8]) -> [UInt8]? {
    guard accepts(ciphertext, key: key, iv: iv) else { return nil }
    var plaintext = [UInt8](repeating: 0, count: ciphertext.count)
    let result = unsafe cc_decrypt(code, key, iv, ciphertext, ciphertext.count, &plaintext)
    return result == 0 ? plaintext : nil
  }

  private func accepts(_ input: [UInt8], key: [UInt8], iv: [UInt8]) -> Bool {
    input.count % blockLength == 0 && key.count == keyLength && iv.count == blockLength
  }

  private var code: cc_block_cipher {
    switch self {
    case .aesCBC128: CC_AES_CBC_128
    case .aesCBC192: CC_AES_CBC_192
    case .aesCBC256: CC_AES_CBC_256
    case .tripleDESCBC: CC_TRIPLE_DES_CBC
    }
  }
}
