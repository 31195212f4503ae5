import CCryptography
import Primitives

/// A Diffie–Hellman group of IKE: MODP (RFC 2409 §6.2, RFC 3526), ECP (RFC 5903) or curve25519
/// (RFC 8031).
///
/// All operations are thread-safe and a pure function of their arguments, so that they may run on
/// any worker and the same generator gives the same bytes on the wire.
public enum KeyExchangeGroup: Sendable, Hashable, CaseIterable {
  case modp1024, modp1536, modp2048, modp3072, modp4096, ecp256, ecp384, x25519

  /// Length in bytes of the Key Exchange payload's data: the prime's for MODP, x ‖ y for ECP, u for
  /// curve25519.
  public var publicValueLength: Int {
    switch family {
    case .modp, .x25519: sharedSecretLength
    case .ecp: 2 * sharedSecretLength
    }
  }

  /// Length in bytes of the shared secret: the prime's for MODP, that of x alone for ECP
  /// (RFC 5903 §7).
  public var sharedSecretLength: Int {
    switch self {
    case .modp1024: 128
    case .modp1536: 192
    case .modp2048: 256
    case .modp3072: 384
    case .modp4096: 512
    case .ecp256, .x25519: 32
    case .ecp384: 48
    }
  }

  /// Length of a private key in bytes.
  ///
  /// MODP exponents have twice the strength of their group (RFC 3526 §8) instead of its full
  /// length, which would cost seven times the time and add nothing.
  public var privateKeyLength: Int {
    switch self {
    case .modp1024, .modp1536, .modp2048, .ecp256, .x25519: 32
    case .modp3072, .modp4096: 40
    case .ecp384: 48
    }
  }

  /// A new private key, `privateKeyLength` bytes, big-endian but for curve25519.
  public func makePrivateKey(using random: inout some RandomNumberGenerator) -> Secret {
    switch family {
    case .modp:
      var exponent = random.bytes(privateKeyLength)
      // The top bit makes all exponents equally long, hence all exponentiations.
      exponent[0] |= 0x80
      return Secret(exponent)
    case .ecp(let group):
      var bytes = random.bytes(privateKeyLength + Int(CC_ECP_EXTRA_BYTES))
      defer { unsafe cc_wipe(&bytes, bytes.count) }
      var scalar = [UInt8](repeating: 0, count: privateKeyLength)
      guard unsafe cc_ecp_private_key(group, bytes, &scalar) == CC_KEY_EXCHANGE_DONE else {
        unsafe cc_end_process("The cryptographic library has no memory left for a private key.")
      }
      return Secret(scalar)
    case .x25519:
      // The function itself sets the bits that are fixed (RFC 7748 §5).
      return Secret(random.bytes(privateKeyLength))
    }
  }

  /// The value to send to the peer, `publicValueLength` bytes.
  ///
  /// Throws `invalidPrivateKey` unless `privateKey` has the length and range that
  /// `makePrivateKey` gives.
  public func publicValue(for privateKey: Secret) throws(CryptographyError) -> [UInt8] {
    guard privateKey.count == privateKeyLength else { throw .invalidPrivateKey }
    var value = [UInt8](repeating: 0, count: publicValueLength)
    let result = privateKey.withBytes { key in
      switch family {
      case .modp(let group): unsafe cc_modp_public_value(group, key, &value)
      case .ecp(let group): unsafe cc_ecp_public_value(group, key, &value)
      case .x25519: unsafe cc_x25519_public_value(key, &value)
      }
    }
    try check(result)
    return value
  }

  /// The secret shared with the peer, `sharedSecretLength` bytes with leading zeros kept.
  ///
  /// Throws `invalidPublicValue` unless the peer's value has `publicValueLength` bytes and
  /// 1 < y < p−1 or is a point of the curve (RFC 6989 §2.1, §2.3) or does not make the secret of
  /// curve25519 zero (RFC 7748 §6.1), and `invalidPrivateKey` as `publicValue(for:)` does.
  public func sharedSecret(
    privateKey: Secret, peerPublicValue: [UInt8]
  ) throws(CryptographyError) -> Secret {
    guard privateKey.count == privateKeyLength else { throw .invalidPrivateKey }
    guard peerPublicValue.count == publicValueLength else { throw .invalidPublicValue }
    var secret = [UInt8](repeating: 0, count: sharedSecretLength)
    let result = privateKey.withBytes { key in
      switch family {
      case .modp(let group): unsafe cc_modp_shared_secret(group, key, peerPublicValue, &secret)
      case .ecp(let group): unsafe cc_ecp_shared_secret(group, key, peerPublicValue, &secret)
      case .x25519: unsafe cc_x25519_shared_secret(key, peerPublicValue, &secret)
      }
    }
    try check(result)
    return Secret(secret)
  }

  private enum Family {
    case modp(cc_modp_group)
    case ecp(cc_ecp_group)
    case x25519
  }

  private var family: Family {
    switch self {
    case .modp1024: .modp(CC_MODP_1024)
    case .modp1536: .modp(CC_MODP_1536)
    case .modp2048: .modp(CC_MODP_2048)
    case .modp3072: .modp(CC_MODP_3072)
    case .modp4096: .modp(CC_MODP_4096)
    case .ecp256: .ecp(CC_ECP_256)
    case .ecp384: .ecp(CC_ECP_384)
    case .x25519: .x25519
    }
  }

  private func check(_ result: cc_key_exchange_result) throws(CryptographyError) {
    switch result {
    case CC_KEY_EXCHANGE_DONE: return
    case CC_KEY_EXCHANGE_BAD_PRIVATE_KEY: throw .invalidPrivateKey
    case CC_KEY_EXCHANGE_BAD_PUBLIC_VALUE: throw .invalidPublicValue
    default: throw .libraryFailed
    }
  }
}
