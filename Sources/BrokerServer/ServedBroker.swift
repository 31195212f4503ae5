import Broker
import ConnectionService
import Cryptography
import Logging
import Primitives

/// Everything that the routes share.
final class ServedBroker: Sendable {
  let name: Name
  let configuration: ServerConfiguration
  let lanes: StoreLanes
  let hub = EventHub()
  let streams: StreamRegistry
  let limits: RequestLimits
  let metrics = Metrics()
  let census = Census()
  let readinessState = Readiness()
  let logger: Logger

  init(configuration: ServerConfiguration, rules: ServedRules, logger: Logger) {
    name = rules.name
    self.configuration = configuration
    lanes = StoreLanes(rules: rules, lanes: configuration.limits.storeLanes)
    streams = StreamRegistry(limits: configuration.limits)
    limits = RequestLimits(configuration.limits)
    self.logger = logger
  }

  /// Finds out who asks and does what is asked, in one go on one lane.
  ///
  /// What is refused is recorded, as long as there is not too much of it.
  func perform<Result: Sendable>(
    _ asked: Asked, about product: ProductID? = nil,
    _ body: @escaping @Sendable (ServedRules, Caller) throws(Refusal) -> Result
  ) async throws(Refusal) -> Result {
    guard let credential = asked.credential else { throw .noCredential }
    let source = asked.context.source
    try limits.admit(credential.token, from: source)
    let limits = limits
    return try await lanes.run { rules throws(Refusal) in
      let caller: Caller
      do throws(Refusal) {
        caller = try rules.authenticate(credential.token)
      } catch {
        if error.code == .unauthenticated { limits.failed(from: source) }
        if limits.mayRecord(error) { rules.refuse(error, caller: nil, product: product) }
        throw error
      }
      limits.recognised(credential.token)
      do throws(Refusal) {
        return try body(rules, caller)
      } catch {
        if limits.mayRecord(error) { rules.refuse(error, caller: caller, product: product) }
        throw error
      }
    }
  }

  /// Does what is asked, and lets everybody know that something may have happened.
  func change<Result: Sendable>(
    _ asked: Asked, about product: ProductID? = nil,
    _ body: @escaping @Sendable (ServedRules, Caller) throws(Refusal) -> Result
  ) async throws(Refusal) -> Result {
    let result = try await perform(asked, about: product, body)
    if let product { streams.signal(.commands, to: product) }
    hub.ringForChanges()
    return result
  }
}
