import ConnectionService

/// The description of the API (OpenAPI 3.1), made from the routes that are served.
enum OpenAPIDocument {
  static let whole: JSONTree = [
    "openapi": "3.1.0",
    "info": [
      "title": "Drawbridge broker", "version": "1",
      "description": "Ask for a device, get a tunnel, and see how it ends.",
      "license": ["name": "Apache-2.0", "identifier": "Apache-2.0"],
    ],
    "servers": [["url": "/"]],
    "security": [["token": []]],
    "paths": paths,
    "components": [
      "securitySchemes": [
        "token": ["type": "http", "scheme": "bearer"],
        "session": ["type": "apiKey", "in": "cookie", "name": .text(Credential.cookieName)],
      ],
      "schemas": .object(OpenAPISchemas.all),
    ],
  ]

  private static var paths: JSONTree {
    var paths: [String: [String: JSONTree]] = [:]
    for route in Route.allCases {
      paths[route.path, default: [:]][route.method.rawValue.lowercased()] = operation(route)
    }
    return .object(paths.mapValues { .object($0) })
  }

  private static func operation(_ route: Route) -> JSONTree {
    let facts = route.facts
    var operation: [String: JSONTree] = [
      "operationId": .text(route.rawValue), "summary": .text(facts.summary),
      "parameters": .list(pathParameters(route) + queryParameters(route) + headers(route)),
      "responses": responses(route, facts),
    ]
    if let body = facts.body {
      var content: [String: JSONTree] = ["application/json": ["schema": reference(body)]]
      if let form = facts.form { content[FormFields.mediaType] = ["schema": reference(form)] }
      operation["requestBody"] = [
        "required": .bool(route != .connect), "content": .object(content),
      ]
    }
    // Whoever has the session cookie may use it instead of a token.
    operation["security"] =
      route.needsToken || route == .metrics ? [["token": []], ["session": []]] : []
    return .object(operation)
  }

  private static func responses(_ route: Route, _ facts: RouteFacts) -> JSONTree {
    var refusals: [String: JSONTree] = [Problem.mediaType: ["schema": reference("Problem")]]
    if route == .console || facts.form != nil {
      refusals["text/html"] = ["schema": ["type": "string"]]
    }
    var responses: [String: JSONTree] = [
      "default": ["description": "Refused, with the reason.", "content": .object(refusals)]
    ]
    for answer in facts.answers {
      var response: [String: JSONTree] = ["description": .text(answer.description)]
      var content: [String: JSONTree] = [:]
      for type in answer.types {
        content[type] = ["schema": answer.schema.map(reference) ?? ["type": "string"]]
      }
      if !content.isEmpty { response["content"] = .object(content) }
      if !answer.headers.isEmpty {
        response["headers"] = .object(
          answer.headers.mapValues { ["description": .text($0), "schema": ["type": "string"]] })
      }
      if !facts.links.isEmpty { response["links"] = links(facts.links) }
      responses["\(answer.status)"] = .object(response)
    }
    return .object(responses)
  }

  /// What can be done with what a request made.
  private static func links(_ links: [RouteFacts.Link]) -> JSONTree {
    var named: [String: JSONTree] = [:]
    for link in links {
      named[link.route.rawValue] = [
        "operationId": .text(link.route.rawValue),
        "parameters": .object([link.parameter: .text("$response.body#\(link.pointer)")]),
      ]
    }
    return .object(named)
  }

  private static func pathParameters(_ route: Route) -> [JSONTree] {
    route.path.split(separator: "/").filter { $0.hasPrefix("{") }.map { segment in
      let name = String(segment.dropFirst().dropLast())
      return [
        "name": .text(name), "in": "path", "required": true,
        "schema": name == "productID" ? reference("ProductID") : identifier(route),
      ]
    }
  }

  private static func identifier(_ route: Route) -> JSONTree {
    switch route {
    case .connection, .close: reference("ConnectionID")
    default: ["type": "string", "minLength": 1]
    }
  }

  private static func queryParameters(_ route: Route) -> [JSONTree] {
    route.queryNames.map { name in
      ["name": .text(name), "in": "query", "schema": querySchema(name, route)]
    }
  }

  private static func querySchema(_ name: String, _ route: Route) -> JSONTree {
    switch name {
    case "limit": ["type": "integer", "minimum": 1, "maximum": 200]
    case "live": ["type": "boolean"]
    case "productID": reference("ProductID")
    case "user": reference("Name")
    case "reason": reference("CloseReason")
    case "actor": reference("Actor")
    case "type": reference("EventKind")
    case "before": reference("Sequence")
    case "after":
      switch route {
      case .events: reference("Sequence")
      case .devices: reference("ProductID")
      case .connections: reference("ConnectionID")
      default: reference("Name")
      }
    default: ["type": "string"]
    }
  }

  private static func headers(_ route: Route) -> [JSONTree] {
    var headers: [JSONTree] = []
    if [.connect, .close, .closeAll].contains(route) {
      headers.append([
        "name": "Idempotency-Key", "in": "header",
        "description": "Names the request, so that it can be sent again.",
        "schema": ["type": "string", "pattern": "^[!-~]{1,128}$"],
      ])
    }
    if route == .connect {
      headers.append([
        "name": "Prefer", "in": "header", "description": "`respond-async` does not wait.",
        "schema": ["type": "string", "enum": ["respond-async"]],
      ])
    }
    if route == .events {
      headers.append([
        "name": "Last-Event-ID", "in": "header",
        "description": "The last event that a stream knows already.",
        "schema": reference("Sequence"),
      ])
    }
    if route == .agentStream {
      headers.append([
        "name": .text(AgentInstance.headerName), "in": "header",
        "description": "What this run of the agent calls itself, the same in all its requests.",
        "schema": [
          "type": "string", "pattern": .text("^[A-Za-z0-9-]{1,\(AgentInstance.charactersMax)}$"),
        ],
      ])
    }
    return headers
  }

  static func reference(_ schema: String) -> JSONTree {
    ["$ref": .text("#/components/schemas/\(schema)")]
  }
}
