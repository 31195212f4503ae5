import ConnectionService
import Primitives

/// One user's claim on the tunnel, as the device's ledger holds it.
public struct LiveConnection: Hashable, Sendable {
  public let id: ConnectionID
  public let organisation: Name
  public let user: Name
  /// For people; how long it stands is told by ``openedAt``.
  public let openedTime: Timestamp
  public let openedAt: Instant
}

/// A connect that waits for the tunnel; nothing of its parameters is kept.
struct WaitingConnect: Hashable, Sendable {
  let command: UInt64
  let connection: ConnectionID
  let organisation: Name
  let user: Name

  init(_ order: ConnectOrder, command: UInt64) {
    self.command = command
    connection = order.connection
    organisation = order.organisation
    user = order.user
  }
}

/// What a process that is gone left behind (CS-14).
public struct Remainder: Hashable, Sendable {
  /// A connection that its history shows as open.
  public struct OpenConnection: Hashable, Sendable {
    public var id: ConnectionID
    public var organisation: Name?
    public var user: Name?

    public init(id: ConnectionID, organisation: Name?, user: Name?) {
      self.id = id
      self.organisation = organisation
      self.user = user
    }
  }

  /// The last sequence of the history; 0 for an empty one.
  public var historySequence: UInt64
  /// Which history it is, and what the broker has of it.
  public var historyMark: HistoryMark
  /// The tunnel that was up.
  public var openTunnel: TunnelID?
  public var openConnections: [OpenConnection]
  /// Ids that are used up, oldest first.
  public var closedConnections: [ConnectionID]

  public init(
    historyMark: HistoryMark, historySequence: UInt64 = 0, openTunnel: TunnelID? = nil,
    openConnections: [OpenConnection] = [], closedConnections: [ConnectionID] = []
  ) {
    self.historySequence = historySequence
    self.historyMark = historyMark
    self.openTunnel = openTunnel
    self.openConnections = openConnections
    self.closedConnections = closedConnections
  }
}
