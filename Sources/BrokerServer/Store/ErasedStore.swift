import Broker
import ConnectionService

/// Any store, so that the server is one type whatever the database.
struct ErasedStore: Store {
  let base: any Store

  func transact<Result>(
    _ body: (any StoreTransaction) throws(Refusal) -> Result
  ) throws(Refusal) -> Result {
    try base.transact(body)
  }
}

/// The broker that is served.
typealias ServedRules = Broker<ErasedStore>
