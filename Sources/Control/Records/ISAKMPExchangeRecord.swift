/// A negotiation under way, or one that failed lately (`show isakmp exchange`).
public struct ISAKMPExchangeRecord: Codable, Hashable, Sendable {
  public enum Mode: String, Codable, Sendable {
    case main, aggressive, quick, informational, transaction
  }

  /// Never given twice while the process lives.
  public var id: UInt64
  /// 16 hexadecimal digits.
  public var initiatorCookie: String
  /// 16 hexadecimal digits; zeros until the peer has answered.
  public var responderCookie: String
  /// 8 hexadecimal digits; zeros in phase 1.
  public var messageID: String
  public var endpoints: Endpoints
  /// 1 or 2.
  public var phase: Int
  public var mode: Mode
  public var role: ExchangeRole
  /// What is waited for, e.g. `awaitingKE`.
  public var state: String
  /// The policy's name.
  public var policy: String
  public var retransmission: Retransmission
  public var ageSeconds: Double
  /// Absent while nothing went wrong.
  public var lastError: String?

  public init(
    id: UInt64, initiatorCookie: String, responderCookie: String, messageID: String,
    endpoints: Endpoints, phase: Int, mode: Mode, role: ExchangeRole, state: String,
    policy: String, retransmission: Retransmission, ageSeconds: Double, lastError: String? = nil
  ) {
    self.id = id
    self.initiatorCookie = initiatorCookie
    self.responderCookie = responderCookie
    self.messageID = messageID
    self.endpoints = endpoints
    self.phase = phase
    self.mode = mode
    self.role = role
    self.state = state
    self.policy = policy
    self.retransmission = retransmission
    self.ageSeconds = ageSeconds
    self.lastError = lastError
  }
}
