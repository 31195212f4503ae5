import Broker
import ConnectionService

extension CommandRecord: SQLRecord {
  static let table = SQLTable(
    "commands", keyCount: 2, ["product", "id", "action", "created_at", "actor"])

  var values: [SQLValue] {
    get throws(SQLFault) {
      [
        .text(command.product), .ordered(id), try JSONColumn.text(command.action),
        .time(command.createdAt), .text(command.actor),
      ]
    }
  }

  init(reading row: inout SQLRow) throws(SQLFault) {
    let product: ProductID = try row.wireText()
    let id = try row.bits()
    let command = NewCommand(
      product: product, action: try row.json(), createdAt: try row.time(),
      actor: try row.text())
    self.init(id: id, command: command)
  }
}

extension SQLTransaction {
  func insert(_ command: NewCommand) throws(Refusal) -> UInt64 {
    let id = try watching { () throws(SQLFault) in
      // Answered commands are dropped, their numbers are not used again: the device counts.
      let counted = try rows(
        "UPDATE devices SET last_command = last_command + 1 WHERE product = $1"
          + " RETURNING last_command",
        [.text(command.product)])
      guard var row = counted.first else {
        throw SQLFault.ours("a command for a device that is not in the store")
      }
      return try row.bits()
    }
    try add(CommandRecord(id: id, command: command))
    connection.isNews = true
    return id
  }

  func commands(of product: ProductID, limit: Int) throws(Refusal) -> [CommandRecord] {
    try records(
      "WHERE product = $1 ORDER BY id LIMIT $2\(sql.lockingFree)",
      [.text(product), .integer(limit)])
  }

  func command(_ id: UInt64, of product: ProductID) throws(Refusal) -> CommandRecord? {
    guard let number = Int64(exactly: id) else { return nil }
    return try record("WHERE product = $1 AND id = $2", [.text(product), .integer(number)])
  }

  func removeCommand(_ id: UInt64, of product: ProductID) throws(Refusal) {
    guard let number = Int64(exactly: id) else { return }
    try change(
      "DELETE FROM commands WHERE product = $1 AND id = $2", [.text(product), .integer(number)])
  }
}
