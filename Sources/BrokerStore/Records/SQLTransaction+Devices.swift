import Broker
import ConnectionService

extension DeviceRecord: SQLRecord {
  // `last_command` is not the record's: it only counts (see `insert(_ command:)`).
  static let table = SQLTable(
    "devices",
    [
      "product", "organisation", "name", "enrolled_at", "removed_at", "epoch", "attached_broker",
      "attached_at", "lease_until", "attached_instance", "state", "reported_at",
      "history_sequence", "histories",
    ])

  var values: [SQLValue] {
    get throws(SQLFault) {
      [
        .text(product), .text(organisation), .text(name), .time(enrolledAt), .time(removedAt),
        .bits(epoch), .text(attachment?.broker), .time(attachment?.attachedAt),
        .time(attachment?.leaseUntil), .text(attachment?.instance), try JSONColumn.text(state),
        .time(reportedAt), .bits(histories.unnamed),
        try JSONColumn.text(histories.named.isEmpty ? nil : histories.named),
      ]
    }
  }

  init(reading row: inout SQLRow) throws(SQLFault) {
    self.init(
      product: try row.wireText(), organisation: try row.wireText(), name: try row.text(),
      enrolledAt: try row.time())
    removedAt = try row.timeIfAny()
    epoch = try row.bits()
    let broker: Name? = try row.wireTextIfAny()
    let attachedAt = try row.timeIfAny()
    let leaseUntil = try row.timeIfAny()
    let instance: AgentInstance? = try row.wireTextIfAny()
    if let broker, let attachedAt, let leaseUntil {
      attachment = Attachment(
        broker: broker, attachedAt: attachedAt, leaseUntil: leaseUntil, instance: instance)
    }
    state = try row.jsonIfAny()
    reportedAt = try row.timeIfAny()
    histories = HistoryCounts(
      unnamed: try row.bits(), named: try row.jsonIfAny() ?? [])
  }
}

extension SQLTransaction {
  func insert(_ device: DeviceRecord) throws(Refusal) {
    // A removed device comes back only to its own organisation, as a new one whose commands still
    // count on.
    let inserted = try add(
      device,
      onConflict: """
        (product) DO UPDATE SET name = excluded.name, enrolled_at = excluded.enrolled_at,
        removed_at = excluded.removed_at, epoch = excluded.epoch,
        attached_broker = excluded.attached_broker, attached_at = excluded.attached_at,
        lease_until = excluded.lease_until, attached_instance = excluded.attached_instance,
        state = excluded.state, reported_at = excluded.reported_at,
        history_sequence = excluded.history_sequence, histories = excluded.histories
        WHERE devices.removed_at IS NOT NULL AND devices.organisation = excluded.organisation
        """)
    guard inserted else {
      throw Refusal(
        .productIDTaken, "a device with this product id exists already",
        cause: "it was enrolled before, here or in another organisation",
        nextStep: "remove the device first, or choose another product id")
    }
  }

  func device(_ product: ProductID, locking: Bool) throws(Refusal) -> DeviceRecord? {
    try record("WHERE product = $1\(locking ? sql.locking : "")", [.text(product)])
  }

  func devices(
    of organisation: Name, matching search: DeviceSearch?, after product: ProductID?, limit: Int
  ) throws(Refusal) -> [DeviceRecord] {
    let columns = ["name", "product"].map { sql.contains($0, "$4") }.joined(separator: " OR ")
    return try records(
      """
      WHERE organisation = $1 AND product > $2 AND removed_at IS NULL \
      \(search == nil ? "" : "AND (\(columns))") ORDER BY product LIMIT $3
      """,
      [.text(organisation), .text(product?.text ?? ""), .integer(limit)]
        + (search.map { [.text($0.folded)] } ?? []))
  }

  // A lease or a state alone need not last: the device tells them again within seconds. What must (an
  // attachment, a removal) comes with an event.
  func update(_ device: DeviceRecord) throws(Refusal) { try change(device, lasting: false) }

  func devicesWithLease(before time: Timestamp, limit: Int) throws(Refusal) -> [ProductID] {
    try products(
      "SELECT product FROM devices WHERE lease_until <= $1 ORDER BY product LIMIT $2",
      [.time(time), .integer(limit)])
  }

  /// The product ids that a statement answers.
  func products(_ statement: String, _ arguments: [SQLValue]) throws(Refusal) -> [ProductID] {
    try watching { () throws(SQLFault) in
      var products: [ProductID] = []
      for var row in try rows(statement, arguments) { products.append(try row.wireText()) }
      return products
    }
  }
}
