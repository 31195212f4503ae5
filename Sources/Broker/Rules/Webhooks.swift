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
    guard url.utf8.allSatisfy({ (0x21...0x7e).contains($0) }), url.isWebhookURL else {
      throw .badRequest(
        "The URL is neither https nor http on loopback, or names no host.",
        nextStep: "Give one like https://example.org/hook.")
    }
  }
}

extension String {
  /// Plainly written, so that no two readers of it see different hosts.
  fileprivate var isWebhookURL: Bool {
    let schemes = ["https://", "http://"]
    guard let scheme = schemes.first(where: { hasPrefix($0) }) else { return false }
    let authority = dropFirst(scheme.count).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    let host =
      authority.hasPrefix("[")
      ? authority.prefix { $0 != "]" } + "]" : authority.prefix { $0 != ":" }
    let port = authority.dropFirst(host.count)
    guard authority.hasPrefix(host), port.isEmpty || port.isPort else { return false }
    return scheme == "https://"
      ? host.isHost : ["127.0.0.1", "[::1]", "localhost"].contains(String(host))
  }
}

extension Substring {
  /// A name, or an address; that of IPv6 in brackets (RFC 3986 §3.2.2).
  fileprivate var isHost: Bool {
    guard hasPrefix("[") else {
      return !isEmpty
        && allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) }
    }
    let address = dropFirst().dropLast()
    return !address.isEmpty && address.allSatisfy { $0.isHexDigit || $0 == ":" || $0 == "." }
  }

  fileprivate var isPort: Bool {
    hasPrefix(":") && (1...5).contains(count - 1) && dropFirst().allSatisfy(\.isNumber)
  }
}
