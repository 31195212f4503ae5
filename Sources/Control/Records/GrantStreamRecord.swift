/// The gateway's stream of grants from its broker (`show grants`).
public struct GrantStreamRecord: Codable, Hashable, Sendable {
  public enum State: String, Codable, Sendable {
    /// Asked, and nothing has come yet.
    case connecting
    case attached
    /// Broken off; what was granted stays until the broker is back.
    case waiting
  }

  /// The broker's address.
  public var broker: String
  public var state: State
  /// Time since it is in this state.
  public var stateSeconds: Double
  /// Time to the next attempt; absent unless it waits.
  public var retryInSeconds: Double?
  /// Absent before the first change.
  public var lastChangeSecondsAgo: Double?
  /// Changes since the start.
  public var changes: UInt64
  /// Attachments since the start.
  public var attachments: UInt64
  /// Grants that were refused since the start: too many, or for no name or address.
  public var grantsRefused: UInt64
  /// Why it broke off last; absent while nothing went wrong.
  public var lastError: String?

  public init(
    broker: String, state: State, stateSeconds: Double, retryInSeconds: Double? = nil,
    lastChangeSecondsAgo: Double? = nil, changes: UInt64 = 0, attachments: UInt64 = 0,
    grantsRefused: UInt64 = 0, lastError: String? = nil
  ) {
    self.broker = broker
    self.state = state
    self.stateSeconds = stateSeconds
    self.retryInSeconds = retryInSeconds
    self.lastChangeSecondsAgo = lastChangeSecondsAgo
    self.changes = changes
    self.attachments = attachments
    self.grantsRefused = grantsRefused
    self.lastError = lastError
  }
}

/// The reply to `GET /v1/grants`: a list, and where it comes from.
public struct GrantsReply: Codable, Hashable, Sendable {
  /// Sorted by the connection's id.
  public var items: [GrantRecord]
  /// Absent where no broker is configured.
  public var stream: GrantStreamRecord?

  public init(items: [GrantRecord] = [], stream: GrantStreamRecord? = nil) {
    self.items = items
    self.stream = stream
  }
}
