import Control
import Foundation
import Hummingbird
import NIOCore

/// Turns HTTP requests into the service's methods, and what they give into JSON.
struct ControlResponder: HTTPResponder {
  typealias Context = BasicRequestContext

  let service: any ControlService

  func respond(to request: Request, context: Context) async throws -> Response {
    do {
      try await Self.drain(request)
      let asked = try ControlRequest(method: request.method.rawValue, path: request.uri.path)
      return try await answer(asked)
    } catch let error as ControlError {
      return try Self.json(error, status: error.httpStatus, type: "application/problem+json")
    }
  }

  /// No request has a meaningful body; one is read within bounds and ignored.
  static func drain(_ request: Request) async throws(ControlError) {
    do {
      _ = try await request.body.collect(upTo: ControlJSON.requestBytesMax)
    } catch {
      throw ControlError(
        .tooLarge, "the request's body has more than \(ControlJSON.requestBytesMax) bytes",
        cause: "no request needs a body", nextStep: "send none")
    }
  }

  private func answer(_ request: ControlRequest) async throws -> Response {
    switch request {
    case .list(let list): try await answer(list)
    case .grants: try Self.json(try await service.grantsInForce())
    case .close(let target, let id): try Self.json(try await service.close(target, id: id))
    case .openSession(let tunnel): try Self.json(try await service.openSession(tunnel: tunnel))
    case .version: try Self.json(try await service.version())
    case .health: try await answerHealth()
    case .reload: try Self.json(try await service.reload())
    }
  }

  private func answer(_ list: ControlList) async throws -> Response {
    switch list {
    case .isakmpPolicies: try Self.items(try await service.isakmpPolicies())
    case .isakmpExchanges: try Self.items(try await service.isakmpExchanges())
    case .isakmpSAs: try Self.items(try await service.isakmpSAs())
    case .isakmpCounters: try Self.items(try await service.isakmpCounters())
    case .ipsecSAs: try Self.items(try await service.ipsecSAs())
    case .l2tpDestinations: try Self.items(try await service.l2tpDestinations())
    case .l2tpTunnels: try Self.items(try await service.l2tpTunnels())
    case .l2tpSessions: try Self.items(try await service.l2tpSessions())
    case .pppLinks: try Self.items(try await service.pppLinks())
    }
  }

  /// A probe that only looks at the status must see it too.
  private func answerHealth() async throws -> Response {
    let health = try await service.health()
    return try Self.json(health, status: health.ready ? 200 : 503)
  }

  static func items(_ records: [some Codable & Hashable & Sendable]) throws -> Response {
    try json(ListReply(items: records))
  }

  static func json(
    _ value: some Encodable, status: Int = 200, type: String = "application/json"
  ) throws -> Response {
    let data = try ControlJSON.encode(value)
    return Response(
      status: HTTPResponse.Status(code: status),
      headers: [.contentType: type, .cacheControl: "no-store"],
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: data)))
  }
}
