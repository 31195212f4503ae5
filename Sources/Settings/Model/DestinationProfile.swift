import Primitives

/// What tunnels from certain addresses may be (`destinations[]`).
public struct DestinationProfile: Equatable, Sendable {
  public var name: String
  public var remote: PeerSelector
  /// Sessions of all the profile's tunnels together.
  public var maxSessions = 65_535
  public var remoteHosts: [RemoteHost]

  public init(name: String, remote: PeerSelector = .any, remoteHosts: [RemoteHost]) {
    self.name = name
    self.remote = remote
    self.remoteHosts = remoteHosts
  }

  /// The remote host for an L2TP host name: the one of that name, else the default one.
  public func remoteHost(named name: String) -> RemoteHost? {
    remoteHosts.first { $0.host == .named(name) } ?? remoteHosts.first { $0.host == .anyOther }
  }
}

/// The tunnel rules for one L2TP host name (`destinations[].remoteHosts[]`).
public struct RemoteHost: Equatable, Sendable {
  public enum Host: Hashable, Sendable {
    case named(String)
    /// Every name that no other remote host has (`default`).
    case anyOther
  }

  public var host: Host
  /// For L2TP's tunnel authentication; `nil` asks for none.
  public var tunnelSecret: Secret?
  public var localHostName = "drawbridge"
  /// Whether only a tunnel inside its own IPsec SA is accepted.
  public var ipsecTransport = true
  /// One session in the tunnel's whole life (LT-4 to LT-8).
  public var singleShotTunnel = false
  /// Sessions of this host's tunnels together.
  public var maxSessions = 65_535
  /// 0 to 86400 s; zero leaves the close to the peer or an administrator (LT-1).
  public var idleTimeout = Duration.seconds(60)
  /// 10 to 3600 s (LT-2).
  public var destructTimeout = Duration.seconds(600)
  /// Silence after which a Hello is sent; zero for never.
  public var helloInterval = Duration.seconds(60)
  /// The name of the PPP profile.
  public var pppProfile: String

  public init(host: Host = .anyOther, pppProfile: String) {
    self.host = host
    self.pppProfile = pppProfile
  }
}
