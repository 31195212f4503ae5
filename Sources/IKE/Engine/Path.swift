import Primitives

/// A connection: an ISAKMP SA with its phase 2 SAs, surviving the rekeying of both.
public struct ConnectionID: Hashable, Sendable, Comparable, CustomStringConvertible {
  public let value: UInt32

  public init(value: UInt32) { self.value = value }

  public static func < (left: ConnectionID, right: ConnectionID) -> Bool {
    left.value < right.value
  }

  public var description: String { "connection \(value)" }
}

/// Names one ISAKMP SA inside the engine, from its first message on.
struct ISAKMPSAID: Hashable, Sendable, Comparable {
  let value: UInt32

  static func < (left: ISAKMPSAID, right: ISAKMPSAID) -> Bool { left.value < right.value }
}

/// Which end started an exchange.
public enum Role: String, Sendable, Hashable {
  case initiator
  case responder

  var peer: Role { self == .initiator ? .responder : .initiator }
}

/// Where messages of an ISAKMP SA come from and go to.
public struct Path: Hashable, Sendable, CustomStringConvertible {
  /// UDP port of IKE (RFC 2408 §2.5.1) and of IKE after a NAT was found (RFC 3947 §4).
  public static let ikePort: UInt16 = 500
  public static let floatedPort: UInt16 = 4500

  public var local: SocketAddress
  public var remote: SocketAddress
  /// On the UDP 4500 socket; the caller adds and strips the non-ESP marker.
  public var floated: Bool

  public init(local: SocketAddress, remote: SocketAddress, floated: Bool) {
    self.local = local
    self.remote = remote
    self.floated = floated
  }

  /// The same hosts on port 4500 (RFC 3947 §4).
  var onFloatedPort: Path {
    Path(
      local: SocketAddress(local.address, port: Self.floatedPort),
      remote: SocketAddress(remote.address, port: Self.floatedPort), floated: true)
  }

  public var description: String { "\(local) - \(remote)" }
}

/// A datagram to send.
public struct Transmit: Sendable, Hashable {
  public let bytes: [UInt8]
  public let path: Path
  /// A NAT keepalive: one byte 0xFF, to be sent without the non-ESP marker (RFC 3948 §2.3).
  public let isKeepalive: Bool
}
