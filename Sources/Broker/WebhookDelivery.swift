import ConnectionService

/// One event on its way to one webhook.
public struct WebhookDelivery: Hashable, Sendable {
  /// The webhook's id.
  public let webhook: String
  public let url: String
  /// The key of the signature.
  public let secret: String
  public let event: ServiceEvent
  /// 1 for the first.
  public let attempt: Int

  public init(webhook: String, url: String, secret: String, event: ServiceEvent, attempt: Int) {
    self.webhook = webhook
    self.url = url
    self.secret = secret
    self.event = event
    self.attempt = attempt
  }
}

extension WebhookDelivery: CustomStringConvertible, CustomReflectable {
  /// Never the secret.
  public var description: String { "<event \(event.sequence) to \(webhook), attempt \(attempt)>" }
  public var customMirror: Mirror {
    Mirror(self, children: ["webhook": webhook, "sequence": event.sequence, "attempt": attempt])
  }
}
