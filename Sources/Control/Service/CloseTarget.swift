import Primitives

/// What `close` ends.
public enum CloseTarget: String, CaseIterable, Codable, Sendable {
  /// An L2TP tunnel with its sessions.
  case tunnel
  /// One L2TP session.
  case session
  /// An IPsec connection: the phase 1 SA of that id with its phase 2 SAs, and the tunnels on it.
  case sa
}

/// What an open has begun: the peer may still refuse.
public struct OpenReply: Codable, Hashable, Sendable {
  public var tunnel: UInt64

  public init(tunnel: UInt64) { self.tunnel = tunnel }
}

/// What a close has begun.
public struct CloseReply: Codable, Hashable, Sendable {
  public var target: CloseTarget
  public var id: UInt64
  public var closeReason: CloseReason

  public init(target: CloseTarget, id: UInt64, closeReason: CloseReason = .administrator) {
    self.target = target
    self.id = id
    self.closeReason = closeReason
  }
}
