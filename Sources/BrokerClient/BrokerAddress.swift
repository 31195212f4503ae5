/// Where a broker is, and how its certificate is judged.
public struct BrokerAddress: Hashable, Sendable {
  public enum Trust: Hashable, Sendable {
    /// The authorities that the system trusts.
    case system
    /// The authorities in a PEM file.
    case authorities(path: String)
    /// The one certificate with this SHA-256, in lower-case hexadecimal without separators.
    case fingerprint(String)
  }

  /// `https://HOST[:PORT]`; `http` on loopback only.
  public var url: String
  public var trust: Trust

  public init(url: String, trust: Trust = .system) {
    self.url = url
    self.trust = trust
  }
}
