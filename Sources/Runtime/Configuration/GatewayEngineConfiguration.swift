import Control
import Dataplane
import Endpoint
import Gateway
import IKE
import L2TP
import PPP
import Primitives
import Settings

/// A gateway's configuration as its engines take it, and what of it they cannot follow.
struct GatewayEngineConfiguration: Sendable {
  var gateway: Gateway::GatewayConfiguration
  /// Sentences for the log and for the reply to a reload.
  var warnings: [String]

  /// - Throws: `refused`, when an engine refuses what the schema let through.
  init(_ settings: Settings.GatewayConfiguration) throws(ControlError) {
    let isakmp: ISAKMPConfiguration
    do {
      isakmp = try ISAKMPConfiguration(
        isakmpPolicies: settings.isakmpPolicies.map(\.enginePolicy),
        ipsecPolicies: settings.ipsecPolicies.map(\.enginePolicy),
        preSharedKeys: settings.preSharedKeys.map(\.engineKey),
        limits: settings.limits.isakmpLimits, reportsKeys: settings.captureKeys != nil)
    } catch {
      throw .refusedConfiguration("\(error)")
    }
    let profiles = Dictionary(settings.pppProfiles.map { ($0.name, $0) }) { first, _ in first }
    var destinations: [Endpoint::DestinationProfile] = []
    for destination in settings.destinations {
      destinations.append(try Self.profile(destination, profiles))
    }
    gateway = Gateway::GatewayConfiguration(
      isakmp: isakmp, destinations: destinations,
      users: settings.users.map {
        UserDirectory.User(
          name: $0.name, password: $0.password, staticAddress: $0.address, routes: $0.routes)
      },
      pools: Dictionary(
        settings.pools.map { ($0.name, $0.range.first...$0.range.last) }
      ) { first, _ in first },
      networks: Self.networks(settings))
    warnings = settings.engineWarnings
  }

  private static func networks(
    _ settings: Settings.GatewayConfiguration
  ) -> [String: Gateway::GatewayConfiguration.Network] {
    var networks: [String: Gateway::GatewayConfiguration.Network] = [:]
    for profile in settings.pppProfiles {
      guard let local = settings.localAddress(of: profile) else { continue }
      networks[profile.name] = Gateway::GatewayConfiguration.Network(
        pool: profile.pool, localAddress: local, dns: profile.dns, nbns: profile.nbns)
    }
    return networks
  }

  private static func profile(
    _ destination: Settings.DestinationProfile, _ profiles: [String: Settings.PPPProfile]
  ) throws(ControlError) -> Endpoint::DestinationProfile {
    var hosts: [RemoteHostProfile] = []
    for host in destination.remoteHosts {
      guard let ppp = profiles[host.pppProfile] else {
        throw .refusedConfiguration(
          "\(destination.name) names the PPP profile \(host.pppProfile), which does not exist")
      }
      hosts.append(try RemoteHostProfile(host, ppp))
    }
    return Endpoint::DestinationProfile(
      name: destination.name, remote: destination.remote.block, hosts: hosts,
      sessionsMax: destination.maxSessions)
  }
}

extension RemoteHostProfile {
  init(_ host: Settings.RemoteHost, _ ppp: Settings.PPPProfile) throws(ControlError) {
    var tunnel = try TunnelConfiguration(
      checkedHostName: host.localHostName, secret: host.tunnelSecret)
    tunnel.helloInterval = host.helloInterval
    tunnel.sessionsMax = min(host.maxSessions, TunnelConfiguration.sessionsLimit)
    tunnel.sessionsInLifeMax = host.singleShotTunnel ? 1 : nil
    let name: String? =
      switch host.host {
      case .named(let name): name
      case .anyOther: nil
      }
    self.init(
      hostName: name, requiresIPsec: host.ipsecTransport,
      rules: TunnelRules(
        idleTimeout: host.idleTimeout, destructTimeout: host.destructTimeout,
        isSingleShot: host.singleShotTunnel),
      tunnel: tunnel,
      ppp: Endpoint::PPPProfile(
        name: ppp.name, link: PPPConfiguration(ppp, systemName: host.localHostName),
        clampsMSS: ppp.clampMSS),
      sessionsMax: host.maxSessions)
  }
}

extension TunnelConfiguration {
  /// The most sessions that a tunnel takes at one time.
  static let sessionsLimit = 0x8000

  /// - Throws: `refused` for a name that a Host Name AVP cannot carry.
  init(checkedHostName name: String, secret: Secret?) throws(ControlError) {
    guard (1...255).contains(name.utf8.count) else {
      throw .refusedConfiguration("localHostName has 1 to 255 bytes")
    }
    self.init(hostName: name)
    guard let secret, !secret.isEmpty else { return }
    self.secret = secret
    requiresTunnelAuthentication = true
  }
}

extension Settings.GatewayConfiguration {
  /// The gateway's own address on the links of a profile.
  func localAddress(of profile: Settings.PPPProfile) -> IPv4Address? {
    profile.localAddress ?? pools.first { $0.name == profile.pool }?.range.first
  }

  /// What is in the file and not in the engines.
  fileprivate var engineWarnings: [String] {
    var warnings: [String] = []
    for policy in isakmpPolicies {
      if policy.proposals.isLegacy { warnings.append(.legacy("ISAKMP policy \(policy.name)")) }
    }
    for policy in ipsecPolicies where policy.transforms.isLegacy {
      warnings.append(.legacy("IPsec policy \(policy.name)"))
    }
    for profile in pppProfiles {
      if profile.mruBytes < PPPConfiguration.mruRange.lowerBound {
        warnings.append("PPP profile \(profile.name): an MRU below 576 bytes is raised to 576")
      }
    }
    return warnings
  }
}

extension String {
  static func legacy(_ what: String) -> String {
    "\(what) USES LEGACY ALGORITHMS (3DES, MD5, small groups): anyone with means can break them"
  }
}
