import ConnectionService
import Primitives

/// What an agent does at the moment (`GET /v1/agent/status`).
public struct AgentStatus: Codable, Hashable, Sendable {
  /// How the agent stands with its broker.
  public enum BrokerState: String, Codable, Sendable {
    /// The stream stands.
    case attached
    /// It is being tried again.
    case connecting
    /// Another agent has the device; this one does not come back by itself (CS-21).
    case superseded
  }

  public var version: String
  public var processID: Int
  public var uptimeSeconds: Double
  public var broker: String
  public var brokerState: BrokerState
  /// Why it is not attached, where that is known.
  public var brokerProblem: String?
  public var epoch: UInt64?
  /// As the configuration names the device.
  public var productID: String?
  public var state: DeviceState
  /// Connects that wait for the tunnel.
  public var waiting: Int
  public var connectionsMax: Int
  /// The last line of the history, and the last that the broker has.
  public var historySequence: UInt64
  public var historyAcknowledged: UInt64

  public init(
    version: String, processID: Int, uptimeSeconds: Double, broker: String,
    brokerState: BrokerState, brokerProblem: String? = nil, epoch: UInt64? = nil,
    productID: String? = nil,
    state: DeviceState, waiting: Int, connectionsMax: Int, historySequence: UInt64,
    historyAcknowledged: UInt64
  ) {
    self.version = version
    self.processID = processID
    self.uptimeSeconds = uptimeSeconds
    self.broker = broker
    self.brokerState = brokerState
    self.brokerProblem = brokerProblem
    self.epoch = epoch
    self.productID = productID
    self.state = state
    self.waiting = waiting
    self.connectionsMax = connectionsMax
    self.historySequence = historySequence
    self.historyAcknowledged = historyAcknowledged
  }
}

/// A connection on the device's tunnel (`GET /v1/agent/connections`).
public struct AgentConnectionRecord: Codable, Hashable, Sendable {
  public var id: ConnectionID
  public var organisation: Name
  public var user: Name
  public var openedAt: Timestamp
  public var ageSeconds: Double

  public init(
    id: ConnectionID, organisation: Name, user: Name, openedAt: Timestamp, ageSeconds: Double
  ) {
    self.id = id
    self.organisation = organisation
    self.user = user
    self.openedAt = openedAt
    self.ageSeconds = ageSeconds
  }
}

/// A line of the VPN agent's log (`GET /v1/agent/tunnels`): one tunnel, with the exact reason of its
/// end (CS-13).
public struct AgentTunnelRecord: Codable, Hashable, Sendable {
  public var id: TunnelID
  public var gateway: String
  public var dialledAt: Timestamp
  /// Absent for one that never stood.
  public var upAt: Timestamp?
  public var overAt: Timestamp?
  public var reason: CloseReason?
  /// What is behind the reason, in a sentence.
  public var detail: String?

  public init(
    id: TunnelID, gateway: String, dialledAt: Timestamp, upAt: Timestamp?, overAt: Timestamp?,
    reason: CloseReason?, detail: String?
  ) {
    self.id = id
    self.gateway = gateway
    self.dialledAt = dialledAt
    self.upAt = upAt
    self.overAt = overAt
    self.reason = reason
    self.detail = detail
  }
}

/// What a close of everything has begun (`DELETE /v1/agent/connections`).
public struct AgentCloseReply: Codable, Hashable, Sendable {
  /// Connections that stood or waited.
  public var closed: Int

  public init(closed: Int) { self.closed = closed }
}
