import Broker
import ConnectionService

extension ConnectionRecord: SQLRecord {
  static let table = SQLTable(
    "connections",
    [
      "id", "organisation", "product", "slot", "user_name", "operator_vpn_user", "phase", "note",
      "requested_at", "up_at", "closed_at", "vpn_address", "tunnel", "inactivity_seconds",
      "inactivity_was_clamped", "reason", "closed_by", "failure", "answer_due_at",
    ])

  var values: [SQLValue] {
    get throws(SQLFault) {
      [
        .text(view.id), .text(organisation), .text(view.productID), .integer(slot),
        .text(view.user), .text(operatorVPNUser), .text(view.phase), .text(view.note),
        .time(view.requestedAt), .time(view.upAt), .time(view.closedAt), .text(view.vpnAddress),
        .text(view.tunnel), .integer(view.inactivitySeconds), .flag(view.inactivityWasClamped),
        .text(view.reason), .text(view.closedBy), try JSONColumn.text(view.failure),
        .time(answerDueAt),
      ]
    }
  }

  init(reading row: inout SQLRow) throws(SQLFault) {
    let id: ConnectionID = try row.wireText()
    let organisation: Name = try row.wireText()
    let product: ProductID = try row.wireText()
    let slot = Int(try row.integer())
    let user: Name = try row.wireText()
    let operatorVPNUser = try row.text()
    let phase: ConnectionView.Phase = try row.word()
    let note = try row.textIfAny()
    var view = ConnectionView(
      id: id, productID: product, user: user, phase: phase, requestedAt: try row.time())
    view.note = note
    view.upAt = try row.timeIfAny()
    view.closedAt = try row.timeIfAny()
    view.vpnAddress = try row.textIfAny()
    view.tunnel = try row.wireTextIfAny()
    view.inactivitySeconds = try row.integerIfAny()
    view.inactivityWasClamped = try row.flagIfAny()
    view.reason = try row.wordIfAny()
    view.closedBy = try row.textIfAny()
    view.failure = try row.jsonIfAny()
    self.init(
      view: view, organisation: organisation, operatorVPNUser: operatorVPNUser, slot: slot)
    answerDueAt = try row.timeIfAny()
  }
}

extension SQLTransaction {
  func insert(_ connection: ConnectionRecord) throws(Refusal) {
    let inserted = try add(
      connection, onConflict: "(product, slot) WHERE phase <> 'closed' DO NOTHING")
    guard inserted else {
      throw Refusal(
        .connectionLimit, "the device has no free connection of its ten",
        cause: "all are in use, or another request took the last one in this moment",
        nextStep: "close a connection, or wait until one ends")
    }
  }

  func connection(_ id: ConnectionID) throws(Refusal) -> ConnectionRecord? {
    try record("WHERE id = $1", [.text(id)])
  }

  func liveConnections(of product: ProductID) throws(Refusal) -> [ConnectionRecord] {
    try records("WHERE product = $1 AND phase <> 'closed' ORDER BY slot", [.text(product)])
  }

  func connections(_ query: ConnectionQuery) throws(Refusal) -> [ConnectionRecord] {
    var conditions = SQLConditions("organisation =", .text(query.organisation))
    if let product = query.product { conditions.add("product =", .text(product)) }
    if let user = query.user { conditions.add("user_name =", .text(user)) }
    if let reason = query.reason { conditions.add("reason =", .text(reason)) }
    if let live = query.live { conditions.add("phase \(live ? "<>" : "=") 'closed'") }
    if let after = query.after {
      // Another organisation's is as unknown as any other text: nothing follows it.
      let organisation = conditions.argument(.text(query.organisation))
      conditions.add(
        "(requested_at, id) < (SELECT requested_at, id FROM connections"
          + " WHERE organisation = \(organisation) AND id =", .text(after), ")")
    }
    let limit = conditions.argument(.integer(query.limit))
    return try records(
      "WHERE \(conditions.text) ORDER BY requested_at DESC, id DESC LIMIT \(limit)",
      conditions.arguments)
  }

  func update(_ connection: ConnectionRecord) throws(Refusal) { try change(connection) }

  func productsWithConnections(
    overdueAt time: Timestamp, limit: Int
  ) throws(Refusal) -> [ProductID] {
    try products(
      "SELECT DISTINCT product FROM connections WHERE answer_due_at <= $1 ORDER BY product LIMIT $2",
      [.time(time), .integer(limit)])
  }

  func grantedConnections() throws(Refusal) -> [ConnectionRecord] {
    try records("WHERE phase = 'up' ORDER BY id", [])
  }
}
