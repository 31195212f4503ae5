/// What a device posts to its broker: answers, the present state, and history not yet acknowledged.
///
/// The state is the truth that a broker reconciles to, never by dialling again (CS-24).
public struct DeviceReport: Hashable, Sendable, Codable {
  public static let answersMax = 64
  public static let historyMax = 256
  /// No right report names as many: a tunnel carries ten.
  public static let connectionsMax = 64

  public var epoch: UInt64
  public var answers: [DeviceAnswer]
  public var state: DeviceState
  /// The history that `history` is of; `nil` when the agent does not say.
  public var historyID: HistoryID?
  /// In ascending order of sequence, at most ``historyMax``.
  public var history: [HistoryEvent]

  public init(
    epoch: UInt64, answers: [DeviceAnswer], state: DeviceState, historyID: HistoryID? = nil,
    history: [HistoryEvent]
  ) {
    self.epoch = epoch
    self.answers = answers
    self.state = state
    self.historyID = historyID
    self.history = history
  }
}

/// The broker's answer to a report.
public struct DeviceReportReceipt: Hashable, Sendable, Codable {
  /// The report's history is stored up to and including this sequence; the rest is sent again.
  public var historyAcknowledged: UInt64

  public init(historyAcknowledged: UInt64) { self.historyAcknowledged = historyAcknowledged }
}

/// Tunnel and connections of a device, as they are.
public struct DeviceState: Hashable, Sendable, Codable {
  public enum Phase: String, Hashable, Sendable, Codable { case down, establishing, up, closing }

  public var phase: Phase
  /// Present while `phase` is `up`.
  public var tunnel: TunnelState?
  /// In ascending order; those that wait for the tunnel are not among them.
  public var connections: [ConnectionID]
  /// Counts up with each report of an attachment, so that one that was held up on its way does not
  /// pass for the present; `nil` when the agent does not count.
  public var number: UInt64?

  public init(phase: Phase, tunnel: TunnelState? = nil, connections: [ConnectionID] = []) {
    self.phase = phase
    self.tunnel = tunnel
    self.connections = connections
  }
}

/// A tunnel that is up.
public struct TunnelState: Hashable, Sendable, Codable {
  public var id: TunnelID
  public var vpnAddress: String
  public var upSince: Timestamp
  public var inactivitySeconds: Int64
  /// Time without user activity that is left, in seconds.
  public var inactivityLeftSeconds: Int64
  /// User traffic towards the device and from it, in bytes.
  public var receivedBytes: UInt64
  public var sentBytes: UInt64

  public init(
    id: TunnelID, vpnAddress: String, upSince: Timestamp, inactivitySeconds: Int64,
    inactivityLeftSeconds: Int64, receivedBytes: UInt64, sentBytes: UInt64
  ) {
    self.id = id
    self.vpnAddress = vpnAddress
    self.upSince = upSince
    self.inactivitySeconds = inactivitySeconds
    self.inactivityLeftSeconds = inactivityLeftSeconds
    self.receivedBytes = receivedBytes
    self.sentBytes = sentBytes
  }
}
