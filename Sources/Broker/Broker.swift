import ConnectionService
import Primitives

/// The rules of the connection service (CS-20 to CS-27) over a store.
///
/// Has no state of its own: several brokers on one store are one broker to everybody else, and one
/// that is started again goes on where it was. Every method is one transaction, or says that it is
/// several; it blocks as long as the store does, and throws `storeUnavailable` when the store cannot
/// be reached.
public struct Broker<StoreType: Store>: Sendable {
  /// What devices' attachments and events call this broker.
  public let name: Name
  public let store: StoreType
  public let policy: BrokerPolicy

  public init(name: Name, store: StoreType, policy: BrokerPolicy) {
    self.name = name
    self.store = store
    self.policy = policy
  }

  /// Runs one transaction, and appends the events that it recorded at its end.
  func transact<Result>(
    _ body: (Work) throws(Refusal) -> Result
  ) throws(Refusal) -> Result {
    try store.transact { (rows) throws(Refusal) -> Result in
      let work = Work(rows: rows, now: try rows.now(), broker: name, policy: policy)
      let result = try body(work)
      try work.appendEvents()
      return result
    }
  }
}
