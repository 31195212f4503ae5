/// The Restart timer and counters of RFC 1661 §4.6.
public struct RestartParameters: Sendable, Equatable {
  /// Restart timer; 3 s by default.
  public var interval: Duration = .seconds(3)
  /// Max-Configure: Configure-Requests sent before the peer is taken to be unable to answer.
  public var configureMax = 10
  /// Max-Terminate: Terminate-Requests sent before the link is taken to be down.
  public var terminateMax = 2
  /// Max-Failure: Configure-Naks sent before they become Configure-Rejects.
  public var failureMax = 5

  public init() {}
}
