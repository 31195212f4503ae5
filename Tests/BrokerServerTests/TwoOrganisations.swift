import BrokerClient
import ConnectionService
import Foundation
import Primitives
import Testing

@testable import BrokerServer

/// One broker with two organisations: ours has a device with a connection that stands, a user, a
/// token and a webhook; the other one asks for all of it.
struct TwoOrganisations: Sendable {
  /// What ours has: the name that its objects have, and one that nothing has, of the same length.
  struct Pair: Hashable, Sendable {
    let foreign: String
    let unknown: String

    init(foreign: String, unknown: String) {
      self.foreign = foreign
      self.unknown = unknown
    }

    /// Random names that differ in their last letter: lists have the same place for both.
    init(neighbours name: String) {
      self.init(foreign: name, unknown: String(name.dropLast()) + (name.hasSuffix("x") ? "y" : "x"))
    }
  }

  /// A user of ours, and the words of a connect: nobody else may see them.
  static let user = "olivia"
  static let note = "our-words-only"
  static let product = "press-1"
  /// Nothing listens there: what is delivered to it goes nowhere.
  static let hook = "http://127.0.0.1:9/ours"

  let broker: RunningBroker
  let connection: ConnectionView
  let token: TokenView
  let webhook: WebhookView
  /// Tokens of the other organisation, by role.
  let others: [Role: String]

  static func run(
    _ body: @escaping @Sendable (TwoOrganisations) async throws -> Void
  ) async throws {
    try await RunningBroker.run(plain: true) { broker in
      try await broker.withDevice(product) { device in
        let request = TokenRequest(user: try Name(user).orFail(), role: .operator)
        let reply = try await broker.client().createToken(request)
        let view = try await broker.client(reply.token)
          .connect(device.product, ConnectRequest(note: note))
        let webhook = try await broker.client().createWebhook(WebhookRequest(url: hook))
        try await body(
          TwoOrganisations(
            broker: broker, connection: view, token: reply.view, webhook: webhook,
            others: try await others(on: broker)))
      }
    }
  }

  private static func others(on broker: RunningBroker) async throws -> [Role: String] {
    var random = SystemRandomNumberGenerator()
    let admin = try broker.rules.createAdministrator(
      of: try Name("other").orFail(), by: try broker.rules.authenticate(broker.adminToken),
      using: &random
    ).token
    let client = try broker.client(admin)
    var tokens: [Role: String] = [.admin: admin]
    for role in [Role.operator, .viewer] {
      let request = TokenRequest(user: try Name("theo").orFail(), role: role)
      tokens[role] = try await client.createToken(request).token
    }
    let announced = EnrolmentRequest(productID: try ProductID("valve-1").orFail())
    let code = try await client.createEnrolment(announced).code
    tokens[.device] = try await broker.client("").enrol(EnrolRequest(code: code)).token
    return tokens
  }

  /// What stands for a name in a path or a query; `nil` for one that names nothing of anybody.
  ///
  /// - Parameter schema: of the parameter, as the description has it.
  func names(for schema: String?, in path: String) -> Pair? {
    switch schema {
    case "ProductID": Pair(foreign: Self.product, unknown: "press-9")
    case "ConnectionID": Pair(neighbours: connection.id.text)
    case "Actor": Pair(foreign: Self.user, unknown: "nobody")
    case "Name" where path == "/v1/tokens": Pair(neighbours: token.id)
    case "Name": Pair(foreign: Self.user, unknown: "nobody")
    case nil where path.hasPrefix("/v1/tokens/"): Pair(neighbours: token.id)
    case nil where path.hasPrefix("/v1/webhooks/"): Pair(neighbours: webhook.id)
    case nil where path.hasPrefix("/console/"):
      Pair(foreign: "devices/" + Self.product, unknown: "devices/press-9")
    default: nil
    }
  }

  /// A right body for each schema of a request, with what it may name of ours.
  func body(for schema: String) -> String? {
    switch schema {
    case "EnrolmentRequest": "{\"productID\": \"valve-2\"}"
    case "EnrolRequest": "{\"code\": \"0000-0000-0000-0000\"}"
    case "ConnectRequest": "{}"
    case "TokenRequest": "{\"user\": \"tina\", \"role\": \"viewer\"}"
    case "WebhookRequest": "{\"url\": \"http://127.0.0.1:9/theirs\"}"
    case "SessionRequest": "{\"token\": \"\(others[.viewer] ?? "")\"}"
    case "DeviceReport":
      """
      {"epoch": 1, "answers": [{"command": 1, "outcome": {"closed": {}}}], \
      "state": {"phase": "up", "connections": ["\(connection.id)"]}, "history": []}
      """
    default: nil
    }
  }

  /// What shows in a text that something of ours is in it.
  var marks: [String] {
    [
      Self.product, Self.user, Self.note, connection.id.text, connection.tunnel?.text ?? "-",
      "10.99.0.7", token.id, webhook.id, Self.hook,
    ]
  }

  /// Nothing that the other organisation asked for has touched ours.
  func checkUntouched() async throws {
    let client = try broker.client()
    let now = try await client.connection(connection.id)
    #expect(now == connection)
    let device = try await client.device(connection.productID)
    #expect(device.online)
    #expect(device.connections == 1)
    let tokens = try await client.tokens().items
    #expect(tokens.contains(token))
    #expect(tokens.allSatisfy { $0.user.text != "tina" })
    let webhooks = try await client.webhooks().items
    #expect(webhooks.map(\.id) == [webhook.id])
  }
}

/// One operation of the API's description.
struct DescribedOperation: Sendable {
  let method: String
  let path: String
  let id: String
  /// Names of its path and query, each with its schema where that has a name of its own.
  let pathNames: [(name: String, schema: String?)]
  let queryNames: [(name: String, schema: String?)]
  var hasPathNames: Bool { !pathNames.isEmpty }
  /// The schema of its body.
  let body: String?
  /// Its right answer never ends.
  let isEndless: Bool

  static func all() throws -> [DescribedOperation] {
    let paths = try OpenAPIDocument.whole.members["paths"].orFail().members
    return try paths.sorted { $0.key < $1.key }.flatMap { path, methods in
      try methods.members.sorted { $0.key < $1.key }.map { method, operation in
        try DescribedOperation(method.uppercased(), path, operation)
      }
    }
  }

  private init(_ method: String, _ path: String, _ operation: JSONTree) throws {
    self.method = method
    self.path = path
    guard case .text(let id) = operation.members["operationId"] else { throw Missing() }
    self.id = id
    guard case .list(let parameters) = operation.members["parameters"] else { throw Missing() }
    func names(_ place: JSONTree) -> [(name: String, schema: String?)] {
      parameters.compactMap { parameter in
        guard parameter.members["in"] == place, case .text(let name) = parameter.members["name"]
        else { return nil }
        return (name, Self.reference(parameter.members["schema"]))
      }
    }
    pathNames = names("path")
    queryNames = names("query")
    let content = operation.members["requestBody"]?.members["content"]
    body = Self.reference(content?.members["application/json"]?.members["schema"])
    let right = operation.members["responses"]?.members["200"]?.members["content"]?.members
    isEndless = right.map { Array($0.keys) == ["text/event-stream"] } ?? false
  }

  private static func reference(_ schema: JSONTree?) -> String? {
    guard case .text(let text) = schema?.members["$ref"] else { return nil }
    return text.split(separator: "/").last.map { String($0) }
  }
}
