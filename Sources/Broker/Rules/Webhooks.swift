import ConnectionService
import Primitives

extension Broker {
  /// Adds a place that is told of every event of the asker's organisation from now on.
  /// - Returns: with the key of the signature, this once.
  public func createWebhook(
    _ request: WebhookRequest, by caller: Caller, using random: inout some RandomNumberGenerator
  ) throws(Refusal) -> WebhookView {
    try caller.requireAdministrator()
    try request.requireSound()
    let id = Tokens.makeID("w-", using: &random)
    let secret = Tokens.makeWebhookSecret(using: &random)
    return try transact { (work) throws(Refusal) -> WebhookView in
      guard try work.rows.webhooks(of: caller.organisation).count < Limits.webhooksMax else {
        throw .overloaded(
          "There are \(Limits.webhooksMax) webhooks.", nextStep: "Remove one of them.")
      }
      var view = WebhookView(
        id: id, url: request.url, createdAt: work.now,
        deliveredSequence: try work.rows.lockEventHead()?.sequence ?? 0)
      try work.rows.insert(
        WebhookRecord(
          view: view, organisation: caller.organisation, secret: secret, dueAt: work.now))
      work.recordWebhook(.webhookAdded, id, by: caller)
      view.secret = secret
      return view
    }
  }

  /// The webhooks of the asker's organisation, in order of id.
  public func webhooks(by caller: Caller) throws(Refusal) -> Page<WebhookView> {
    try caller.requireAdministrator()
    return try transact { (work) throws(Refusal) in
      Page(items: try work.rows.webhooks(of: caller.organisation).map(\.view))
    }
  }

  /// Nothing more is delivered to it.
  public func removeWebhook(_ id: String, by caller: Caller) throws(Refusal) {
    try caller.requireAdministrator()
    guard Name(id) != nil else { throw .notFound("webhook") }
    try transact { (work) throws(Refusal) in
      guard let webhook = try work.rows.webhook(id: id),
        webhook.organisation == caller.organisation
      else { throw .notFound("webhook") }
      try work.rows.removeWebhook(id: id)
      work.recordWebhook(.webhookRemoved, id, by: caller)
    }
  }
}

extension Work {
  /// The URL may hold a secret and stays out of the event.
  fileprivate func recordWebhook(_ kind: ServiceEvent.Kind, _ id: String, by caller: Caller) {
    var event = ServiceEvent(kind, actor: caller.user.text, organisation: caller.organisation)
    event.note = id
    record(event)
  }
}

extension WebhookRequest {
  /// `https`, or `http` to this host itself.
  fileprivate func requireSound() throws(Refusal) {
    try url.requireText("URL", bytesMax: Limits.urlBytesMax)
    guard url.utf8.allSatisfy({ (0x21...0x7e).contains($0) }), let host = url.hostOfWebhook else {
      throw .badRequest(
        "The URL is neither https nor http on loopback.",
        nextStep: "Give one like https://example.org/hook.")
    }
    guard !host.isEmpty else {
      throw .badRequest("The URL names no host.", nextStep: "Give one like https://example.org/.")
    }
  }
}

extension String {
  /// The host of a URL that webhooks may have; `nil` for any other text.
  fileprivate var hostOfWebhook: Substring? {
    let schemes = ["https://", "http://"]
    guard let scheme = schemes.first(where: { hasPrefix($0) }) else { return nil }
    let authority = dropFirst(scheme.count).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    // A user name in front of the host makes a URL look like another's.
    guard !authority.contains("@") else { return nil }
    let host =
      authority.hasPrefix("[")
      ? authority.prefix { $0 != "]" }.dropFirst() : authority.prefix { $0 != ":" }
    let isLoopback = ["127.0.0.1", "::1", "localhost"].contains(String(host))
    return scheme == "https://" || isLoopback ? host : nil
  }
}
