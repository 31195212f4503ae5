import Cryptography
import Primitives

/// How ESP travels.
public enum ESPEncapsulation: String, Sendable, Hashable {
  /// IP protocol 50.
  case plain
  /// In UDP (RFC 3948).
  case udp
}

/// The traffic of a phase 2 SA: UDP between two hosts.
public struct TrafficSelectors: Sendable, Hashable {
  /// Addresses as they appear outside, on the wire of this host.
  public var local: IPAddress
  public var remote: IPAddress
  /// 17, UDP.
  public var protocolID: UInt8
  /// 0 for any.
  public var localPort: UInt16
  public var remotePort: UInt16
  /// Our address as the peer sees it, when a NAT lies between (NAT-OA, RFC 3947 §5.2).
  public var originalLocal: IPAddress?
  /// The peer's own address behind its NAT: from NAT-OA, or from its selector.
  public var originalRemote: IPAddress?
}

/// A phase 2 SA pair, ready to install in both directions.
public struct ChildSA: Sendable {
  /// One direction of ESP.
  public struct Direction: Sendable {
    public let spi: UInt32
    public let keys: ESPKeys
  }

  public let inbound: Direction
  public let outbound: Direction
  public let transform: ESPTransform
  public let encapsulation: ESPEncapsulation
  public let selectors: TrafficSelectors
  public let role: Role
  /// Hard limits; the kilobytes are for the data path to watch (`requestRekey`).
  public let lifetime: Lifetime
  /// Packets.
  public let replayWindow: UInt32
  /// The inbound SPI of the pair that this one succeeds.
  public let replaces: UInt32?
  public let perfectForwardSecrecy: Bool
}

/// The engine's record of a phase 2 SA pair.
struct Phase2SA: Sendable {
  let inboundSPI: UInt32
  let outboundSPI: UInt32
  let connection: ConnectionID
  let role: Role
  let transform: ESPTransform
  let encapsulation: ESPEncapsulation
  let selectors: TrafficSelectors
  let lifetime: Lifetime
  let policyName: String
  let replayWindowPackets: UInt32
  /// Absent without perfect forward secrecy.
  let pfsGroup: KeyExchangeGroup?
  let createdAt: Instant
  let expiresAt: Instant
  var rekeyAt: Instant?
  var isOutboundReady = false
  /// A younger pair serves the connection; this one stays for what is still under way.
  var isSuperseded = false
}
