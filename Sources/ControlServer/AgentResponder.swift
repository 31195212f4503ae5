import Control
import Hummingbird

/// Turns HTTP requests into an agent's methods, and what they give into JSON.
struct AgentResponder: HTTPResponder {
  typealias Context = BasicRequestContext

  let agent: any AgentControl

  func respond(to request: Request, context: Context) async throws -> Response {
    do {
      try await ControlResponder.drain(request)
      return try await answer(
        try AgentRequest(method: request.method.rawValue, path: request.uri.path))
    } catch let error as ControlError {
      return try ControlResponder.json(
        error, status: error.httpStatus, type: "application/problem+json")
    }
  }

  private func answer(_ request: AgentRequest) async throws -> Response {
    switch request {
    case .status: try ControlResponder.json(try await agent.status())
    case .connections: try ControlResponder.items(try await agent.connections())
    case .history(let sequence):
      try ControlResponder.items(try await agent.history(after: sequence))
    case .tunnels: try ControlResponder.items(try await agent.tunnels())
    case .closeAll: try ControlResponder.json(try await agent.closeAll())
    }
  }
}
