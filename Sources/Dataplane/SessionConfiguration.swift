import Primitives

/// Whether data messages carry sequence numbers (RFC 2661 §5.4).
public enum DataSequencing: UInt8, Hashable, Sendable {
  case never
  case always
  /// As soon as the peer does, as a LAC must; and no longer when it stops.
  case followsPeer
}

/// One PPP session on the packet path: its L2TP ids, PPP options and inner addresses.
public struct SessionConfiguration: Hashable, Sendable {
  /// The most prefixes beside the peer's address that its packets may come from.
  public static let sourcesMax = 8

  public var carrier: CarrierID
  /// The ids that we assigned: what the peer writes into its headers.
  public var localTunnelID: UInt16
  public var localSessionID: UInt16
  /// The ids that the peer assigned: what we write.
  public var peerTunnelID: UInt16
  public var peerSessionID: UInt16
  /// The peer's UDP port inside the tunnel; ours is 1701.
  public var peerPort: UInt16 = 1_701
  /// Leave out FF 03 towards the peer (RFC 1661 §6.6); both forms are always accepted.
  public var compressesAddressAndControl = false
  /// One-byte protocol fields towards the peer (RFC 1661 §6.5); both forms are always accepted.
  public var compressesProtocol = false
  public var sequencing = DataSequencing.never
  /// The address that the peer has inside the tunnel; its packets may come from it.
  public var innerAddress: IPv4Address?
  /// Further sources that the peer's packets may have: networks routed behind it, or 0.0.0.0/0
  /// when the peer is a gateway. IPv4 only, `sourcesMax` at most.
  public var allowedSources: [IPPrefix] = []
  /// TCP segments are held to this size, in both directions; 0 leaves them alone.
  public var segmentBytesMax: UInt16 = 0
  /// IP packets pass. Before the network phase is up (PPP control alone passes) it is `false`.
  public var isOpen = false

  public init(
    carrier: CarrierID, localTunnelID: UInt16, localSessionID: UInt16, peerTunnelID: UInt16,
    peerSessionID: UInt16
  ) {
    self.carrier = carrier
    self.localTunnelID = localTunnelID
    self.localSessionID = localSessionID
    self.peerTunnelID = peerTunnelID
    self.peerSessionID = peerSessionID
  }
}

/// Where packets for a prefix go.
public enum RouteTarget: Hashable, Sendable {
  case session(SessionID)
  /// To the TUN device, as everything without a route that comes from a session: our own inner
  /// address beside a default route to a session needs it said.
  case tun
}
