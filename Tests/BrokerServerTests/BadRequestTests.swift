import BrokerClient
import ConnectionService
import Foundation
import Primitives
import Testing

@testable import BrokerServer

@Suite(.timeLimit(.minutes(5))) struct BadRequestTests {
  @Test func titlesAreTheCodesInWords() {
    let titles = [
      "Bad request", "Unauthenticated", "Forbidden", "Device unknown", "Device offline",
      "Device timeout", "Connection limit", "Connection unknown", "Connection closed",
      "Establishment failed", "Tunnel closing", "Policy refused", "Epoch outdated",
      "Enrolment code invalid", "Product ID taken", "Not found", "Idempotency conflict",
      "Overloaded", "Too large", "Store unavailable", "Broker unreachable", "Internal error",
    ]
    #expect(Refusal.Code.allCases.map(Problem.title) == titles)
  }

  @Test func bodiesThatAreTooLargeOrNoJSONAreRefused() async throws {
    try await RunningBroker.run(plain: true) { broker in
      let token = broker.adminToken
      let large = "{\"code\": \"\(String(repeating: "x", count: 64 * 1024))\"}"
      let answer = try await broker.send("POST", "/v1/enrol", body: large)
      #expect(answer.status == 413)
      #expect(answer.code == "tooLarge")
      for body in ["", "{", "[]", "{\"user\": 1}", "{\"user\":\"a\",\"role\":\"king\"}"] {
        let answer = try await broker.send("POST", "/v1/tokens", token: token, body: body)
        #expect(answer.status == 400)
        #expect(answer.code == "badRequest")
        #expect(answer.headers["content-type"] == "application/problem+json")
        #expect(answer.headers["cache-control"] == "no-store")
      }
      let plain = try await broker.send(
        "POST", "/v1/tokens", token: token, headers: ["content-type": "text/plain"], body: "{}")
      #expect(plain.code == "badRequest")
      #expect(plain.body.contains("application/json"))
      let bytes = try await broker.send(
        "POST", "/v1/enrolments", token: token,
        body: "{\"productID\": \"p\", \"x\": \"\(String(repeating: "x", count: 1 << 20))\"}")
      #expect(bytes.status == 413)
    }
  }

  @Test func unknownFieldsParametersPathsAndMethodsAreNamed() async throws {
    try await RunningBroker.run(plain: true) { broker in
      let token = broker.adminToken
      let field = try await broker.send(
        "POST", "/v1/enrolments", token: token, body: "{\"productID\":\"p\",\"colour\":1}")
      #expect(field.status == 400)
      #expect(field.body.contains("colour"))
      for query in ["limit=0", "limit=201", "limit=x", "limt=1", "limit=1&limit=2", "live=%00"] {
        let answer = try await broker.send("GET", "/v1/connections?" + query, token: token)
        #expect(answer.status == 400, "\(query)")
      }
      let beyond = "9223372036854775808"
      for (query, id) in [("?after=\(beyond)", "0"), ("?before=\(beyond)", "0"), ("", beyond)] {
        let answer = try await broker.send(
          "GET", "/v1/events" + query, token: token, headers: ["last-event-id": id])
        #expect(answer.status == 400, "\(query) \(id)")
      }
      let unknown = try await broker.send("GET", "/v1/nothing", token: token)
      #expect(unknown.status == 404)
      let method = try await broker.send("PUT", "/v1/tokens", token: token)
      #expect(method.status == 405)
      #expect(method.headers["allow"] == "GET, POST")
      let product = try await broker.send("GET", "/v1/devices/a%2Fb", token: token)
      #expect(product.status == 400)
      let key = try await broker.send(
        "DELETE", "/v1/devices/p/connections", token: token,
        headers: ["idempotency-key": String(repeating: "k", count: 129)])
      #expect(key.status == 400)
    }
  }

  @Test func tokensThatAreUnknownRevokedOrForeignLookAlike() async throws {
    try await RunningBroker.run(plain: true) { broker in
      let client = try broker.client()
      let user = try Name("ann").orFail()
      let revoked = try await client.createToken(TokenRequest(user: user, role: .admin))
      try await client.revokeToken(revoked.view.id)
      let unknown = "dbt_" + String(repeating: "A", count: 43)
      var bodies: Set<String> = []
      for token in [unknown, revoked.token, "x", String(repeating: "x", count: 4000)] {
        let answer = try await broker.send("GET", "/v1/devices", token: token)
        #expect(answer.status == 401)
        #expect(answer.headers["www-authenticate"] == "Bearer")
        bodies.insert(answer.body)
      }
      #expect(bodies.count == 1)
      let none = try await broker.send("GET", "/v1/devices")
      #expect(none.status == 401)
    }
  }

  @Test func badInput61AnotherOrganisationsObjectsLookUnknown() async throws {
    try await RunningBroker.run(plain: true) { broker in
      try await broker.withDevice("press-1") { device in
        let view = try await broker.client().connect(device.product, ConnectRequest())
        var random = SystemRandomNumberGenerator()
        let other = try broker.rules.createAdministrator(
          of: try Name("other").orFail(), by: try broker.rules.authenticate(broker.adminToken),
          using: &random
        ).token
        let foreign = try await broker.send("DELETE", "/v1/connections/\(view.id)", token: other)
        #expect(foreign.code == "connectionUnknown")
        let device = try await broker.send(
          "POST", "/v1/devices/press-1/connections", token: other, body: "{}")
        #expect(device.code == "deviceUnknown")
        let still = try await broker.client().connection(view.id)
        #expect(still.phase == .up)
      }
    }
  }

  @Test func rolesAreKept() async throws {
    try await RunningBroker.run(plain: true) { broker in
      let viewer = try await broker.token("vera", .viewer)
      let connect = try await broker.send(
        "POST", "/v1/devices/p/connections", token: viewer, body: "{}")
      #expect(connect.status == 403)
      for path in ["/v1/agent/stream", "/v1/gateway/stream", "/v1/grants", "/v1/tokens"] {
        let answer = try await broker.send("GET", path, token: viewer)
        #expect(answer.status == 403, "\(path)")
      }
    }
  }

  @Test func badCredentialsAreSlowedDownAndGoodOnesAreNot() async throws {
    try await RunningBroker.run(
      plain: true,
      configured: { configuration, _ in
        configuration.limits.failuresBurst = 3
        configuration.limits.failuresPerSecond = 0.001
      }
    ) { broker in
      let good = try await broker.send("GET", "/v1/devices", token: broker.adminToken)
      #expect(good.status == 200)
      var statuses: [UInt] = []
      for index in 0..<5 {
        statuses.append(try await broker.send("GET", "/v1/devices", token: "x\(index)").status)
      }
      #expect(statuses == [401, 401, 401, 429, 429])
      let limited = try await broker.send("GET", "/v1/devices", token: "x")
      #expect(limited.headers["retry-after"] == "1")
      let still = try await broker.send("GET", "/v1/devices", token: broker.adminToken)
      #expect(still.status == 200)
    }
  }

  @Test func guessedEnrolmentCodesAreSlowedDown() async throws {
    try await RunningBroker.run(
      plain: true,
      configured: { configuration, _ in
        configuration.limits.failuresBurst = 3
        configuration.limits.failuresPerSecond = 0.001
      }
    ) { broker in
      var statuses: [UInt] = []
      for index in 0..<5 {
        statuses.append(
          try await broker.send("POST", "/v1/enrol", body: "{\"code\":\"GUESS-\(index)\"}").status)
      }
      #expect(statuses.suffix(2) == [429, 429], "\(statuses)")
      #expect(!statuses.prefix(3).contains(429), "\(statuses)")
    }
  }

  @Test func aTokenThatAsksTooFastIsSlowedDown() async throws {
    try await RunningBroker.run(
      plain: true,
      configured: { configuration, _ in
        configuration.limits.requestsBurst = 2
        configuration.limits.requestsPerSecond = 0.001
      }
    ) { broker in
      var statuses: [UInt] = []
      for _ in 0..<4 {
        statuses.append(
          try await broker.send("GET", "/v1/devices", token: broker.adminToken).status)
      }
      #expect(statuses == [200, 200, 200, 429])
    }
  }

  @Test func plainHTTPIsForLoopbackOnly() async throws {
    await #expect(throws: Refusal.self) {
      try await RunningBroker.run(
        plain: true,
        configured: { configuration, _ in
          configuration.address = "0.0.0.0"
        }
      ) { _ in }
    }
  }
}
