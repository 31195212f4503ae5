import ConnectionService
import Primitives

extension Broker {
  /// How long a webhook without news rests.
  private static var restingTime: Duration { .seconds(1) }
  private static var backoffMax: Duration { .seconds(3600) }

  /// The next event for a webhook, in order; no other broker gets it until its answer is overdue.
  /// - Returns: `nil` when none is due.
  public func nextDelivery() throws(Refusal) -> WebhookDelivery? {
    try transact { (work) throws(Refusal) -> WebhookDelivery? in
      for _ in 0..<Limits.sweptMax {
        guard var webhook = try work.rows.webhook(dueAt: work.now) else { return nil }
        let news = EventQuery(
          organisation: webhook.organisation,
          order: .ascending(after: webhook.view.deliveredSequence), limit: 1)
        let event = try work.rows.events(news).first
        webhook.dueAt =
          work.now + (event == nil ? Self.restingTime : work.policy.webhookAnswerDue)
        try work.rows.update(webhook)
        guard let event else { continue }
        return WebhookDelivery(
          webhook: webhook.view.id, url: webhook.view.url, secret: webhook.secret, event: event,
          attempt: webhook.view.failures + 1)
      }
      return nil
    }
  }

  /// The webhook has taken the event.
  public func delivered(_ delivery: WebhookDelivery) throws(Refusal) {
    _ = try update(delivery) { webhook, work in
      webhook.advance(past: delivery.event, at: work.now)
      return true
    }
  }

  /// The webhook has not taken the event: it is tried again later, ever more rarely.
  /// - Returns: whether that was the last attempt; the event is given up, and the next one comes.
  public func deliveryFailed(_ delivery: WebhookDelivery) throws(Refusal) -> Bool {
    try update(delivery) { webhook, work in
      webhook.view.failures += 1
      guard webhook.view.failures < work.policy.webhookAttemptsMax else {
        webhook.advance(past: delivery.event, at: work.now)
        return true
      }
      let backoff = Duration.seconds(1 << min(webhook.view.failures, 12))
      webhook.dueAt = work.now + min(backoff, Self.backoffMax)
      return false
    }
  }

  /// Changes the webhook, unless another attempt at the event has been told of meanwhile.
  private func update(
    _ delivery: WebhookDelivery, _ change: (inout WebhookRecord, Work) -> Bool
  ) throws(Refusal) -> Bool {
    try transact { (work) throws(Refusal) -> Bool in
      guard var webhook = try work.rows.webhook(id: delivery.webhook),
        webhook.view.deliveredSequence < delivery.event.sequence,
        webhook.view.failures == delivery.attempt - 1
      else { return false }
      let result = change(&webhook, work)
      try work.rows.update(webhook)
      return result
    }
  }
}

extension WebhookRecord {
  fileprivate mutating func advance(past event: ServiceEvent, at now: Timestamp) {
    view.deliveredSequence = event.sequence
    view.failures = 0
    dueAt = now
  }
}
