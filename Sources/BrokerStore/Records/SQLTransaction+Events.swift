import Broker
import ConnectionService

extension ServiceEvent: SQLRecord {
  static let table = SQLTable(
    "events",
    [
      "sequence", "time", "kind", "organisation", "actor", "product", "connection", "tunnel",
      "code", "reason", "note", "duration_seconds", "bytes", "previous_hash", "hash",
    ])

  var values: [SQLValue] {
    [
      .ordered(sequence), .time(time), .text(kind), .text(organisation), .text(actor),
      .text(product), .text(connection), .text(tunnel), .text(code), .text(reason), .text(note),
      .integer(durationSeconds), .bits(bytes), .text(previousHash), .text(hash),
    ]
  }

  init(reading row: inout SQLRow) throws(SQLFault) {
    let sequence = try row.bits()
    let time = try row.time()
    self.init(try row.word(), actor: "")
    self.sequence = sequence
    self.time = time
    organisation = try row.wireTextIfAny()
    actor = try row.text()
    product = try row.wireTextIfAny()
    connection = try row.wireTextIfAny()
    tunnel = try row.wireTextIfAny()
    code = try row.wordIfAny()
    reason = try row.wordIfAny()
    note = try row.textIfAny()
    durationSeconds = try row.integerIfAny()
    bytes = try row.bitsIfAny()
    previousHash = try row.text()
    hash = try row.text()
  }
}

extension SQLTransaction {
  func lockEventHead() throws(Refusal) -> EventHead? {
    try watching { () throws(SQLFault) in
      let statement = "SELECT sequence, hash FROM event_head\(sql.locking)"
      guard var row = try rows(statement, []).first else {
        throw SQLFault.ours("the head of the events is missing")
      }
      let head = EventHead(sequence: try row.bits(), hash: try row.text())
      return head.sequence == 0 ? nil : head
    }
  }

  func append(_ event: ServiceEvent) throws(Refusal) {
    // The head moves by a trigger, which refuses an event that is not the next one.
    try add(event)
    connection.isNews = true
  }

  func events(_ query: EventQuery) throws(Refusal) -> [ServiceEvent] {
    var conditions = SQLConditions()
    let direction: String
    switch query.order {
    case .ascending(let after):
      conditions.add("sequence >", .ordered(after))
      direction = "ASC"
    case .descending(let before):
      conditions.add("sequence <", .ordered(before ?? .max))
      direction = "DESC"
    }
    if let organisation = query.organisation {
      conditions.add("organisation =", .text(organisation))
    }
    if let product = query.product { conditions.add("product =", .text(product)) }
    if let kind = query.kind { conditions.add("kind =", .text(kind)) }
    if let reason = query.reason { conditions.add("reason =", .text(reason)) }
    if let actor = query.actor { conditions.add("actor =", .text(actor)) }
    let limit = conditions.argument(.integer(query.limit))
    return try records(
      "WHERE \(conditions.text) ORDER BY sequence \(direction) LIMIT \(limit)",
      conditions.arguments)
  }
}
