import ConnectionService

extension BrokerClient {
  /// Recorded events; the oldest first with `after`, the newest first otherwise.
  public func events(_ selection: EventSelection) async throws(Refusal) -> Page<ServiceEvent> {
    let page: Page<CloudEvent> = try await ask(
      BrokerCall(.get, "/v1/events").with(query: selection.query))
    return Page(items: page.items.map(\.data), next: page.next)
  }

  /// Tokens of the organisation, without the tokens themselves.
  public func tokens(
    after: String? = nil, limit: Int? = nil
  ) async throws(Refusal) -> Page<TokenView> {
    try await ask(BrokerCall(.get, "/v1/tokens").with(query: paging(after, limit)))
  }

  /// Makes a token; the answer is the only place where it is ever shown.
  public func createToken(_ request: TokenRequest) async throws(Refusal) -> TokenReply {
    try await ask(try BrokerCall(.post, "/v1/tokens").with(body: request))
  }

  /// Ends a token at once.
  public func revokeToken(_ id: String) async throws(Refusal) {
    try await tell(BrokerCall(.delete, "/v1/tokens/\(BrokerCall.escaped(id))"))
  }

  /// Which operator may reach which device now.
  public func grants() async throws(Refusal) -> Page<Grant> {
    try await ask(BrokerCall(.get, "/v1/grants"))
  }

  /// Places that are told of events.
  public func webhooks() async throws(Refusal) -> Page<WebhookView> {
    try await ask(BrokerCall(.get, "/v1/webhooks"))
  }

  /// Adds a place that is told of events; the answer shows the key of its signatures, once.
  public func createWebhook(_ request: WebhookRequest) async throws(Refusal) -> WebhookView {
    try await ask(try BrokerCall(.post, "/v1/webhooks").with(body: request))
  }

  /// Tells that place nothing any more.
  public func removeWebhook(_ id: String) async throws(Refusal) {
    try await tell(BrokerCall(.delete, "/v1/webhooks/\(BrokerCall.escaped(id))"))
  }
}
