/// How phase 1 is negotiated with a peer (`isakmp.policies[]`).
public struct ISAKMPPolicy: Hashable, Sendable {
  public enum Mode: String, CaseIterable, Sendable { case main }

  public enum Authentication: String, CaseIterable, Sendable { case preSharedKey }

  /// The gaps between retransmissions (IK-2, IK-3).
  public enum MessageBackoff: String, CaseIterable, Sendable { case incremental, none }

  /// How often a failed negotiation is begun again (IK-10).
  public enum RetryAttempts: Hashable, Sendable {
    /// 0 to 16; 0 is one attempt only.
    case limited(Int)
    case continuous
  }

  public enum NATTraversal: String, CaseIterable, Sendable {
    /// UDP encapsulation when a NAT is found (RFC 3947).
    case on
    /// UDP encapsulation always, NAT or not.
    case force
    case off
  }

  public var name: String
  public var peer: PeerSelector
  public var mode = Mode.main
  public var authentication = Authentication.preSharedKey
  public var proposals = AlgorithmChoice<ISAKMPProposal>.profile(.standard)
  /// 1 minute to 30 days.
  public var lifetime = Duration.seconds(8 * 3600)
  /// Bytes that phase 1 may protect; `nil` for no such limit.
  public var lifetimeBytes: UInt64?
  /// 0 to 1024 retransmissions (IK-1).
  public var msgRetryLimit = 8
  /// 1 s to 24 h (IK-1).
  public var msgTimeout = Duration.seconds(4)
  public var msgBackoff = MessageBackoff.incremental
  public var retryIkeAttempts = RetryAttempts.limited(0)
  /// Pause before the first retry; it doubles with every further one (IK-14).
  public var retryPause = Duration.seconds(1)
  /// What the pause doubles up to (IK-14).
  public var retryPauseMax = Duration.seconds(60)
  /// Silence after which the peer is asked for a sign of life; zero for never.
  public var dpdInterval = Duration.seconds(30)
  /// Silence after which the peer counts as dead.
  public var dpdTimeout = Duration.seconds(150)
  public var sendNotify = true
  public var sendDeletes = true
  public var natTraversal = NATTraversal.on
  /// Silence after which a NAT keepalive is sent (RFC 3948 §4); zero for never.
  public var natKeepalive = Duration.seconds(20)
  /// Phase 2 exchanges under way at once per phase 1 SA, 1 to 64.
  public var phase2ExchangeLimit = 3

  public init(name: String, peer: PeerSelector = .any) {
    self.name = name
    self.peer = peer
  }
}

extension ISAKMPPolicy.RetryAttempts: CustomStringConvertible {
  public var description: String {
    switch self {
    case .limited(let attempts): "\(attempts)"
    case .continuous: "continuous"
    }
  }
}
