import Agent
import Control
import Cryptography
import Dataplane
import Endpoint
import Gateway
import IPPacket
import LinuxIO
import Logging
import Primitives
import Settings

/// Gateways and clients as running programs: the engines with sockets, a TUN device, timers and
/// threads around them.
public enum Runtime {
  /// Reads a configuration again, with its warnings.
  public typealias Reading<Configuration: Sendable> =
    @Sendable () throws(ConfigurationRefused) -> Loaded<Configuration>

  /// Threads for Diffie–Hellman beside the loop.
  private static let gatewayWorkers = 2
  private static let dialWorkers = 1
  /// Control packets that one input may cause before the rest is lost as on the wire.
  private static let gatewayControlPacketsMax = 512
  private static let dialControlPacketsMax = 128

  /// A gateway; nothing is opened before its `run`.
  ///
  /// The host's `ip_forward` is not touched: without it clients reach the gateway alone.
  ///
  /// - Parameters:
  ///   - reading: reads the configuration again, for SIGHUP and `reload`.
  ///   - grantSource: makes the source of grants of a configured broker.
  /// - Throws: `refused` for a configuration that the engines cannot follow.
  public static func gateway(
    _ configuration: Settings.GatewayConfiguration, version: String, logger: Logger,
    reading: @escaping Reading<Settings.GatewayConfiguration>,
    grantSource: @escaping GrantSourcing
  ) throws(ControlError) -> some RunningService {
    try gateway(
      configuration, version: version, logger: logger, reading: reading, grantSource: grantSource,
      takesSignals: true)
  }

  /// A client that dials once; nothing is opened before its `run`.
  ///
  /// - Parameter onUp: called once, when packets may pass.
  /// - Throws: `refused` for a profile that the engines cannot follow.
  public static func dial(
    _ configuration: DialConfiguration, version: String, logger: Logger,
    onUp: @escaping @Sendable (DialUp) -> Void
  ) throws(ControlError) -> some RunningService {
    try dial(
      configuration, version: version, logger: logger, takesSignals: true, onUp: onUp)
  }

  /// - Parameters:
  ///   - takesSignals: the process's signals are for this service.
  ///   - pause: waits before the broker is asked again.
  static func gateway(
    _ configuration: Settings.GatewayConfiguration, version: String, logger: Logger,
    reading: @escaping Reading<Settings.GatewayConfiguration>,
    grantSource: @escaping GrantSourcing, takesSignals: Bool,
    pause: @escaping GrantFollowing.Pause = { try? await Task.sleep(for: $0) }
  ) throws(ControlError) -> HostService<GatewayHost> {
    let engines = try GatewayEngineConfiguration(configuration)
    for warning in engines.warnings { logger.warning("\(warning)") }
    let mailbox = try mailbox(GatewayHost.self)
    let grants = GrantFollowing(mailbox: mailbox, logger: logger, pause: pause)
    if let link = configuration.broker {
      grants.follow(GrantFollowing.Broker(url: link.url, source: try grantSource(link)))
    }
    let reloading = GatewayReloading(
      configuration, mailbox: mailbox, logger: logger, reading: reading,
      grants: grants, grantSource: grantSource)
    return HostService(
      role: .gateway, version: version, logger: logger, mailbox: mailbox,
      workerThreads: gatewayWorkers, takesSignals: takesSignals, interruptReason: .shutdown,
      reloading: { () async throws(ControlError) in try await reloading.reload() },
      shownSettings: { reloading.shownSettings }, grants: grants
    ) { parts throws(ControlError) in
      try openGateway(configuration, engines, parts)
    }
  }

  private static func openGateway(
    _ configuration: Settings.GatewayConfiguration, _ engines: GatewayEngineConfiguration,
    _ parts: LoopParts<GatewayHost>
  ) throws(ControlError) -> HostLoop<GatewayHost> {
    let ports = try OuterPorts.gateway(configuration.listen)
    let device = try InnerPort.open(configuration.tun, packetsMax: gatewayControlPacketsMax)
    var interface: TunnelInterface?
    if let device {
      interface = try TunnelInterface(named: device.name, mtuBytes: configuration.tun.mtuBytes)
    }
    let endpoint = Endpoint(
      isakmp: engines.gateway.isakmp, destinations: engines.gateway.destinations,
      limits: configuration.limits.endpointLimits)
    let host = try makeHost(
      endpoint, configuration.limits.dataplaneLimits, controlPacketsMax: gatewayControlPacketsMax)
    let owner = try GatewayHost(
      gateway: Gateway(engines.gateway, host: host), interface: interface,
      network: GatewayNetwork(configuration))
    return try parts.makeLoop(
      owner, ports: ports, inner: device, packetBytesMax: configuration.tun.mtuBytes,
      captureKeys: configuration.captureKeys)
  }

  static func dial(
    _ configuration: DialConfiguration, version: String, logger: Logger, takesSignals: Bool,
    onUp: @escaping @Sendable (DialUp) -> Void
  ) throws(ControlError) -> HostService<DialHost> {
    let engines = try DialEngineConfiguration(configuration, forcesNATTraversal: false)
    for warning in engines.warnings { logger.warning("\(warning)") }
    return HostService(
      role: .dial, version: version, logger: logger, mailbox: try mailbox(DialHost.self),
      workerThreads: dialWorkers, takesSignals: takesSignals, interruptReason: .requested,
      reloading: nil, shownSettings: { ShownSettings(configuration) }
    ) { parts throws(ControlError) in
      try openDial(configuration, parts, onUp)
    }
  }

  private static func openDial(
    _ configuration: DialConfiguration, _ parts: LoopParts<DialHost>,
    _ onUp: @escaping @Sendable (DialUp) -> Void
  ) throws(ControlError) -> HostLoop<DialHost> {
    let address = try DialAddress.choose(configuration)
    let sockets = try OuterPorts.client(configuration.listen, on: address)
    if let why = sockets.whyEncapsulated {
      guard configuration.isakmpPolicy.natTraversal != .off else { throw .needsNATTraversal(why) }
      parts.logger.notice("ESP travels in UDP: \(why)")
    }
    let engines = try DialEngineConfiguration(
      configuration, forcesNATTraversal: sockets.whyEncapsulated != nil)
    let device = try InnerPort.open(configuration.tun, packetsMax: dialControlPacketsMax)
    var interface: TunnelInterface?
    if let device {
      interface = try TunnelInterface(named: device.name, mtuBytes: configuration.tun.mtuBytes)
    }
    let host = try makeHost(
      Endpoint(isakmp: engines.isakmp, destinations: []), DataplaneLimits(),
      controlPacketsMax: dialControlPacketsMax)
    let now = MonotonicClock.now()
    let owner = DialHost(
      agent: VPNAgent(host: host), interface: interface, settings: configuration, startedAt: now,
      onUp: onUp)
    var loop = try parts.makeLoop(
      owner, ports: sockets.ports, inner: device, packetBytesMax: configuration.tun.mtuBytes,
      captureKeys: configuration.captureKeys)
    loop.owner.agent.dial(
      engines.request(from: sockets.local), at: now, using: &loop.random)
    return loop
  }

  private static func mailbox<Owner: LoopOwner & ~Copyable>(
    _: Owner.Type
  ) throws(ControlError) -> Mailbox<Owner> {
    do throws(SystemError) {
      return try Mailbox()
    } catch {
      throw .resources(error)
    }
  }

  private static func makeHost(
    _ endpoint: consuming Endpoint, _ limits: DataplaneLimits, controlPacketsMax: Int
  ) throws(ControlError) -> Host {
    guard let engine = makeEngine(packetsMax: limits.batchPacketsMax) else {
      throw ControlError(
        .internalError, "the cryptographic library cannot be started",
        cause: "there is no memory, or libcrypto is broken", nextStep: "see openssl version -a")
    }
    return Host(
      endpoint: endpoint, dataplane: Dataplane(limits: limits, engine: engine),
      controlPacketsMax: controlPacketsMax)
  }

  /// The fastest implementation of this host; `nil` only when memory is out.
  private static func makeEngine(packetsMax: Int) -> ESPCryptoEngine? {
    if let engine = ESPCryptoEngine(.multiBuffer, countMax: packetsMax) { return engine }
    return ESPCryptoEngine(.openSSL, countMax: packetsMax)
  }
}

extension Settings.GatewayLimits {
  var endpointLimits: Endpoint.Limits {
    var limits = Endpoint.Limits()
    limits.tunnelsMax = tunnels
    limits.sessionsMax = sessions
    limits.clearCarriersMax = tunnels
    return limits
  }

  var dataplaneLimits: DataplaneLimits {
    var limits = DataplaneLimits()
    limits.carriersMax = ipsecConnections + tunnels
    limits.sessionsMax = sessions
    // A connection that rekeys has three inbound SAs for a while.
    limits.inboundSAsMax = 3 * ipsecConnections
    limits.routesMax = 2 * sessions
    return limits
  }
}
