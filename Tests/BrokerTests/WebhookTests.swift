import ConnectionService
import Primitives
import Testing

@testable import Broker

@Suite(.timeLimit(.minutes(5))) struct WebhookTests {
  private func hook(_ stage: Stage) throws -> WebhookView {
    try stage.broker.createWebhook(
      WebhookRequest(url: "https://example.org/hook"), by: stage.admin, using: &stage.random)
  }

  @Test func cs26EveryEventIsDeliveredOnceInOrder() throws {
    let stage = try Stage()
    let view = try hook(stage)
    let secret = try #require(view.secret)
    let device = try stage.attach()
    _ = try stage.open(device)
    var delivered: [UInt64] = []
    while let delivery = try stage.broker.nextDelivery() {
      #expect(delivery.secret == secret)
      #expect(delivery.attempt == 1)
      #expect(try stage.second.nextDelivery() == nil, "no other broker delivers it meanwhile")
      try stage.broker.delivered(delivery)
      try stage.second.delivered(delivery)
      delivered.append(delivery.event.sequence)
    }
    let expected = try stage.events().map(\.sequence).filter { $0 > view.deliveredSequence }
    #expect(delivered == expected)
    let listed = try stage.broker.webhooks(by: stage.admin).items
    #expect(listed.map(\.secret) == [nil], "the secret is shown once")
    stage.advance(.seconds(1))
    #expect(try stage.broker.nextDelivery() == nil)
  }

  @Test func aFailedDeliveryComesAgainLaterAndIsGivenUpInTheEnd() throws {
    let stage = try Stage()
    _ = try hook(stage)
    var waits: [Duration] = []
    let first = try #require(try stage.broker.nextDelivery())
    var delivery = first
    while try !stage.broker.deliveryFailed(delivery) {
      #expect(try stage.broker.deliveryFailed(delivery) == false, "told twice, counted once")
      let before = stage.store.clock
      var next: WebhookDelivery?
      while next == nil {
        stage.advance(.seconds(1))
        next = try stage.broker.nextDelivery()
      }
      delivery = try #require(next)
      #expect(delivery.event == first.event)
      waits.append(stage.store.clock - before)
    }
    #expect(waits.map(\.wholeSeconds) == [2, 4, 8, 16, 32, 64, 128, 256, 512])
    #expect(delivery.attempt == 10)
    _ = try stage.enrol("pump-1")
    #expect(try stage.broker.nextDelivery()?.event.sequence ?? 0 > first.event.sequence)
  }

  @Test func anAnswerThatNeverComesMeansTheEventComesAgain() throws {
    let stage = try Stage()
    _ = try hook(stage)
    let first = try #require(try stage.broker.nextDelivery())
    stage.advance(.seconds(30))
    #expect(try stage.second.nextDelivery() == first)
  }

  @Test func onlyEventsOfItsOrganisationAreDelivered() throws {
    let stage = try Stage()
    _ = try stage.broker.createWebhook(
      WebhookRequest(url: "https://example.org"), by: stage.stranger, using: &stage.random)
    _ = try stage.attach()
    let delivery = try #require(try stage.broker.nextDelivery())
    #expect(delivery.event.kind == .webhookAdded)
    try stage.broker.delivered(delivery)
    #expect(try stage.broker.nextDelivery() == nil)
  }

  @Test(arguments: [
    "https://example.org", "https://example.org:8443/a?b#c", "http://127.0.0.1:9/x",
    "http://localhost/", "http://[::1]:80/x", "https://[2001:db8::1]/",
  ])
  func aGoodURLIsTaken(_ url: String) throws {
    let stage = try Stage()
    _ = try stage.broker.createWebhook(
      WebhookRequest(url: url), by: stage.admin, using: &stage.random)
  }

  @Test(arguments: [
    "", "http://example.org", "http://127.0.0.1.example.org/", "http://localhost@example.org/",
    "https://user@example.org", "ftp://example.org", "https://", "https:///x", "https://a b",
    "https://a*b/", "https://[", "https://[]", "https://[::1", "https://[::1]x", "https://a:",
    "https://a:123456", "http://localhost:x", "https://a\\@b",
    "https://example.org/\u{0}", "HTTPS", "https://" + String(repeating: "a", count: 2000),
  ])
  func aBadURLIsRefused(_ url: String) throws {
    let stage = try Stage()
    let request = WebhookRequest(url: url)
    #expect(
      code { try stage.broker.createWebhook(request, by: stage.admin, using: &stage.random) }
        == .badRequest)
  }

  @Test func aURLOf2000BytesIsTheLongest() throws {
    let stage = try Stage()
    func add(_ bytes: Int) throws -> WebhookView {
      let start = "https://example.org/"
      let url = start + String(repeating: "x", count: bytes - start.utf8.count)
      return try stage.broker.createWebhook(
        WebhookRequest(url: url), by: stage.admin, using: &stage.random)
    }
    #expect(try add(Limits.urlBytesMax).url.utf8.count == 2000)
    #expect(code { try add(Limits.urlBytesMax + 1) } == .badRequest)
  }

  @Test func sixteenWebhooksAreTheLimit() throws {
    let stage = try Stage()
    let views = try (0..<16).map { _ in try hook(stage) }
    #expect(code { try hook(stage) } == .overloaded)
    // They are one organisation's: the others have their own sixteen.
    _ = try stage.broker.createWebhook(
      WebhookRequest(url: "https://example.org"), by: stage.stranger, using: &stage.random)
    #expect(code { try stage.broker.removeWebhook(views[3].id, by: stage.stranger) } == .notFound)
    try stage.broker.removeWebhook(views[3].id, by: stage.admin)
    #expect(code { try stage.broker.removeWebhook(views[3].id, by: stage.admin) } == .notFound)
    _ = try hook(stage)
  }
}
