import Broker
import ConnectionService
import Foundation
import Programs
import Testing

@testable import BrokerStore

/// A new, empty store of one kind; what it was made of goes with it.
final class TestStore: Sendable {
  enum Engine: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case memory, sqlite, postgreSQL
    var testDescription: String { rawValue }

    /// Those that several threads and programs may use.
    static let databases: [Engine] = [.sqlite, .postgreSQL]
  }

  let store: any Store
  /// Where it can be opened a second time; `nil` in memory.
  let location: StoreLocation?
  private let folder: TemporaryFolder?

  init(_ engine: Engine) throws {
    switch engine {
    case .memory:
      store = MemoryStore(clock: Timestamp(milliseconds: 1_000_000))
      location = nil
      folder = nil
    case .sqlite:
      let folder = try TemporaryFolder()
      let location = StoreLocation.sqlite(path: folder.file("broker.sqlite"))
      store = try openStore(location)
      self.location = location
      self.folder = folder
    case .postgreSQL:
      let location = StoreLocation.postgreSQL(
        conninfo: try TestPostgreSQL.shared.makeDatabase())
      store = try openStore(location)
      self.location = location
      folder = nil
    }
  }

  /// One transaction.
  @discardableResult
  func callAsFunction<Result>(
    _ body: (any StoreTransaction) throws(Refusal) -> Result
  ) throws(Refusal) -> Result {
    try store.transact(body)
  }

  /// The code that a transaction is refused with; `nil` when it happens.
  func refusal<Result>(
    _ body: (any StoreTransaction) throws(Refusal) -> Result
  ) -> Refusal.Code? {
    do throws(Refusal) {
      _ = try store.transact(body)
      return nil
    } catch {
      return error.code
    }
  }
}
