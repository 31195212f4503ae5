import Primitives

/// Everything that a gateway is told; every value lies within its bounds and every name resolves.
public struct GatewayConfiguration: Equatable, Sendable {
  public static let defaultControlSocket = "/run/drawbridge/gateway.sock"

  public var listen = ListenAddresses()
  public var tun = TunInterface(name: "drawbridge0")
  public var controlSocket = Self.defaultControlSocket
  public var logLevel = LogLevel.info
  /// A folder to write the keys of ISAKMP and ESP into, for reading captures; `nil`, the default,
  /// writes none.
  public var captureKeys: String?
  /// At least one; the narrowest peer wins.
  public var isakmpPolicies: [ISAKMPPolicy] = []
  /// At least one; the narrowest peer wins.
  public var ipsecPolicies: [IPsecPolicy] = []
  public var preSharedKeys: [PreSharedKey] = []
  /// At least one; the narrowest remote address wins.
  public var destinations: [DestinationProfile] = []
  /// At least one.
  public var pppProfiles: [PPPProfile] = []
  /// At least one.
  public var pools: [AddressPool] = []
  public var users: [User] = []
  /// The broker that says who may reach which device; without one nobody reaches any.
  public var broker: BrokerLink?
  public var limits = GatewayLimits()
}
