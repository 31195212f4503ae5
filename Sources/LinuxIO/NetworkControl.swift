import Primitives

/// An interface, as the kernel numbers it.
public struct LinkIndex: Hashable, Sendable {
  public let value: UInt32

  public init(_ value: UInt32) { self.value = value }
}

/// What is known about an interface.
public struct NetworkLink: Hashable, Sendable {
  public var index: LinkIndex
  public var name: String
  public var mtuBytes: Int
  /// Packets that wait for a reader before the kernel drops.
  public var queuePackets: Int
  public var isUp: Bool

  public init(
    index: LinkIndex, name: String, mtuBytes: Int, queuePackets: Int = 0, isUp: Bool = false
  ) {
    self.index = index
    self.name = name
    self.mtuBytes = mtuBytes
    self.queuePackets = queuePackets
    self.isUp = isUp
  }
}

/// An address of an interface.
public struct LinkAddress: Hashable, Sendable {
  public var link: LinkIndex
  public var address: IPAddress
  /// The other end of a point-to-point link.
  public var peer: IPAddress?
  /// Length of the prefix of `peer`, or without a peer of `address`, that the link reaches.
  public var prefixBits: Int

  public init(_ address: IPAddress, prefixBits: Int, peer: IPAddress? = nil, on link: LinkIndex) {
    self.link = link
    self.address = address
    self.peer = peer
    self.prefixBits = prefixBits
  }
}

/// A route of the main table.
public struct Route: Hashable, Sendable {
  /// Where it leads; bits after the prefix do not count.
  public var destination: IPPrefix
  public var link: LinkIndex
  /// The next router; `nil` when the destination is on the link.
  public var gateway: IPAddress?
  /// The address to prefer as the source.
  public var source: IPAddress?
  /// Smaller wins among routes to the same destination; `nil` leaves it to the kernel.
  public var metric: UInt32?

  public init(
    to destination: IPPrefix, on link: LinkIndex, gateway: IPAddress? = nil,
    source: IPAddress? = nil, metric: UInt32? = nil
  ) {
    self.destination = destination
    self.link = link
    self.gateway = gateway
    self.source = source
    self.metric = metric
  }
}

/// How the kernel would reach an address at present.
public struct RouteLookup: Hashable, Sendable {
  public var link: LinkIndex
  public var gateway: IPAddress?
  /// The address that the kernel would send from.
  public var source: IPAddress?

  public init(link: LinkIndex, gateway: IPAddress? = nil, source: IPAddress? = nil) {
    self.link = link
    self.gateway = gateway
    self.source = source
  }

  /// A host route that keeps `address` on this path when wider routes change: what carries a tunnel
  /// must not go into the tunnel.
  public func pinned(_ address: IPAddress) -> Route? {
    IPPrefix(address, lengthBits: address.isIPv4 ? 32 : 128).map {
      Route(to: $0, on: link, gateway: gateway, source: source)
    }
  }
}

/// Interfaces, addresses and routes of this host.
public protocol NetworkControl: ~Copyable {
  /// The interface called `name`; ENODEV when there is none.
  mutating func link(named name: String) throws(SystemError) -> NetworkLink

  /// Changes what is not `nil`.
  mutating func configure(
    _ link: LinkIndex, mtuBytes: Int?, queuePackets: Int?, isUp: Bool?
  ) throws(SystemError)

  /// EEXIST when the interface has the address already. The kernel finishes an IPv6 address a moment
  /// after this returns: only then can it be a route's source, and only then is its peer reachable.
  mutating func add(_ address: LinkAddress) throws(SystemError)

  /// EADDRNOTAVAIL when the interface has no such address.
  mutating func remove(_ address: LinkAddress) throws(SystemError)

  /// EEXIST when there is such a route already.
  mutating func add(_ route: Route) throws(SystemError)

  /// ESRCH when there is no such route.
  mutating func remove(_ route: Route) throws(SystemError)

  /// The present path to `address`; ENETUNREACH when there is none.
  mutating func route(to address: IPAddress) throws(SystemError) -> RouteLookup
}
