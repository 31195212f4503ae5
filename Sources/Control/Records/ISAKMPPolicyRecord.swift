/// A phase 1 policy (`show isakmp policy`).
public struct ISAKMPPolicyRecord: Codable, Hashable, Sendable {
  public var name: String
  /// `any`, an address or an address block.
  public var peer: String
  public var mode: String
  public var authentication: String
  /// In order of preference, e.g. `aes256-sha256-modp2048`, or a profile's name alone.
  public var proposals: [String]
  public var lifetimeSeconds: Double
  /// Absent without such a limit.
  public var lifetimeBytes: UInt64?
  public var messageBackoff: Retransmission.Backoff
  public var msgTimeoutSeconds: Double
  public var msgRetryLimit: Int
  /// Absent where a negotiation is retried without a limit.
  public var retryIkeAttempts: Int?
  public var retriesContinuous: Bool
  /// Zero for never.
  public var dpdIntervalSeconds: Double
  public var dpdTimeoutSeconds: Double
  public var sendNotify: Bool
  public var sendDeletes: Bool
  /// `on`, `force` or `off`.
  public var natTraversal: String
  /// Zero for never.
  public var natKeepaliveSeconds: Double
  public var phase2ExchangeLimit: Int

  public init(
    name: String, peer: String, mode: String, authentication: String, proposals: [String],
    lifetimeSeconds: Double, lifetimeBytes: UInt64? = nil, messageBackoff: Retransmission.Backoff,
    msgTimeoutSeconds: Double, msgRetryLimit: Int, retryIkeAttempts: Int? = nil,
    retriesContinuous: Bool = false, dpdIntervalSeconds: Double, dpdTimeoutSeconds: Double,
    sendNotify: Bool, sendDeletes: Bool, natTraversal: String, natKeepaliveSeconds: Double,
    phase2ExchangeLimit: Int
  ) {
    self.name = name
    self.peer = peer
    self.mode = mode
    self.authentication = authentication
    self.proposals = proposals
    self.lifetimeSeconds = lifetimeSeconds
    self.lifetimeBytes = lifetimeBytes
    self.messageBackoff = messageBackoff
    self.msgTimeoutSeconds = msgTimeoutSeconds
    self.msgRetryLimit = msgRetryLimit
    self.retryIkeAttempts = retryIkeAttempts
    self.retriesContinuous = retriesContinuous
    self.dpdIntervalSeconds = dpdIntervalSeconds
    self.dpdTimeoutSeconds = dpdTimeoutSeconds
    self.sendNotify = sendNotify
    self.sendDeletes = sendDeletes
    self.natTraversal = natTraversal
    self.natKeepaliveSeconds = natKeepaliveSeconds
    self.phase2ExchangeLimit = phase2ExchangeLimit
  }
}
