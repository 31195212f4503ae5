import Broker
import ConnectionService
import Foundation
import Testing

@testable import BrokerStore

@Suite("A pump is woken when events or commands come", .timeLimit(.minutes(5)))
struct WakeUpTests {
  private func opened(_ engine: TestStore.Engine) throws -> (TestStore, SQLStore) {
    let test = try TestStore(engine)
    let store = try #require(test.store as? SQLStore)
    // The first wait on PostgreSQL begins to listen, and says so.
    _ = store.waitForChange(timeout: .zero)
    return (test, store)
  }

  @Test(arguments: TestStore.Engine.databases)
  func aSignBeforeTheWaitCounts(_ engine: TestStore.Engine) throws {
    let (_, store) = try opened(engine)
    try store.transact { rows throws(Refusal) in try rows.appendNext() }
    #expect(store.waitForChange(timeout: .seconds(30)))
    #expect(!store.waitForChange(timeout: .milliseconds(1)))
  }

  @Test(arguments: TestStore.Engine.databases)
  func aSignDuringTheWaitEndsIt(_ engine: TestStore.Engine) throws {
    let (_, store) = try opened(engine)
    let device = try Samples.device("pump")
    let command = NewCommand(
      product: device.product, action: .closeAll(reason: .closeAll), createdAt: Samples.time(1),
      actor: "ann")
    Thread.detachNewThread {
      _ = try? store.transact { rows throws(Refusal) in
        try rows.insert(device)
        return try rows.insert(command)
      }
    }
    #expect(store.waitForChange(timeout: .seconds(30)))
  }

  @Test(arguments: TestStore.Engine.databases)
  func whatIsTakenBackOrIsNoNewsWakesNobody(_ engine: TestStore.Engine) throws {
    let (test, store) = try opened(engine)
    let device = try Samples.device("pump")
    let code = test.refusal { rows throws(Refusal) in
      try rows.appendNext()
      throw Refusal(.policyRefused, "a", cause: "b", nextStep: "c")
    }
    #expect(code == .policyRefused)
    try store.transact { rows throws(Refusal) in try rows.insert(device) }
    #expect(!store.waitForChange(timeout: .milliseconds(20)))
  }

  @Test func onPostgreSQLOneBrokerWakesAnother() throws {
    let (test, store) = try opened(.postgreSQL)
    let other = try openStore(try #require(test.location))
    try other.transact { rows throws(Refusal) in try rows.appendNext() }
    #expect(store.waitForChange(timeout: .seconds(30)))
  }
}
