import Primitives

/// Everything of a tunnel that an operator may want to see; never a secret.
public struct TunnelSnapshot: Hashable, Sendable {
  /// One session.
  public struct Session: Hashable, Sendable {
    /// Our name for it, in what the peer sends.
    public var localID: UInt16
    /// 0 until the peer has assigned it.
    public var remoteID: UInt16
    /// The state of its call.
    public var state: SessionState
    /// What the LAC said of the call so far.
    public var facts: SessionFacts
  }

  /// LAC or LNS.
  public var role: TunnelRole
  /// The state of the control connection.
  public var phase: TunnelPhase
  /// Our name for it, in what the peer sends.
  public var localID: UInt16
  /// 0 until the peer has assigned it.
  public var remoteID: UInt16
  /// What the peer said of itself.
  public var peer: PeerFacts?
  /// Sequence number of the next new message.
  public var ns: UInt16
  /// Sequence number expected from the peer.
  public var nr: UInt16
  /// Messages that may be unacknowledged now (appendix A).
  public var congestionWindow: Int
  /// Where slow start ends (appendix A).
  public var slowStartThreshold: Int
  /// The peer's Receive Window Size.
  public var peerWindow: UInt16
  /// Messages not yet acknowledged, unsent ones included.
  public var outgoing: Int
  /// How often the oldest of them was retransmitted.
  public var retransmissions: Int
  /// When it is retransmitted again.
  public var nextRetransmission: Instant?
  /// When a Hello is sent if the peer stays silent.
  public var nextHello: Instant?
  /// When the state of a closed tunnel may be forgotten.
  public var retentionEnds: Instant?
  /// Sessions admitted or opened so far.
  public var sessionsInLife: Int
  /// New sessions are refused.
  public var isDraining: Bool
  /// By local id.
  public var sessions: [Session]
}
