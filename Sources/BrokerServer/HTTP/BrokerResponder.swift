import ConnectionService
import Hummingbird

/// Turns HTTP requests into the broker's methods, and what they give into JSON.
struct BrokerResponder: HTTPResponder {
  typealias Context = ServedContext

  let served: ServedBroker

  func respond(to request: Request, context: ServedContext) async throws -> Response {
    let response: Response
    do throws(Refusal) {
      response = try await answer(request, context: context)
    } catch {
      response = Answer.problem(error)
    }
    served.metrics.countRequest(status: response.status.code)
    return Answer.secure(response)
  }

  private func answer(
    _ request: Request, context: ServedContext
  ) async throws(Refusal) -> Response {
    switch RouteMatch(method: request.method.rawValue, path: request.uri.path) {
    case .found(let route, let parameters):
      let asked = try await Asked(
        request, route: route, parameters: parameters, context: context,
        isPlain: served.configuration.isPlain)
      return try await dispatch(asked, request)
    case .otherMethods(let methods):
      var response = Answer.problem(.methodNotAllowed, status: 405)
      response.headers[.allow] = methods.map(\.rawValue).joined(separator: ", ")
      return response
    case .unknown: throw .noSuchRoute
    }
  }

  private func dispatch(_ asked: Asked, _ request: Request) async throws(Refusal) -> Response {
    switch asked.route {
    case .createEnrolment: try await served.createEnrolment(asked)
    case .enrol: try await served.enrol(asked)
    case .devices: try await served.devices(asked)
    case .device: try await served.device(asked)
    case .removeDevice: try await served.removeDevice(asked)
    case .connect: try await served.connect(asked)
    case .closeAll: try await served.closeAll(asked)
    case .connections: try await served.connections(asked)
    case .connection: try await served.connection(asked)
    case .close: try await served.close(asked)
    case .events: try await served.events(asked)
    case .tokens: try await served.tokens(asked)
    case .createToken: try await served.createToken(asked)
    case .revokeToken: try await served.revokeToken(asked)
    case .grants: try await served.grants(asked)
    case .webhooks: try await served.webhooks(asked)
    case .createWebhook: try await served.createWebhook(asked)
    case .removeWebhook: try await served.removeWebhook(asked)
    case .agentStream: try await served.agentStream(asked)
    case .agentReport: try await served.agentReport(asked)
    case .gatewayStream: try await served.gatewayStream(asked)
    case .openAPI: try Answer.json(OpenAPIDocument.whole)
    case .health: try Answer.json(["status": "alive"])
    case .readiness: try served.readiness()
    case .metrics: try await served.exposeMetrics(asked)
    case .openSession: try await served.openSession(asked, request)
    case .closeSession: try served.closeSession(request)
    case .home: Response(status: .seeOther, headers: [.location: "/console/"])
    case .console: try await served.console(asked, request)
    }
  }
}
