import Endpoint
import IKE
import Primitives

/// Everything a gateway needs to know, checked by whoever made it.
public struct GatewayConfiguration: Sendable {
  /// What a PPP profile gives to its links.
  public struct Network: Sendable, Equatable {
    /// The pool that users without an address of their own get theirs from.
    public var pool: String
    /// The gateway's own address on the links.
    public var localAddress: IPv4Address
    public var dns: [IPv4Address]
    public var nbns: [IPv4Address]

    public init(
      pool: String, localAddress: IPv4Address, dns: [IPv4Address] = [], nbns: [IPv4Address] = []
    ) {
      self.pool = pool
      self.localAddress = localAddress
      self.dns = dns
      self.nbns = nbns
    }
  }

  public var isakmp: ISAKMPConfiguration
  public var destinations: [DestinationProfile]
  public var users: [UserDirectory.User]
  /// First and last address of each pool, by its name.
  public var pools: [String: ClosedRange<IPv4Address>]
  /// By the name of the PPP profile.
  public var networks: [String: Network]

  public init(
    isakmp: ISAKMPConfiguration, destinations: [DestinationProfile],
    users: [UserDirectory.User], pools: [String: ClosedRange<IPv4Address>],
    networks: [String: Network]
  ) {
    self.isakmp = isakmp
    self.destinations = destinations
    self.users = users
    self.pools = pools
    self.networks = networks
  }
}
