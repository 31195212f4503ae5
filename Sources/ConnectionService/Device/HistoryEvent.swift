import Primitives

/// One line of a device's own history (CS-15).
public struct HistoryEvent: Hashable, Sendable, Codable {
  public enum Kind: String, CaseIterable, Hashable, Sendable, Codable {
    case agentStarted
    case tunnelEstablished
    case establishmentFailed
    case connectionOpened
    case connectionClosed
    case connectRefused
    /// Closed because somebody asked: the last connection was closed, or all of them.
    case tunnelClosed
    /// The tunnel ended by itself: exactly one for each tunnel that is lost (CS-13, CS-14).
    case unexpectedClose
  }

  /// Counts up by one from 1 through the whole life of this history (``HistoryID``).
  public var sequence: UInt64
  public var time: Timestamp
  public var kind: Kind
  public var tunnel: TunnelID?
  public var connection: ConnectionID?
  public var organisation: Name?
  public var user: Name?
  public var reason: CloseReason?
  /// The refusal's code, where one was given.
  public var refusal: Refusal.Code?
  /// How long the tunnel or connection stood, in seconds.
  public var lastedSeconds: Int64?
  /// User traffic of the tunnel in both directions, in bytes.
  public var bytes: UInt64?

  public init(sequence: UInt64, time: Timestamp, kind: Kind) {
    self.sequence = sequence
    self.time = time
    self.kind = kind
  }
}
