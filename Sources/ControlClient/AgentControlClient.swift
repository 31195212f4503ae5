import ConnectionService
import Control

/// Asks a running agent over its UNIX socket; needs no broker.
public struct AgentControlClient: AgentControl {
  private let client: ControlClient

  public init(socketPath: String) {
    client = ControlClient(socketPath: socketPath, of: "drawbridge agent")
  }

  public func status() async throws(ControlError) -> AgentStatus { try await send(.status) }

  public func connections() async throws(ControlError) -> [AgentConnectionRecord] {
    try await list(.connections)
  }

  public func history(after sequence: UInt64) async throws(ControlError) -> [HistoryEvent] {
    try await list(.history(after: sequence))
  }

  public func tunnels() async throws(ControlError) -> [AgentTunnelRecord] {
    try await list(.tunnels)
  }

  public func closeAll() async throws(ControlError) -> AgentCloseReply {
    try await send(.closeAll)
  }

  private func list<Record: Codable & Hashable & Sendable>(
    _ request: AgentRequest
  ) async throws(ControlError) -> [Record] {
    let reply: ListReply<Record> = try await send(request)
    return reply.items
  }

  private func send<Reply: Decodable & Sendable>(
    _ request: AgentRequest
  ) async throws(ControlError) -> Reply {
    try await client.send(request.method, request.path)
  }
}
