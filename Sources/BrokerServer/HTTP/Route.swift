/// Every route of the server; the OpenAPI document is held against this list.
enum Route: String, CaseIterable, Sendable {
  case createEnrolment, enrol
  case devices, device, removeDevice
  case connect, closeAll, connections, connection, close
  case events
  case tokens, createToken, revokeToken
  case grants
  case webhooks, createWebhook, removeWebhook
  case agentStream, agentReport, gatewayStream
  case openAPI, health, readiness, metrics
  case openSession, closeSession
  case home, console

  enum Method: String, CaseIterable, Sendable {
    case get = "GET"
    case post = "POST"
    case delete = "DELETE"
  }

  var method: Method {
    switch self {
    case .devices, .device, .connections, .connection, .events, .tokens, .grants, .webhooks,
      .agentStream, .gatewayStream, .openAPI, .health, .readiness, .metrics, .home, .console:
      .get
    case .createEnrolment, .enrol, .connect, .createToken, .createWebhook, .agentReport,
      .openSession:
      .post
    case .removeDevice, .closeAll, .close, .revokeToken, .removeWebhook, .closeSession: .delete
    }
  }

  /// As OpenAPI writes it; `{name}` is one segment.
  var path: String {
    switch self {
    case .createEnrolment: "/v1/enrolments"
    case .enrol: "/v1/enrol"
    case .devices: "/v1/devices"
    case .device, .removeDevice: "/v1/devices/{productID}"
    case .connect, .closeAll: "/v1/devices/{productID}/connections"
    case .connections: "/v1/connections"
    case .connection, .close: "/v1/connections/{id}"
    case .events: "/v1/events"
    case .tokens, .createToken: "/v1/tokens"
    case .revokeToken: "/v1/tokens/{id}"
    case .grants: "/v1/grants"
    case .webhooks, .createWebhook: "/v1/webhooks"
    case .removeWebhook: "/v1/webhooks/{id}"
    case .agentStream: "/v1/agent/stream"
    case .agentReport: "/v1/agent/reports"
    case .gatewayStream: "/v1/gateway/stream"
    case .openAPI: "/openapi.json"
    case .health: "/healthz"
    case .readiness: "/readyz"
    case .metrics: "/metrics"
    case .openSession, .closeSession: "/console/session"
    case .home: "/"
    case .console: "/console/{page}"
    }
  }

  /// The names that its query may have.
  var queryNames: [String] {
    switch self {
    case .devices, .tokens: ["after", "limit"]
    case .connections: ["live", "productID", "user", "reason", "after", "limit"]
    case .events: ["productID", "type", "reason", "actor", "after", "before", "limit"]
    default: []
    }
  }

  /// Bytes that its body may have; zero for a route without one.
  var bodyBytesMax: Int {
    switch self {
    case .agentReport: 512 * 1024
    default: method == .post ? 64 * 1024 : 0
    }
  }

  /// Needs a credential that the store knows.
  var needsToken: Bool {
    switch self {
    case .enrol, .openAPI, .health, .readiness, .metrics, .openSession, .closeSession, .home,
      .console:
      false
    default: true
    }
  }
}

/// What a method and a path lead to.
enum RouteMatch: Equatable {
  /// With the segments that stand for a name, in order.
  case found(Route, parameters: [String])
  /// The path exists for these methods only.
  case otherMethods([Route.Method])
  case unknown

  init(method: String, path: String) {
    let segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
    var methods: [Route.Method] = []
    // A path that is spelt out is no parameter of another's: the session is no page of the console.
    let isSpeltOut = Route.allCases.contains { $0.path == path }
    for route in Route.allCases where !isSpeltOut || route.path == path {
      guard let parameters = Self.parameters(of: route, in: segments) else { continue }
      if route.method.rawValue == method {
        self = .found(route, parameters: parameters)
        return
      }
      if !methods.contains(route.method) { methods.append(route.method) }
    }
    self = methods.isEmpty ? .unknown : .otherMethods(methods)
  }

  private static func parameters(of route: Route, in segments: ArraySlice<Substring>) -> [String]? {
    let pattern = route.path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
    // A page of the console may lie in a folder.
    let isWhole = pattern.count == segments.count || (route == .console && segments.count > 2)
    guard isWhole else { return nil }
    var parameters: [String] = []
    for (wanted, segment) in zip(pattern, segments) {
      if wanted.hasPrefix("{") {
        guard !segment.isEmpty || route == .console else { return nil }
        parameters.append(String(segment))
      } else if wanted != segment {
        return nil
      }
    }
    if route == .console { parameters = [segments.dropFirst().joined(separator: "/")] }
    return parameters
  }
}
