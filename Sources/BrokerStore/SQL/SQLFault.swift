import ConnectionService

/// Why a statement or a commit did not happen.
///
/// The texts are the database's own first lines and never hold values: what PostgreSQL adds as
/// detail (rows, keys) is not read.
enum SQLFault: Error {
  /// Another transaction was in the way and this one was taken back: it may run again.
  case conflict(String)
  /// What it needs stayed taken for seconds: a lock, a connection, the file.
  case busy(String)
  /// The connection broke, with nothing stored: it may run again on another one.
  case broken(String)
  /// The database cannot be reached, or cannot do its work; nothing was stored.
  case unreachable(String)
  /// The connection broke while the commit was on its way: stored or not, nobody knows.
  case commitUnknown(String)
  /// The value cannot be stored.
  case unstorable(String)
  /// A newer program made this database.
  case tooNew(present: Int, known: Int)
  /// A fault of ours: a constraint that holds an invariant, a statement or row that makes no sense.
  case ours(String)

  /// What the asker is told.
  var refusal: Refusal {
    switch self {
    case .conflict(let text), .busy(let text):
      Refusal(
        .overloaded, "the broker's database is too busy with other requests",
        cause: "many requests change the same rows at once, or one holds them (\(text))",
        nextStep: "ask again in a moment")
    case .unreachable(let text), .broken(let text):
      Refusal(
        .storeUnavailable, "the broker's database cannot be reached", cause: text,
        nextStep: "check that the database runs and that the broker's configuration names it; "
          + "tunnels that are up live on")
    case .commitUnknown(let text):
      Refusal(
        .storeUnavailable, "the broker's database went away before it said whether it stored this",
        cause: text,
        nextStep: "look whether it happened before asking again, or ask with the same "
          + "Idempotency-Key")
    case .unstorable(let text):
      Refusal(
        .badRequest, "a text of the request cannot be stored", cause: text,
        nextStep: "leave the character out")
    case .tooNew(let present, let known):
      Refusal(
        .storeUnavailable, "the broker's database is newer than this program",
        cause: "its schema has version \(present), this program knows up to \(known)",
        nextStep: "run a newer drawbridge; nothing was changed")
    case .ours(let text):
      Refusal(
        .internalError, "the broker's store refused a change", cause: text,
        nextStep: "report this as a fault of the broker")
    }
  }
}

/// Why a transaction was taken back.
enum SQLFailure: Error {
  /// Its body threw this.
  case refused(Refusal)
  case fault(SQLFault)
}
