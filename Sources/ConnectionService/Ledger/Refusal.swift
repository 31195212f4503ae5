import Primitives

/// Why a request of the connection service was not done; the same object from agent to console.
public struct Refusal: Error, Hashable, Sendable, Codable {
  /// The closed list of codes; programs go by it.
  public enum Code: String, CaseIterable, Codable, Sendable {
    /// The request makes no sense: path, body, field or id.
    case badRequest
    /// No credential, or one that is unknown, expired or revoked: they look alike.
    case unauthenticated
    /// The credential is good, its role does not allow this.
    case forbidden
    /// No such device in the asker's organisation; another organisation's looks the same (CS-22).
    case deviceUnknown
    /// The device is not attached to any broker (CS-22).
    case deviceOffline
    /// The device was asked and did not answer in time.
    case deviceTimeout
    /// The tunnel has its ten connections (CS-3).
    case connectionLimit
    /// No such connection; another organisation's looks the same (CS-8).
    case connectionUnknown
    /// The connection is over already (CS-8).
    case connectionClosed
    /// The device could not bring its tunnel up (CS-4).
    case establishmentFailed
    /// The tunnel is being closed: ask again in a moment.
    case tunnelClosing
    /// A policy on the way refuses (CS-23).
    case policyRefused
    /// A command of an attachment that is over (CS-21).
    case epochOutdated
    /// The enrolment code is wrong, used or expired.
    case enrolmentCodeInvalid
    /// The product id is taken.
    case productIDTaken
    /// Nothing else of that name or id.
    case notFound
    /// The idempotency key came before with another request.
    case idempotencyConflict
    /// A limit of requests, streams or records is reached.
    case overloaded
    /// The body is larger than any request needs.
    case tooLarge
    /// The database cannot be reached: new connects are refused, tunnels live on (CS-27).
    case storeUnavailable
    /// The broker cannot be reached.
    case brokerUnreachable
    /// A fault of ours.
    case internalError
  }

  public var code: Code
  /// What happened, in one sentence.
  public var detail: String
  /// The likely cause.
  public var cause: String
  /// What to do about it.
  public var nextStep: String
  /// Why the tunnel did not stand, where that is what happened.
  public var reason: CloseReason?

  public init(
    _ code: Code, _ detail: String, cause: String, nextStep: String, reason: CloseReason? = nil
  ) {
    self.code = code
    self.detail = detail
    self.cause = cause
    self.nextStep = nextStep
    self.reason = reason
  }
}
