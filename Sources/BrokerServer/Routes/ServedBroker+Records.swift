import Broker
import ConnectionService
import Cryptography
import Hummingbird

extension ServedBroker {
  func tokens(_ asked: Asked) async throws(Refusal) -> Response {
    let after = asked.query["after"]
    let limit = try asked.limit()
    return try Answer.json(
      try await perform(asked) { (rules, caller) throws(Refusal) in
        try rules.tokens(by: caller, after: after, limit: limit)
      })
  }

  func createToken(_ asked: Asked) async throws(Refusal) -> Response {
    let request = try asked.decode(TokenRequest.self)
    let reply = try await change(asked) { (rules, caller) throws(Refusal) in
      var random = SystemRandom()
      return try rules.createToken(request, by: caller, using: &random)
    }
    return try Answer.json(reply, status: 201)
  }

  func revokeToken(_ asked: Asked) async throws(Refusal) -> Response {
    let id = asked.parameter
    try await change(asked) { (rules, caller) throws(Refusal) in
      try rules.revokeToken(id, by: caller)
    }
    return Answer.nothing
  }

  func grants(_ asked: Asked) async throws(Refusal) -> Response {
    let grants = try await perform(asked) { (rules, caller) throws(Refusal) in
      try rules.grants(by: caller)
    }
    return try Answer.json(Page(items: grants))
  }

  func webhooks(_ asked: Asked) async throws(Refusal) -> Response {
    try Answer.json(
      try await perform(asked) { (rules, caller) throws(Refusal) in
        try rules.webhooks(by: caller)
      })
  }

  func createWebhook(_ asked: Asked) async throws(Refusal) -> Response {
    let request = try asked.decode(WebhookRequest.self)
    let view = try await change(asked) { (rules, caller) throws(Refusal) in
      var random = SystemRandom()
      return try rules.createWebhook(request, by: caller, using: &random)
    }
    return try Answer.json(view, status: 201)
  }

  func removeWebhook(_ asked: Asked) async throws(Refusal) -> Response {
    let id = asked.parameter
    try await change(asked) { (rules, caller) throws(Refusal) in
      try rules.removeWebhook(id, by: caller)
    }
    return Answer.nothing
  }
}

extension Caller {
  func requireGateway() throws(Refusal) {
    guard role == .gateway else { throw .roleForbidden(role) }
  }

  func requireReading() throws(Refusal) {
    guard [.viewer, .operator, .admin].contains(role) else { throw .roleForbidden(role) }
  }
}
