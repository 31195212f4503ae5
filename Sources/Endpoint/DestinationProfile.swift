import L2TP
import PPP
import Primitives

/// Who may open tunnels, by address, and how, by the L2TP host name of the remote host.
public struct DestinationProfile: Sendable {
  /// As the configuration names it.
  public var name: String
  /// The peers it is for; `nil` for any.
  public var remote: IPPrefix?
  /// The hosts it knows; at most one of them is the default.
  public var hosts: [RemoteHostProfile]
  /// Sessions of all its tunnels together.
  public var sessionsMax: Int

  public init(name: String, remote: IPPrefix?, hosts: [RemoteHostProfile], sessionsMax: Int) {
    self.name = name
    self.remote = remote
    self.hosts = hosts
    self.sessionsMax = sessionsMax
  }

  /// The profile of `hostName`, else the default one.
  public func host(named hostName: String) -> RemoteHostProfile? {
    hosts.first { $0.hostName == hostName } ?? hosts.first { $0.hostName == nil }
  }

  /// The most specific profile for `address`; the first of equals.
  public static func matching(
    _ address: IPAddress, among profiles: [DestinationProfile]
  ) -> DestinationProfile? {
    var best: (profile: DestinationProfile, bits: Int)?
    for profile in profiles where profile.remote?.contains(address) ?? true {
      let bits = profile.remote?.lengthBits ?? -1
      if bits > best?.bits ?? -2 { best = (profile, bits) }
    }
    return best?.profile
  }
}

/// How tunnels of one remote host are run.
public struct RemoteHostProfile: Sendable {
  /// The L2TP host name it is for; `nil` for every other (the default).
  public var hostName: String?
  /// Accept L2TP only inside its own IPsec connection.
  public var requiresIPsec: Bool
  public var rules: TunnelRules
  /// The control connection: our host name, secret, window, retransmission, Hello.
  public var tunnel: TunnelConfiguration
  public var ppp: PPPProfile
  /// Sessions of all its tunnels together; the tunnel's own `sessionsMax` holds for each.
  public var sessionsMax: Int

  public init(
    hostName: String?, requiresIPsec: Bool = true, rules: TunnelRules = TunnelRules(),
    tunnel: TunnelConfiguration, ppp: PPPProfile, sessionsMax: Int = .max
  ) {
    self.hostName = hostName
    self.requiresIPsec = requiresIPsec
    self.rules = rules
    self.tunnel = tunnel
    self.ppp = ppp
    self.sessionsMax = sessionsMax
  }

  /// The control connection under the rules: a single-shot tunnel admits one session (LT-4).
  var tunnelUnderRules: TunnelConfiguration {
    var tunnel = tunnel
    if rules.isSingleShot { tunnel.sessionsInLifeMax = 1 }
    return tunnel
  }
}

/// Under which profile a tunnel was let in; a reload changes it for later tunnels only.
struct AdmittedProfile: Sendable {
  /// The name of the destination profile.
  var destination: String
  /// Sessions of all the destination's tunnels together.
  var destinationSessionsMax: Int
  var host: RemoteHostProfile

  init(_ destination: DestinationProfile, _ host: RemoteHostProfile) {
    self.destination = destination.name
    destinationSessionsMax = destination.sessionsMax
    self.host = host
  }

  /// For a tunnel that this end opens.
  init(dialling host: RemoteHostProfile) {
    destination = "dial"
    destinationSessionsMax = .max
    self.host = host
  }
}

/// How the PPP links of a remote host are run.
public struct PPPProfile: Sendable {
  /// As the configuration names it; the owner of the pools finds the pool by it.
  public var name: String
  public var link: PPPConfiguration
  /// Hold TCP's segments to what the link carries.
  public var clampsMSS: Bool

  public init(name: String, link: PPPConfiguration, clampsMSS: Bool = true) {
    self.name = name
    self.link = link
    self.clampsMSS = clampsMSS
  }
}
