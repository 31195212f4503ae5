import Broker
import ConnectionService

extension IdempotencyRecord: SQLRecord {
  static let table = SQLTable(
    "idempotency_keys", keyCount: 2,
    ["token_id", "key", "request_digest", "connection", "created_at"])

  var values: [SQLValue] {
    [
      .text(key.tokenID), .text(key.key), .digest(requestDigest), .text(connection),
      .time(createdAt),
    ]
  }

  init(reading row: inout SQLRow) throws(SQLFault) {
    let key = IdempotencyKey(tokenID: try row.text(), key: try row.text())
    self.init(
      key: key, requestDigest: try row.digest(), connection: try row.wireTextIfAny(),
      createdAt: try row.time())
  }
}

extension WebhookRecord: SQLRecord {
  static let table = SQLTable(
    "webhooks",
    [
      "id", "organisation", "url", "created_at", "delivered_sequence", "failures", "secret",
      "due_at",
    ])

  // `view.secret` is only ever shown in the reply that makes the webhook; `secret` is what is kept.
  var values: [SQLValue] {
    [
      .text(view.id), .text(organisation), .text(view.url), .time(view.createdAt),
      .ordered(view.deliveredSequence), .integer(view.failures), .text(secret), .time(dueAt),
    ]
  }

  init(reading row: inout SQLRow) throws(SQLFault) {
    let id = try row.text()
    let organisation: Name = try row.wireText()
    var view = WebhookView(
      id: id, url: try row.text(), createdAt: try row.time(), deliveredSequence: try row.bits())
    view.failures = Int(try row.integer())
    self.init(
      view: view, organisation: organisation, secret: try row.text(), dueAt: try row.time())
  }
}

extension SQLTransaction {
  func idempotency(_ key: IdempotencyKey) throws(Refusal) -> IdempotencyRecord? {
    try record("WHERE token_id = $1 AND key = $2", [.text(key.tokenID), .text(key.key)])
  }

  func insert(_ record: IdempotencyRecord) throws(Refusal) {
    guard try add(record, onConflict: "(token_id, key) DO NOTHING") else {
      throw Refusal(
        .idempotencyConflict, "this Idempotency-Key is in use",
        cause: "another request came with the same key in this moment",
        nextStep: "ask again with the same key and request to get its answer")
    }
  }

  func removeIdempotency(before time: Timestamp) throws(Refusal) {
    try change(
      "DELETE FROM idempotency_keys WHERE created_at < $1", [.time(time)], lasting: false)
  }

  func insert(_ webhook: WebhookRecord) throws(Refusal) { try add(webhook) }

  func webhook(id: String) throws(Refusal) -> WebhookRecord? {
    // Locked, since it is read to be changed: two answers to one delivery are both counted.
    try record("WHERE id = $1\(sql.locking)", [.text(id)])
  }

  func webhooks(of organisation: Name) throws(Refusal) -> [WebhookRecord] {
    try records("WHERE organisation = $1 ORDER BY id", [.text(organisation)])
  }

  func webhook(dueAt time: Timestamp) throws(Refusal) -> WebhookRecord? {
    try record(
      "WHERE due_at <= $1 ORDER BY due_at, id LIMIT 1\(sql.lockingFree)", [.time(time)])
  }

  // Of deliveries that are forgotten each is made again: webhooks hear of events at least once.
  func update(_ webhook: WebhookRecord) throws(Refusal) { try change(webhook, lasting: false) }

  func removeWebhook(id: String) throws(Refusal) {
    try change("DELETE FROM webhooks WHERE id = $1", [.text(id)])
  }
}
