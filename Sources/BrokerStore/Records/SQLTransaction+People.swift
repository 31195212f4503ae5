import Broker
import ConnectionService

extension TokenRecord: SQLRecord {
  static let table = SQLTable(
    "tokens",
    [
      "id", "hash", "organisation", "user_name", "role", "product", "vpn_user", "created_at",
      "expires_at", "revoked_at",
    ])

  var values: [SQLValue] {
    [
      .text(id), .digest(hash), .text(organisation), .text(user), .text(role), .text(product),
      .text(vpnUser), .time(createdAt), .time(expiresAt), .time(revokedAt),
    ]
  }

  init(reading row: inout SQLRow) throws(SQLFault) {
    self.init(
      id: try row.text(), hash: try row.digest(), organisation: try row.wireText(),
      user: try row.wireText(), role: try row.word(), createdAt: Timestamp(milliseconds: 0))
    product = try row.wireTextIfAny()
    vpnUser = try row.textIfAny()
    createdAt = try row.time()
    expiresAt = try row.timeIfAny()
    revokedAt = try row.timeIfAny()
  }
}

extension EnrolmentRecord: SQLRecord {
  static let table = SQLTable(
    "enrolments", ["product", "code_hash", "organisation", "name", "expires_at"])

  var values: [SQLValue] {
    [.text(product), .digest(codeHash), .text(organisation), .text(name), .time(expiresAt)]
  }

  init(reading row: inout SQLRow) throws(SQLFault) {
    let product: ProductID = try row.wireText()
    self.init(
      codeHash: try row.digest(), organisation: try row.wireText(), product: product,
      name: try row.text(), expiresAt: try row.time())
  }
}

extension SQLTransaction {
  func insert(_ token: TokenRecord) throws(Refusal) { try add(token) }

  func token(hash: Digest) throws(Refusal) -> TokenRecord? {
    try record("WHERE hash = $1", [.digest(hash)])
  }

  func token(id: String) throws(Refusal) -> TokenRecord? {
    try record("WHERE id = $1", [.text(id)])
  }

  func tokens(
    of organisation: Name, after id: String?, limit: Int
  ) throws(Refusal) -> [TokenRecord] {
    try records(
      "WHERE organisation = $1 AND id > $2 ORDER BY id LIMIT $3",
      [.text(organisation), .text(id ?? ""), .integer(limit)])
  }

  func update(_ token: TokenRecord) throws(Refusal) { try change(token) }

  func tokenCount() throws(Refusal) -> Int {
    try watching { () throws(SQLFault) in
      guard var row = try rows("SELECT COUNT(*) FROM tokens", []).first else { return 0 }
      return Int(try row.integer())
    }
  }

  func insert(_ enrolment: EnrolmentRecord) throws(Refusal) {
    _ = try add(
      enrolment,
      onConflict: """
        (product) DO UPDATE SET code_hash = excluded.code_hash,
        organisation = excluded.organisation, name = excluded.name,
        expires_at = excluded.expires_at
        """)
  }

  func takeEnrolment(codeHash: Digest) throws(Refusal) -> EnrolmentRecord? {
    connection.isLasting = true
    return try watching { () throws(SQLFault) -> EnrolmentRecord? in
      let table = EnrolmentRecord.table
      let taken: [EnrolmentRecord] = try read(
        try rows(
          "DELETE FROM \(table.name) WHERE code_hash = $1 RETURNING \(table.columns)",
          [.digest(codeHash)]))
      return taken.first
    }
  }
}
