import ConnectionService

/// A store in memory, for the simulation and for tests: one thread at a time, the same order always.
public final class MemoryStore: Store {
  /// How the store fails, as a database does that is out of reach.
  public enum Failure: Hashable, Sendable {
    /// Every transaction, at its beginning.
    case unreachable
    /// The next transaction that makes as many calls, at that call (1 is the first); it is taken
    /// back.
    case atCall(Int)
    /// The next transaction, after it has happened: nobody hears that it did.
    case afterCommit
  }

  private nonisolated(unsafe) let rows: MemoryRows

  /// - Parameter clock: what ``StoreTransaction/now()`` tells until it is set.
  public init(clock: Timestamp = Timestamp(milliseconds: 0)) {
    unsafe rows = MemoryRows(clock: clock)
  }

  public var clock: Timestamp {
    get { unsafe rows.clock }
    set { unsafe rows.clock = newValue }
  }

  /// `nil` while all is well; ``Failure/atCall(_:)`` and ``Failure/afterCommit`` happen once.
  public var failure: Failure? {
    get { unsafe rows.failure }
    set { unsafe rows.failure = newValue }
  }

  public func transact<Result>(
    _ body: (any StoreTransaction) throws(Refusal) -> Result
  ) throws(Refusal) -> Result {
    let rows = unsafe rows
    try rows.begin()
    let result: Result
    do {
      result = try body(rows)
    } catch {
      rows.rollBack()
      throw error
    }
    try rows.commit()
    return result
  }
}
