import ConnectionService

/// What a running agent answers at the device itself, with or without a broker (CS-24).
public protocol AgentControl: Sendable {
  func status() async throws(ControlError) -> AgentStatus
  /// The connections that stand, in the order in which they came.
  func connections() async throws(ControlError) -> [AgentConnectionRecord]
  /// Lines after a sequence, in ascending order, at most ``AgentRequest/historyLinesMax``.
  func history(after sequence: UInt64) async throws(ControlError) -> [HistoryEvent]
  /// The tunnels that were dialled last, the newest first.
  func tunnels() async throws(ControlError) -> [AgentTunnelRecord]
  /// Closes every connection and the tunnel.
  func closeAll() async throws(ControlError) -> AgentCloseReply
}

/// A request to an agent in the form in which it travels.
public enum AgentRequest: Hashable, Sendable {
  case status
  case connections
  case history(after: UInt64)
  case tunnels
  case closeAll

  /// Lines of history in one reply.
  public static let historyLinesMax = 1000
  /// Tunnels in one reply.
  public static let tunnelsMax = 1000
  private static let historyPath = "/v1/agent/history/after/"

  public var method: ControlRequest.Method {
    switch self {
    case .status, .connections, .history, .tunnels: .get
    case .closeAll: .delete
    }
  }

  public var path: String {
    switch self {
    case .status: "/v1/agent/status"
    case .connections, .closeAll: "/v1/agent/connections"
    case .history(let sequence): "\(Self.historyPath)\(sequence)"
    case .tunnels: "/v1/agent/tunnels"
    }
  }

  /// Reads what a client wrote; the opposite of ``method`` and ``path``.
  ///
  /// - Throws: `badRequest` for anything else.
  public init(method: String, path: String) throws(ControlError) {
    switch (method, path) {
    case ("GET", "/v1/agent/status"): self = .status
    case ("GET", "/v1/agent/connections"): self = .connections
    case ("DELETE", "/v1/agent/connections"): self = .closeAll
    case ("GET", "/v1/agent/tunnels"): self = .tunnels
    case ("GET", _) where path.hasPrefix(Self.historyPath):
      guard let sequence = UInt64(path.dropFirst(Self.historyPath.utf8.count)) else {
        throw .noSuchRequest(method, path)
      }
      self = .history(after: sequence)
    default: throw .noSuchRequest(method, path)
    }
  }
}
