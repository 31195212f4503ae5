import Broker
import ConnectionService
import Testing

@Suite("Every store keeps idempotency keys and webhooks", .timeLimit(.minutes(5)))
struct RequestConformance {
  private func key(_ text: String, at time: Int64) throws -> IdempotencyRecord {
    IdempotencyRecord(
      key: IdempotencyKey(tokenID: "tok-1", key: text), requestDigest: Samples.digest(1),
      connection: try Samples.connectionID(1), createdAt: Samples.time(time))
  }

  @Test(arguments: TestStore.Engine.allCases)
  func aKeyIsTakenOnce(_ engine: TestStore.Engine) throws {
    let store = try TestStore(engine)
    let first = try key("k", at: 1)
    var other = try key("k", at: 2)
    other.requestDigest = Samples.digest(2)
    other.connection = nil
    let second = other
    try store { rows throws(Refusal) in try rows.insert(first) }
    #expect(
      store.refusal { rows throws(Refusal) in try rows.insert(second) } == .idempotencyConflict)
    let found = try store { rows throws(Refusal) in try rows.idempotency(first.key) }
    #expect(found == first)
    let another = IdempotencyKey(tokenID: "tok-2", key: "k")
    let none = try store { rows throws(Refusal) in try rows.idempotency(another) }
    #expect(none == nil)
  }

  @Test(arguments: TestStore.Engine.allCases)
  func oldKeysAreForgotten(_ engine: TestStore.Engine) throws {
    let store = try TestStore(engine)
    let records = [try key("old", at: 9), try key("young", at: 10)]
    let left = try store { rows throws(Refusal) in
      for record in records { try rows.insert(record) }
      try rows.removeIdempotency(before: Samples.time(10))
      return [try rows.idempotency(records[0].key), try rows.idempotency(records[1].key)]
    }
    #expect(left == [nil, records[1]])
  }

  private func webhook(
    _ id: String, due: Int64, organisation: String = "acme"
  ) throws -> WebhookRecord {
    WebhookRecord(
      view: WebhookView(
        id: id, url: "https://example.org/?a='b'", createdAt: Samples.time(3),
        deliveredSequence: 17),
      organisation: try Samples.name(organisation), secret: "s\"3'cret", dueAt: Samples.time(due))
  }

  @Test(arguments: TestStore.Engine.allCases)
  func webhooksAreKeptListedChangedAndRemoved(_ engine: TestStore.Engine) throws {
    let store = try TestStore(engine)
    var first = try webhook("a", due: 1)
    let (second, foreign) = (
      try webhook("B", due: 2), try webhook("c", due: 3, organisation: "other")
    )
    let acme = try Samples.name("acme")
    let inserted = first
    let listed = try store { rows throws(Refusal) in
      for webhook in [inserted, second, foreign] { try rows.insert(webhook) }
      return try rows.webhooks(of: acme)
    }
    #expect(listed == [second, first])
    first.view.deliveredSequence = UInt64(Int64.max)
    first.view.failures = 7
    first.dueAt = Samples.time(99)
    let changed = first
    let (found, gone) = try store { rows throws(Refusal) in
      try rows.update(changed)
      try rows.removeWebhook(id: "B")
      return (try rows.webhook(id: "a"), try rows.webhook(id: "B"))
    }
    #expect(found == first)
    #expect(gone == nil)
  }

  @Test(arguments: TestStore.Engine.allCases)
  func theWebhookThatIsDueLongestComesFirst(_ engine: TestStore.Engine) throws {
    let store = try TestStore(engine)
    let webhooks = [
      try webhook("a", due: 30), try webhook("b", due: 10), try webhook("c", due: 10),
    ]
    let due = try store { rows throws(Refusal) in
      for webhook in webhooks { try rows.insert(webhook) }
      return [
        try rows.webhook(dueAt: Samples.time(9)), try rows.webhook(dueAt: Samples.time(10)),
        try rows.webhook(dueAt: Samples.time(40)),
      ]
    }
    #expect(due.map { $0?.view.id } == [nil, "b", "b"])
  }
}
