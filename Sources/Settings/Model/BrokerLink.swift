import Primitives

/// Where a broker is, how its certificate is judged, and who asks (`broker`).
public struct BrokerLink: Equatable, Sendable {
  /// Who vouches for the broker's certificate.
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
  public var token: Secret
  public var trust: Trust

  public init(url: String, token: Secret, trust: Trust = .system) {
    self.url = url
    self.token = token
    self.trust = trust
  }
}
