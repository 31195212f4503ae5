import Control
import Gateway
import LinuxIO
import Logging
import Primitives
import Settings
import Synchronization

/// Reads a gateway's configuration again and puts it in force without dropping a tunnel.
final class GatewayReloading: Sendable {
  private let mailbox: Mailbox<GatewayHost>
  private let logger: Logger
  private let reading: Runtime.Reading<Settings.GatewayConfiguration>
  private let grants: GrantFollowing
  private let grantSource: Runtime.GrantSourcing
  private let inForce: Mutex<Settings.GatewayConfiguration>
  private let notifier = ServiceNotifier.fromEnvironment()

  init(
    _ configuration: Settings.GatewayConfiguration, mailbox: Mailbox<GatewayHost>, logger: Logger,
    reading: @escaping Runtime.Reading<Settings.GatewayConfiguration>,
    grants: GrantFollowing, grantSource: @escaping Runtime.GrantSourcing
  ) {
    inForce = Mutex(configuration)
    self.mailbox = mailbox
    self.logger = logger
    self.reading = reading
    self.grants = grants
    self.grantSource = grantSource
  }

  /// What of the configuration in force is shown.
  var shownSettings: ShownSettings { inForce.withLock { ShownSettings($0) } }

  /// - Throws: `refused` for a configuration that cannot be used; the old one stays in force.
  func reload() async throws(ControlError) -> ReloadReply {
    try? notifier.reloading()
    defer { try? notifier.ready() }
    do throws(ControlError) {
      let reply = try await apply()
      logger.notice("reloaded applied=\(reply.applied) needsRestart=\(reply.needsRestart)")
      return reply
    } catch {
      logger.error("reload refused: \(error.detail)")
      throw error
    }
  }

  private func apply() async throws(ControlError) -> ReloadReply {
    let loaded: Loaded<Settings.GatewayConfiguration>
    do throws(ConfigurationRefused) {
      loaded = try reading()
    } catch {
      throw .refusedReload(error)
    }
    let engines = try GatewayEngineConfiguration(loaded.configuration)
    let network = GatewayNetwork(loaded.configuration)
    let link = loaded.configuration.broker
    let isOtherBroker = link != inForce.withLock(\.broker)
    var broker: GrantFollowing.Broker?
    if isOtherBroker, let link {
      broker = GrantFollowing.Broker(url: link.url, source: try grantSource(link))
    }
    try await mailbox.perform { loop, now throws(ControlError) in
      try loop.owner.extend(to: network)
      loop.owner.gateway.reload(engines.gateway, at: now, using: &loop.random)
    }
    // The stream of a broker that stays is left alone.
    if isOtherBroker { grants.follow(broker) }
    let before = inForce.withLock { inForce in
      defer { inForce = loaded.configuration }
      return inForce
    }
    let warnings = loaded.warnings.map { "\($0.path): \($0.what)" } + engines.warnings
    for warning in warnings { logger.warning("\(warning)") }
    return ReloadReply(
      applied: loaded.configuration.changedLiveKeys(since: before),
      needsRestart: loaded.configuration.changedFixedKeys(since: before), warnings: warnings)
  }
}

extension Settings.GatewayConfiguration {
  /// Keys with new values that a reload puts in force.
  func changedLiveKeys(since old: Settings.GatewayConfiguration) -> [String] {
    let changes = [
      ("isakmp.policies", isakmpPolicies != old.isakmpPolicies),
      ("ipsec.policies", ipsecPolicies != old.ipsecPolicies),
      ("preSharedKeys", preSharedKeys != old.preSharedKeys),
      ("destinations", destinations != old.destinations),
      ("pppProfiles", pppProfiles != old.pppProfiles),
      ("pools", pools != old.pools),
      ("users", users != old.users),
      ("broker", broker != old.broker),
    ]
    return changes.filter(\.1).map(\.0)
  }

  /// Keys whose new values wait for a restart.
  func changedFixedKeys(since old: Settings.GatewayConfiguration) -> [String] {
    let changes = [
      ("listen", listen != old.listen),
      ("tun", tun != old.tun),
      ("control.socket", controlSocket != old.controlSocket),
      ("log.level", logLevel != old.logLevel),
      ("log.captureKeys", captureKeys != old.captureKeys),
      ("limits", limits != old.limits),
    ]
    return changes.filter(\.1).map(\.0)
  }
}

extension ControlError {
  /// The file cannot be used; the first thing wrong with it stands for the rest.
  static func refusedReload(_ refusal: ConfigurationRefused) -> ControlError {
    let first = refusal.errors.first
    return ControlError(
      .refused,
      "the new configuration cannot be used: "
        + (first.map { "\($0.path): \($0.what)" } ?? "it has errors"),
      cause: first?.cause ?? "see the log",
      nextStep: first?.nextStep ?? "drawbridge config check shows everything that is wrong")
  }
}
