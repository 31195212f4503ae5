import Control
import Endpoint
import IKE
import L2TP
import PPP
import Primitives
import Settings

/// A dial profile as its engines take it.
struct DialEngineConfiguration: Sendable {
  /// How long the records of the one tunnel stay (LT-2); the least there is, nobody looks at them.
  private static let destructTimeout = Duration.seconds(10)
  /// What the length fields of PAP and CHAP hold (RFC 1334 §2.2.1).
  private static let textBytesMax = 255

  var isakmp: ISAKMPConfiguration
  private let host: RemoteHostProfile
  private let gateway: IPAddress
  private let policyName: String
  private let inactivityTimeout: Duration?
  var warnings: [String]

  /// - Parameter forcesNATTraversal: ESP must travel in UDP because of our own sockets.
  /// - Throws: `refused`, when an engine refuses what the schema let through.
  init(_ settings: DialConfiguration, forcesNATTraversal: Bool) throws(ControlError) {
    guard settings.user.utf8.count <= Self.textBytesMax,
      settings.password.count <= Self.textBytesMax
    else { throw .refusedConfiguration("user and password have 255 bytes at most") }
    var isakmpPolicy = settings.isakmpPolicy.enginePolicy
    if forcesNATTraversal { isakmpPolicy.natTraversal = .forced }
    do {
      isakmp = try ISAKMPConfiguration(
        isakmpPolicies: [isakmpPolicy], ipsecPolicies: [settings.ipsecPolicy.enginePolicy],
        preSharedKeys: [
          IKE.PreSharedKey(peer: .address(settings.gateway), secret: settings.preSharedKey)
        ], reportsKeys: settings.captureKeys != nil)
    } catch {
      throw .refusedConfiguration("\(error)")
    }
    var tunnel = try TunnelConfiguration(
      checkedHostName: settings.localHostName, secret: settings.tunnelSecret)
    tunnel.helloInterval = settings.helloInterval
    tunnel.sessionsInLifeMax = settings.keepsTunnel ? nil : 1
    let link = PPPConfiguration(
      settings.ppp, userName: settings.user, password: settings.password)
    host = RemoteHostProfile(
      hostName: nil,
      rules: TunnelRules(
        idleTimeout: .zero, destructTimeout: Self.destructTimeout,
        isSingleShot: !settings.keepsTunnel),
      tunnel: tunnel,
      ppp: Endpoint::PPPProfile(name: "dial", link: link, clampsMSS: settings.ppp.clampMSS))
    gateway = settings.gateway
    policyName = settings.ipsecPolicy.name
    inactivityTimeout = settings.inactivity == .zero ? nil : settings.inactivity
    warnings = settings.engineWarnings
  }

  /// What to dial, from a local address and port.
  func request(from local: SocketAddress) -> DialRequest {
    DialRequest(
      connection: ConnectionRequest(
        policy: policyName, local: local, remote: SocketAddress(gateway, port: Path.ikePort)),
      host: host, inactivityTimeout: inactivityTimeout)
  }
}

extension DialConfiguration {
  fileprivate var engineWarnings: [String] {
    var warnings: [String] = []
    if isakmpPolicy.proposals.isLegacy { warnings.append(.legacy("phase 1")) }
    if ipsecPolicy.transforms.isLegacy { warnings.append(.legacy("phase 2")) }
    if ppp.mruBytes < PPPConfiguration.mruRange.lowerBound {
      warnings.append("an MRU below 576 bytes is raised to 576")
    }
    return warnings
  }
}
