/// The state of message back-off and negotiation retries (IK-1 to IK-14), as exchanges and SAs show
/// it.
public struct Retransmission: Codable, Hashable, Sendable {
  public enum Backoff: String, Codable, Sendable { case incremental, none }

  public var messageBackoff: Backoff
  public var retransmissionsSent: Int
  public var retransmissionsLimit: Int
  /// Absent while nothing waits for an answer.
  public var nextRetransmissionInSeconds: Double?
  /// 0 during the first attempt.
  public var retryAttempt: Int
  /// Absent where a negotiation is retried without a limit.
  public var retryLimit: Int?
  /// Absent while no retry is planned.
  public var nextRetryInSeconds: Double?

  public init(
    messageBackoff: Backoff, retransmissionsSent: Int = 0, retransmissionsLimit: Int,
    nextRetransmissionInSeconds: Double? = nil, retryAttempt: Int = 0, retryLimit: Int? = 0,
    nextRetryInSeconds: Double? = nil
  ) {
    self.messageBackoff = messageBackoff
    self.retransmissionsSent = retransmissionsSent
    self.retransmissionsLimit = retransmissionsLimit
    self.nextRetransmissionInSeconds = nextRetransmissionInSeconds
    self.retryAttempt = retryAttempt
    self.retryLimit = retryLimit
    self.nextRetryInSeconds = nextRetryInSeconds
  }
}
