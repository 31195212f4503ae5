/// The tables of the first version. What must never be true is refused by a constraint here, so that
/// no fault above can make it true.
enum SchemaVersion1 {
  static func statements(_ sql: SQLDialect) -> [String] {
    people(sql) + devices(sql) + connections(sql) + events(sql) + requests(sql)
      + EventGuard.statements(sql)
  }

  private static func people(_ sql: SQLDialect) -> [String] {
    [
      """
      CREATE TABLE tokens (
        id \(sql.text) PRIMARY KEY,
        hash \(sql.bytes) NOT NULL UNIQUE CHECK (length(hash) = 32),
        organisation \(sql.text) NOT NULL,
        user_name \(sql.text) NOT NULL,
        role \(sql.text) NOT NULL,
        product \(sql.text),
        vpn_user \(sql.text),
        created_at \(sql.integer) NOT NULL,
        expires_at \(sql.integer),
        revoked_at \(sql.integer)
      \(sql.tableEnd)
      """,
      "CREATE INDEX tokens_of_organisation ON tokens (organisation, id)",
      """
      CREATE TABLE enrolments (
        product \(sql.text) PRIMARY KEY,
        code_hash \(sql.bytes) NOT NULL UNIQUE CHECK (length(code_hash) = 32),
        organisation \(sql.text) NOT NULL,
        name \(sql.text) NOT NULL,
        expires_at \(sql.integer) NOT NULL
      \(sql.tableEnd)
      """,
    ]
  }

  private static func devices(_ sql: SQLDialect) -> [String] {
    [
      """
      CREATE TABLE devices (
        product \(sql.text) PRIMARY KEY,
        organisation \(sql.text) NOT NULL,
        name \(sql.text) NOT NULL,
        enrolled_at \(sql.integer) NOT NULL,
        removed_at \(sql.integer),
        epoch \(sql.integer) NOT NULL,
        attached_broker \(sql.text),
        attached_at \(sql.integer),
        lease_until \(sql.integer),
        attached_instance \(sql.text),
        state \(sql.text),
        reported_at \(sql.integer),
        history_sequence \(sql.integer) NOT NULL,
        last_command \(sql.integer) NOT NULL DEFAULT 0,
        CHECK ((attached_broker IS NULL) = (attached_at IS NULL)),
        CHECK ((attached_broker IS NULL) = (lease_until IS NULL)),
        CHECK (attached_instance IS NULL OR attached_broker IS NOT NULL)
      \(sql.tableEnd)
      """,
      "CREATE INDEX devices_of_organisation ON devices (organisation, product)",
      "CREATE INDEX devices_by_lease ON devices (lease_until) WHERE lease_until IS NOT NULL",
      """
      CREATE TABLE commands (
        product \(sql.text) NOT NULL REFERENCES devices (product),
        id \(sql.integer) NOT NULL CHECK (id >= 1),
        action \(sql.text) NOT NULL,
        created_at \(sql.integer) NOT NULL,
        actor \(sql.text) NOT NULL,
        PRIMARY KEY (product, id)
      \(sql.tableEnd)
      """,
    ]
  }

  private static func connections(_ sql: SQLDialect) -> [String] {
    [
      """
      CREATE TABLE connections (
        id \(sql.text) PRIMARY KEY,
        organisation \(sql.text) NOT NULL,
        product \(sql.text) NOT NULL REFERENCES devices (product),
        slot \(sql.integer) NOT NULL CHECK (slot BETWEEN 1 AND 10),
        user_name \(sql.text) NOT NULL,
        operator_vpn_user \(sql.text) NOT NULL,
        phase \(sql.text) NOT NULL CHECK (phase IN ('requested', 'up', 'closing', 'closed')),
        note \(sql.text),
        requested_at \(sql.integer) NOT NULL,
        up_at \(sql.integer),
        closed_at \(sql.integer),
        vpn_address \(sql.text),
        tunnel \(sql.text),
        inactivity_seconds \(sql.integer),
        inactivity_was_clamped \(sql.integer),
        reason \(sql.text),
        closed_by \(sql.text),
        failure \(sql.text),
        answer_due_at \(sql.integer)
      \(sql.tableEnd)
      """,
      // At most ten connections of a device live at once (CS-3).
      "CREATE UNIQUE INDEX connections_live ON connections (product, slot)"
        + " WHERE phase <> 'closed'",
      "CREATE INDEX connections_newest ON connections (organisation, requested_at, id)",
      "CREATE INDEX connections_of_product ON connections (product, requested_at, id)",
      "CREATE INDEX connections_overdue ON connections (answer_due_at)"
        + " WHERE answer_due_at IS NOT NULL",
      "CREATE INDEX connections_up ON connections (id) WHERE phase = 'up'",
    ]
  }

  private static func events(_ sql: SQLDialect) -> [String] {
    [
      """
      CREATE TABLE events (
        sequence \(sql.integer) PRIMARY KEY CHECK (sequence >= 1),
        time \(sql.integer) NOT NULL,
        kind \(sql.text) NOT NULL,
        organisation \(sql.text),
        actor \(sql.text) NOT NULL,
        product \(sql.text),
        connection \(sql.text),
        tunnel \(sql.text),
        code \(sql.text),
        reason \(sql.text),
        note \(sql.text),
        duration_seconds \(sql.integer),
        bytes \(sql.integer),
        previous_hash \(sql.text) NOT NULL,
        hash \(sql.text) NOT NULL
      \(sql.tableEnd)
      """,
      "CREATE INDEX events_of_organisation ON events (organisation, sequence)",
      "CREATE INDEX events_of_product ON events (product, sequence)",
      // One row: what the writers of events lock.
      """
      CREATE TABLE event_head (
        one \(sql.integer) PRIMARY KEY CHECK (one = 1),
        sequence \(sql.integer) NOT NULL,
        hash \(sql.text) NOT NULL
      \(sql.tableEnd)
      """,
      "INSERT INTO event_head (one, sequence, hash)"
        + " VALUES (1, 0, '\(String(repeating: "0", count: 64))')",
    ]
  }

  private static func requests(_ sql: SQLDialect) -> [String] {
    [
      """
      CREATE TABLE idempotency_keys (
        token_id \(sql.text) NOT NULL,
        key \(sql.text) NOT NULL,
        request_digest \(sql.bytes) NOT NULL CHECK (length(request_digest) = 32),
        connection \(sql.text),
        created_at \(sql.integer) NOT NULL,
        PRIMARY KEY (token_id, key)
      \(sql.tableEnd)
      """,
      "CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at)",
      """
      CREATE TABLE webhooks (
        id \(sql.text) PRIMARY KEY,
        organisation \(sql.text) NOT NULL,
        url \(sql.text) NOT NULL,
        created_at \(sql.integer) NOT NULL,
        delivered_sequence \(sql.integer) NOT NULL,
        failures \(sql.integer) NOT NULL,
        secret \(sql.text) NOT NULL,
        due_at \(sql.integer) NOT NULL
      \(sql.tableEnd)
      """,
      "CREATE INDEX webhooks_of_organisation ON webhooks (organisation, id)",
      "CREATE INDEX webhooks_due ON webhooks (due_at, id)",
    ]
  }
}
