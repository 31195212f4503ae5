import Broker
import ConnectionService
import Synchronization
import Testing

@testable import BrokerStore

/// Commands and webhooks while several ask for them: each is given to somebody, and none is lost from
/// sight because somebody else was at it a moment ago.
@Suite("Queues at the same time", .timeLimit(.minutes(5)))
struct QueueTests {
  /// A device with three commands, and webhooks that are due.
  private func fill(_ store: TestStore, webhooks: [String]) throws -> DeviceRecord {
    var device = try Samples.device("pump")
    device.epoch = 1
    let command = NewCommand(
      product: device.product, action: .closeAll(reason: .closeAll), createdAt: Samples.time(1),
      actor: "ann")
    let records = try webhooks.map { id in
      WebhookRecord(
        view: WebhookView(
          id: id, url: "https://a", createdAt: Samples.time(1), deliveredSequence: 0),
        organisation: try Samples.name("acme"), secret: "s", dueAt: Samples.time(1))
    }
    let made = device
    try store { rows throws(Refusal) in
      try rows.insert(made)
      for record in records { try rows.insert(record) }
      for _ in 1...3 { _ = try rows.insert(command) }
    }
    return device
  }

  @Test func onPostgreSQLWhatAnotherTransactionHoldsIsPassedOver() throws {
    let store = try TestStore(.postgreSQL)
    let device = try fill(store, webhooks: ["a", "b"])
    // The second transaction runs inside the first one's body, on a connection of its own.
    try store { outer throws(Refusal) in
      let held = try outer.webhook(dueAt: Samples.time(1))
      let commands = try outer.commands(of: device.product, limit: 2)
      #expect(held?.view.id == "a")
      #expect(commands.map(\.id) == [1, 2])
      try store { inner throws(Refusal) in
        let next = try inner.webhook(dueAt: Samples.time(1))
        let free = try inner.commands(of: device.product, limit: 10)
        #expect(next?.view.id == "b")
        #expect(free.map(\.id) == [3])
      }
    }
    let after = try store { rows throws(Refusal) in
      try rows.commands(of: device.product, limit: 10)
    }
    #expect(after.map(\.id) == [1, 2, 3])
  }

  @Test func onPostgreSQLWhatATransactionHeldIsFreeWhenItHasEnded() throws {
    let store = try TestStore(.postgreSQL)
    let device = try fill(store, webhooks: ["a"])
    for _ in 0..<20 {
      try store { outer throws(Refusal) in
        // It changes nothing, and ends before the outer one looks, which has a connection of its own.
        try store { inner throws(Refusal) in
          #expect(try inner.commands(of: device.product, limit: 10).count == 3)
          #expect(try inner.webhook(dueAt: Samples.time(1)) != nil)
        }
        #expect(try outer.commands(of: device.product, limit: 10).map(\.id) == [1, 2, 3])
        #expect(try outer.webhook(dueAt: Samples.time(1))?.view.id == "a")
      }
    }
  }

  /// A stream is told to look once: a command that it did not see then would wait for the next stream.
  @Test(arguments: TestStore.Engine.databases)
  func cs27NoCommandIsPassedOverWhileOthersAskForIt(_ engine: TestStore.Engine) throws {
    let store = try TestStore(engine)
    let device = try fill(store, webhooks: [])
    let broker = Broker(
      name: try Samples.name("east"), store: AnyStore(base: store.store), policy: BrokerPolicy())
    try onThreads(4) { _ in
      for _ in 0..<25 {
        let commands = try broker.commands(for: device.product, epoch: 1)
        #expect(commands.map(\.id) == [1, 2, 3])
      }
    }
  }

  @Test(arguments: TestStore.Engine.databases)
  func cs27EveryEventReachesTheWebhookOnceThoughFourAskForIt(_ engine: TestStore.Engine) throws {
    let store = try TestStore(engine)
    _ = try fill(store, webhooks: ["a"])
    let acme = try Samples.name("acme")
    try store { rows throws(Refusal) in
      for _ in 0..<20 { try rows.appendNext(organisation: acme) }
    }
    let broker = Broker(
      name: try Samples.name("east"), store: AnyStore(base: store.store), policy: BrokerPolicy())
    let delivered = Mutex<[UInt64]>([])
    try onThreads(4) { _ in
      // It rests for a second when there is nothing: so long is asked in vain at most.
      while delivered.withLock({ $0.count }) < 20 {
        guard let delivery = try broker.nextDelivery() else { continue }
        delivered.withLock { $0.append(delivery.event.sequence) }
        try broker.delivered(delivery)
      }
    }
    #expect(delivered.withLock { $0 } == Array(1...20))
  }
}

/// Any store, as the broker's rules want one.
private struct AnyStore: Store {
  let base: any Store

  func transact<Result>(
    _ body: (any StoreTransaction) throws(Refusal) -> Result
  ) throws(Refusal) -> Result {
    try base.transact(body)
  }
}
