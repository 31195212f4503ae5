import Primitives

/// An authentication protocol of PPP.
public enum PPPAuthentication: String, CaseIterable, Sendable, Hashable {
  case mschapv2, chap, pap
}

/// How PPP is run in a session (`pppProfiles[]`).
public struct PPPProfile: Hashable, Sendable {
  public var name: String
  /// In order of preference; what is not listed is refused.
  public var authentication: [PPPAuthentication] = [.mschapv2, .chap, .pap]
  /// The name of the pool that users without an address of their own get theirs from.
  public var pool: String
  /// The gateway's own address on the link; `nil` for the pool's first.
  public var localAddress: IPv4Address?
  /// At most two (RFC 1877).
  public var dns: [IPv4Address] = []
  /// At most two (RFC 1877).
  public var nbns: [IPv4Address] = []
  /// 128 to 1500.
  public var mruBytes = 1400
  /// Silence after which an LCP Echo-Request is sent; zero for never.
  public var echoInterval = Duration.seconds(30)
  /// Unanswered Echo-Requests after which the peer counts as dead, 1 to 100.
  public var echoFailuresMax = 4
  /// Whether TCP's MSS is lowered to what the link carries.
  public var clampMSS = true

  public init(name: String, pool: String) {
    self.name = name
    self.pool = pool
  }
}
