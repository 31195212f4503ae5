/// The few words in which the databases differ; every statement is written once, in these.
struct SQLDialect: Sendable {
  enum Engine: Sendable { case sqlite, postgreSQL }

  let engine: Engine

  /// A signed number of 64 bits. Nothing narrower is used, so that each number travels alike.
  var integer: String {
    switch engine {
    case .sqlite: "INTEGER"
    case .postgreSQL: "BIGINT"
    }
  }

  /// A text that is ordered by its bytes, whatever the locale.
  var text: String {
    switch engine {
    case .sqlite: "TEXT"
    case .postgreSQL: "TEXT COLLATE \"C\""
    }
  }

  var bytes: String {
    switch engine {
    case .sqlite: "BLOB"
    case .postgreSQL: "BYTEA"
    }
  }

  /// After the columns of a table: SQLite checks types only when told to.
  var tableEnd: String {
    switch engine {
    case .sqlite: ") STRICT"
    case .postgreSQL: ")"
    }
  }

  /// Whether the text of a column has another one in it, which is in lower case; A to Z match in
  /// either case, in any locale.
  func contains(_ column: String, _ text: String) -> String {
    switch engine {
    case .sqlite: "instr(lower(\(column)), \(text)) > 0"
    case .postgreSQL: "strpos(lower(\(column)), \(text)) > 0"
    }
  }

  /// Locks the rows until the transaction ends. SQLite has locked the whole file by then.
  var locking: String {
    switch engine {
    case .sqlite: ""
    case .postgreSQL: " FOR UPDATE"
    }
  }

  /// Locks the rows that nobody else has locked, and passes over the others.
  var lockingFree: String {
    switch engine {
    case .sqlite: ""
    case .postgreSQL: " FOR UPDATE SKIP LOCKED"
    }
  }
}
