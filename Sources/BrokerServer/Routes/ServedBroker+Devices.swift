import Broker
import ConnectionService
import Cryptography
import Hummingbird

extension ServedBroker {
  func createEnrolment(_ asked: Asked) async throws(Refusal) -> Response {
    let request = try asked.decode(EnrolmentRequest.self)
    let reply = try await change(asked) { (rules, caller) throws(Refusal) in
      var random = SystemRandom()
      return try rules.createEnrolment(request, by: caller, using: &random)
    }
    return try Answer.json(reply, status: 201)
  }

  /// The one request whose credential is in its body.
  func enrol(_ asked: Asked) async throws(Refusal) -> Response {
    let request = try asked.decode(EnrolRequest.self)
    let source = asked.context.source
    try limits.admit(nil, from: source)
    let limits = limits
    let reply = try await lanes.run { rules throws(Refusal) in
      var random = SystemRandom()
      do throws(Refusal) {
        return try rules.enrol(request, using: &random)
      } catch {
        if error.code == .enrolmentCodeInvalid { limits.failed(from: source) }
        if limits.mayRecord(error) { rules.refuse(error, caller: nil, product: nil) }
        throw error
      }
    }
    hub.ringForChanges()
    return try Answer.json(reply, status: 201)
  }

  func devices(_ asked: Asked) async throws(Refusal) -> Response {
    let after = try asked.value("after", ProductID.self, called: "product id")
    let limit = try asked.limit()
    return try Answer.json(
      try await perform(asked) { (rules, caller) throws(Refusal) in
        try rules.devices(by: caller, after: after, limit: limit)
      })
  }

  func device(_ asked: Asked) async throws(Refusal) -> Response {
    let product = try asked.product()
    return try Answer.json(
      try await perform(asked, about: product) { (rules, caller) throws(Refusal) in
        try rules.device(product, by: caller)
      })
  }

  func removeDevice(_ asked: Asked) async throws(Refusal) -> Response {
    let product = try asked.product()
    try await change(asked, about: product) { (rules, caller) throws(Refusal) in
      try rules.removeDevice(product, by: caller)
    }
    return Answer.nothing
  }
}
