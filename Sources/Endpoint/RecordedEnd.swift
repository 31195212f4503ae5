import Primitives

/// When and why something ended.
public struct RecordedEnd: Sendable, Equatable {
  /// A reason from the closed list, and what is behind it in a sentence.
  public struct Cause: Sendable, Equatable {
    public var reason: CloseReason
    public var detail: String

    public init(_ reason: CloseReason, _ detail: String = "") {
      self.reason = reason
      self.detail = detail
    }
  }

  public var at: Instant
  public var cause: Cause

  public init(at: Instant, cause: Cause) {
    self.at = at
    self.cause = cause
  }
}
