import ConnectionService

/// Which requests a broker refuses although they are in order (CS-23): the first rule that matches
/// decides, and what none matches is allowed.
public struct Policy: Hashable, Sendable {
  /// Users of tokens that other brokers have: whom they name is believed to be the user.
  ///
  /// Nobody else is, or a user could pass for another one by a note.
  public var brokers: [Name]
  public var rules: [PolicyRule]

  public init(brokers: [Name] = [], rules: [PolicyRule] = []) {
    self.brokers = brokers
    self.rules = rules
  }

  /// Why the request is not done; `nil` when it is.
  public func refusal(of request: PolicyRequest) -> Refusal? {
    guard let rule = rules.first(where: { $0.matches(request) }), rule.verdict == .refuse else {
      return nil
    }
    return .policyRefused(rule.because)
  }

  /// The person behind a request with this note.
  func user(of application: Name, note: String?) -> Name {
    guard brokers.contains(application), let note, let relayed = RelayNote(note) else {
      return application
    }
    return relayed.user
  }
}

extension Work {
  /// - Parameter note: that of the connection that the request is about.
  /// - Throws: `policyRefused`.
  func requirePolicy(
    _ kind: PolicyRequest.Kind, _ product: ProductID, note: String?, by caller: Caller
  ) throws(Refusal) {
    let request = PolicyRequest(
      kind, organisation: caller.organisation, application: caller.user,
      user: policy.requests.user(of: caller.user, note: note), role: caller.role,
      product: product, time: now)
    if let refusal = policy.requests.refusal(of: request) { throw refusal }
  }
}
