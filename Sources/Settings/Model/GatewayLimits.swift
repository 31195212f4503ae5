/// What the gateway holds at most (`limits`); what comes on top is refused and counted.
public struct GatewayLimits: Hashable, Sendable {
  /// Phase 1 negotiations under way, 1 to 100,000.
  public var halfOpenExchanges = 1_000
  /// Phase 1 negotiations under way from one address, 1 to 100,000; many clients may stand behind
  /// one NAT.
  public var halfOpenExchangesPerSource = 64
  /// IPsec connections, 1 to 1,000,000.
  public var ipsecConnections = 20_000
  /// L2TP tunnels, 1 to 65,535 (the tunnel id has 16 bits).
  public var tunnels = 20_000
  /// Sessions of all tunnels, 1 to 1,000,000.
  public var sessions = 20_000

  public init() {}
}
