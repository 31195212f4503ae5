import Primitives

/// One way to one gateway, that a connect names (`credentials[]`).
public struct AgentCredentials: Equatable, Sendable {
  public var name: String
  private var profile: DialConfiguration

  init(name: String, profile: DialConfiguration) {
    self.name = name
    self.profile = profile
  }

  public var gateway: IPAddress { profile.gateway }

  fileprivate var dial: DialConfiguration { profile }
}

extension AgentConfiguration {
  /// Dead peer detection of the connection service's tunnels (CS-12).
  static let dpdInterval = Duration.seconds(30)
  static let dpdTimeout = Duration.seconds(150)

  /// The profile for a connect that names credentials; `nil` for a name that is none of ours.
  ///
  /// - Parameter gateway: in place of the one that stands with the credentials.
  public func profile(
    named name: String, gateway: IPAddress?, inactivity: Duration
  ) -> DialConfiguration? {
    guard var profile = credentials.first(where: { $0.name == name })?.dial else { return nil }
    if let gateway { profile.move(to: gateway) }
    return finished(profile, inactivity: inactivity)
  }

  /// The profile for a connect that brings its credentials along.
  public func profile(
    gateway: IPAddress, preSharedKey: Secret, user: String, password: Secret, inactivity: Duration
  ) -> DialConfiguration {
    var profile = DialConfiguration(
      gateway: gateway, preSharedKey: preSharedKey, user: user, password: password)
    profile.ppp.echoInterval = .zero
    return finished(profile, inactivity: inactivity)
  }

  /// What no file and no connect decides: one session is the tunnel's life, and dead peer detection
  /// judges the gateway's: L2TP's Hello would be quicker than its 150 s, and so would PPP's echo,
  /// which is off unless the file asks for it.
  private func finished(_ profile: DialConfiguration, inactivity: Duration) -> DialConfiguration {
    var profile = profile
    profile.tun = tun
    profile.captureKeys = captureKeys
    profile.logLevel = logLevel
    profile.inactivity = inactivity
    profile.keepsTunnel = false
    profile.helloInterval = .zero
    profile.isakmpPolicy.dpdInterval = Self.dpdInterval
    profile.isakmpPolicy.dpdTimeout = Self.dpdTimeout
    return profile
  }
}

extension DialConfiguration {
  /// The same way to another gateway.
  fileprivate mutating func move(to gateway: IPAddress) {
    self.gateway = gateway
    isakmpPolicy.peer = .address(gateway)
    ipsecPolicy.peer = .address(gateway)
  }
}
