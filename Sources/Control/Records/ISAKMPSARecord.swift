/// A phase 1 SA (`show isakmp sa`).
public struct ISAKMPSARecord: Codable, Hashable, Sendable {
  public enum State: String, Codable, Sendable { case negotiating, established, rekeying, closed }

  public enum DPDState: String, Codable, Sendable {
    case off
    /// Heard from lately.
    case alive
    /// Asked, not answered yet.
    case probing
    case dead
  }

  /// Never given twice while the process lives; `close sa` takes it.
  public var id: UInt64
  /// The IPsec connection that it belongs to.
  public var connection: UInt64
  /// 16 hexadecimal digits.
  public var initiatorCookie: String
  /// 16 hexadecimal digits.
  public var responderCookie: String
  public var endpoints: Endpoints
  public var mode: ISAKMPExchangeRecord.Mode
  public var role: ExchangeRole
  public var state: State
  /// The policy's name.
  public var policy: String
  /// What the peer calls itself; absent until it has said so.
  public var peerIdentity: String?
  /// Absent until it is negotiated, like the next two.
  public var encryption: String?
  public var hash: String?
  public var group: String?
  public var authentication: String
  public var retransmission: Retransmission
  public var ageSeconds: Double
  /// Absent until the SA is established.
  public var lifetimeRemainingSeconds: Double?
  /// Absent without such a limit.
  public var lifetimeRemainingBytes: UInt64?
  public var dpdState: DPDState
  /// Time to the next question or, while one is open, to the verdict.
  public var dpdNextInSeconds: Double?
  /// Pairs of phase 2 SAs.
  public var phase2SAs: Int
  /// No tunnel may ride on it again (LT-8, LT-9).
  public var spent: Bool
  /// Absent while nothing went wrong.
  public var lastError: String?
  /// Present once it is closed.
  public var closing: Closing?

  public init(
    id: UInt64, connection: UInt64, initiatorCookie: String, responderCookie: String,
    endpoints: Endpoints, mode: ISAKMPExchangeRecord.Mode, role: ExchangeRole, state: State,
    policy: String, peerIdentity: String? = nil, encryption: String? = nil, hash: String? = nil,
    group: String? = nil, authentication: String, retransmission: Retransmission,
    ageSeconds: Double, lifetimeRemainingSeconds: Double? = nil,
    lifetimeRemainingBytes: UInt64? = nil, dpdState: DPDState, dpdNextInSeconds: Double? = nil,
    phase2SAs: Int, spent: Bool, lastError: String? = nil, closing: Closing? = nil
  ) {
    self.id = id
    self.connection = connection
    self.initiatorCookie = initiatorCookie
    self.responderCookie = responderCookie
    self.endpoints = endpoints
    self.mode = mode
    self.role = role
    self.state = state
    self.policy = policy
    self.peerIdentity = peerIdentity
    self.encryption = encryption
    self.hash = hash
    self.group = group
    self.authentication = authentication
    self.retransmission = retransmission
    self.ageSeconds = ageSeconds
    self.lifetimeRemainingSeconds = lifetimeRemainingSeconds
    self.lifetimeRemainingBytes = lifetimeRemainingBytes
    self.dpdState = dpdState
    self.dpdNextInSeconds = dpdNextInSeconds
    self.phase2SAs = phase2SAs
    self.spent = spent
    self.lastError = lastError
    self.closing = closing
  }
}
