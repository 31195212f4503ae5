import Cryptography
import ESP
import IPPacket
import Primitives

/// How L2TP's datagrams travel between two hosts.
public enum Encapsulation: UInt8, Hashable, Sendable, CaseIterable {
  /// UDP 1701 without IPsec.
  case clear
  /// ESP as IP protocol 50.
  case plainESP
  /// ESP in UDP 4500 (RFC 3948).
  case udpESP

  /// The socket that such packets come from and leave through.
  public var socket: OuterSocket {
    switch self {
    case .clear: .udp1701
    case .plainESP: .rawESP
    case .udpESP: .udp4500
    }
  }
}

/// Where a carrier's packets go, and how.
public struct CarrierConfiguration: Hashable, Sendable {
  public var encapsulation: Encapsulation
  /// Our address; the port is that of our socket and not looked at.
  public var local: SocketAddress
  /// The peer's address; the port means something for `udpESP` and `clear`.
  public var remote: SocketAddress

  public init(encapsulation: Encapsulation, local: SocketAddress, remote: SocketAddress) {
    self.encapsulation = encapsulation
    self.local = local
    self.remote = remote
  }
}

/// What protects one direction of a carrier.
public struct SAConfiguration: Sendable {
  public var spi: UInt32
  public var transform: ESPTransform
  public var keys: ESPKeys
  public var lifetime: ESPLifetime
  /// Packets, 1…1,024; means nothing for an outbound SA.
  public var replayWindow: Int

  public init(
    spi: UInt32, transform: ESPTransform, keys: ESPKeys, lifetime: ESPLifetime = .unlimited,
    replayWindow: Int = ReplayWindow.sizeDefault
  ) {
    self.spi = spi
    self.transform = transform
    self.keys = keys
    self.lifetime = lifetime
    self.replayWindow = replayWindow
  }
}
