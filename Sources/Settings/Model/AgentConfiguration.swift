import Primitives

/// Everything that a device's agent is told.
public struct AgentConfiguration: Equatable, Sendable {
  public static let defaultControlSocket = "/run/drawbridge-agent/agent.sock"
  public static let defaultHistoryPath = "/var/lib/drawbridge-agent/agent.sqlite"

  public var broker: BrokerLink
  /// What the device must be enrolled as; `nil` leaves that to the token.
  public var productID: String?
  /// The sets that a connect may name.
  public var credentials: [AgentCredentials] = []
  /// The interface is made for the tunnel and goes with it.
  public var tun = TunInterface(name: "drawbridge%d")
  public var history = AgentHistory()
  public var controlSocket = Self.defaultControlSocket
  public var logLevel = LogLevel.info
  /// A folder to write the keys of ISAKMP and ESP into, for reading captures; `nil`, the default,
  /// writes none.
  public var captureKeys: String?

  init(broker: BrokerLink) { self.broker = broker }
}

/// How much of the device's history is kept (`history`).
public struct AgentHistory: Hashable, Sendable {
  public var path = AgentConfiguration.defaultHistoryPath
  /// 1 to 3650.
  public var days = 365
  /// 100 to 1,000,000.
  public var entries = 10_000

  init() {}
}
