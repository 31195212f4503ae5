import Control
import Endpoint
import Gateway
import LinuxIO
import Primitives
import Settings

/// A gateway with its interface, as the loop runs it.
struct GatewayHost: ~Copyable, LoopOwner {
  var gateway: Gateway
  private var interface: TunnelInterface?
  /// What the interface has.
  private var network = GatewayNetwork()

  /// - Parameter interface: made and up; its addresses and routes come from `network`.
  init(
    gateway: consuming Gateway, interface: consuming TunnelInterface?, network: GatewayNetwork
  ) throws(ControlError) {
    self.gateway = gateway
    self.interface = interface
    try extend(to: network)
  }

  /// Adds the addresses and routes that a new configuration has; old ones stay, for the sessions
  /// that use them. An error leaves what was added until then.
  mutating func extend(to wanted: GatewayNetwork) throws(ControlError) {
    guard interface != nil else { return }
    for address in wanted.addresses where !network.addresses.contains(address) {
      try interface?.add(address)
      network.addresses.append(address)
    }
    for route in wanted.routes where !network.routes.contains(route) {
      try interface?.add(routeTo: route.prefix, source: route.source)
      network.routes.append(route)
    }
  }

  mutating func revert() -> [SystemError] { interface?.revert() ?? [] }

  var host: Host {
    _read { yield gateway.host }
    _modify { yield &gateway.host }
  }

  mutating func answer(at now: Instant, using random: inout some RandomNumberGenerator) {
    gateway.answer(at: now, using: &random)
  }

  mutating func nextOutput() -> OwnerOutput? { gateway.nextOutput() }

  mutating func observe(_ event: EndpointEvent, at now: Instant) {}

  mutating func endTurn(at now: Instant, using random: inout some RandomNumberGenerator) {}

  var nextTurn: Instant? { nil }

  var ending: LoopEnding? { nil }

  mutating func shutDown(
    _ reason: CloseReason, at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    gateway.host.endpoint.shutDown(at: now, using: &random)
    gateway.host.settle(at: now, using: &random)
  }

  /// Tunnels in the clear wait for the acknowledgement of their StopCCN; those in IPsec are gone
  /// with their connection.
  var isQuiet: Bool { gateway.host.endpoint.liveCounts.tunnels == 0 }
}

/// The addresses and routes of a gateway's interface.
struct GatewayNetwork: Hashable, Sendable {
  struct PoolRoute: Hashable, Sendable {
    var prefix: IPPrefix
    /// The gateway's own address on the links.
    var source: IPv4Address
  }

  /// The gateway's own, one for each address that a PPP profile has.
  var addresses: [IPv4Address] = []
  /// To the pools, to users whose own address is in none, and to the networks behind users.
  var routes: [PoolRoute] = []

  init() {}

  init(_ settings: Settings.GatewayConfiguration) {
    for profile in settings.pppProfiles {
      guard let local = settings.localAddress(of: profile) else { continue }
      if !addresses.contains(local) { addresses.append(local) }
      guard let pool = settings.pools.first(where: { $0.name == profile.pool }) else { continue }
      for prefix in pool.range.prefixes where !routes.contains(where: { $0.prefix == prefix }) {
        routes.append(PoolRoute(prefix: prefix, source: local))
      }
    }
    guard let source = addresses.first else { return }
    for address in settings.users.compactMap(\.address) {
      guard !settings.pools.contains(where: { $0.range.contains(address) }),
        let prefix = IPPrefix(.v4(address), lengthBits: 32)
      else { continue }
      routes.append(PoolRoute(prefix: prefix, source: source))
    }
    let networks = settings.users.flatMap(\.routes)
    for prefix in networks where !routes.contains(where: { $0.prefix == prefix }) {
      routes.append(PoolRoute(prefix: prefix, source: source))
    }
  }
}
