import Primitives

/// The end of a record that is kept for analysis until its destruct timeout (LT-2).
public struct Closing: Codable, Hashable, Sendable {
  public var closeReason: CloseReason
  public var closedSecondsAgo: Double
  /// Time until the record is dropped.
  public var destructTimeoutRemainingSeconds: Double

  public init(
    closeReason: CloseReason, closedSecondsAgo: Double, destructTimeoutRemainingSeconds: Double
  ) {
    self.closeReason = closeReason
    self.closedSecondsAgo = closedSecondsAgo
    self.destructTimeoutRemainingSeconds = destructTimeoutRemainingSeconds
  }
}
