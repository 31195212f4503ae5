import Primitives

/// Everything of a tunnel that an operator may want to see; never a secret.
public struct TunnelSnapshot: Hashable, Sendable {
  public struct Session: Hashable, Sendable {
    public var localID: UInt16
    /// 0 until the peer has assigned it.
    public var remoteID: UInt16
    public var state: SessionState
    public var facts: SessionFacts
  }

  public var role: TunnelRole
  public var phase: TunnelPhase
  public var localID: UInt16
  /// 0 until the peer has assigned it.
  public var remoteID: UInt16
  public var peer: PeerFacts?
  /// Sequence number of the next new message.
  public var ns: UInt16
  /// Sequence number expected from the peer.
  public var nr: UInt16
  public var congestionWindow: Int
  public var slowStartThreshold: Int
  public var peerWindow: UInt16
  /// Messages not yet acknowledged, unsent ones included.
  public var outgoing: Int
  public var retransmissions: Int
  public var nextRetransmission: Instant?
  public var nextHello: Instant?
  /// When the state of a closed tunnel may be forgotten.
  public var retentionEnds: Instant?
  /// Sessions admitted or opened so far.
  public var sessionsInLife: Int
  public var isDraining: Bool
  /// By local id.
  public var sessions: [Session]
}
