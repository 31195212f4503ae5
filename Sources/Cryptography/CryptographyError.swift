/// Why a public-key operation was refused.
public enum CryptographyError: Error, Hashable, Sendable {
  /// The private key has the wrong length for its group or is out of range: a fault of ours.
  case invalidPrivateKey
  /// The peer's public value has the wrong length, is 0, 1, p−1 or larger, or is no point of the
  /// curve: the exchange must be refused (RFC 6989 §2.1, §2.3).
  case invalidPublicValue
  /// The cryptographic library had no memory or refuses the algorithm on this host.
  case libraryFailed
}
