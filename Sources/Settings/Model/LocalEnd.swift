import Primitives

/// The addresses and ports that peers reach us at (`listen`).
public struct ListenAddresses: Hashable, Sendable {
  public var addresses: [IPAddress] = [.v4(.any)]
  /// ISAKMP (RFC 2408 §2.5.1).
  public var ikePort: UInt16 = 500
  /// ISAKMP and ESP in UDP (RFC 3947 §4).
  public var nattPort: UInt16 = 4500
  /// L2TP outside IPsec (RFC 2661 §8.1); `nil`, the default, does not listen for it.
  public var clearL2TPPort: UInt16?

  public init() {}
}

/// Where the tunnels' packets meet the host's network (`tun`).
public struct TunInterface: Hashable, Sendable {
  /// The interface's name; `nil` forwards between sessions only.
  public var name: String?
  /// 576 to 9000.
  public var mtuBytes = 1400

  public init(name: String?) { self.name = name }
}

/// How much is logged (`log.level`).
public enum LogLevel: String, CaseIterable, Sendable {
  case trace, debug, info, notice, warning, error, critical
}
