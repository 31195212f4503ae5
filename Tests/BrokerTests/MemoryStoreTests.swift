import ConnectionService
import Primitives
import Testing

@testable import Broker

@Suite(.timeLimit(.minutes(5))) struct MemoryStoreTests {
  @Test func aTransactionThatThrowsLeavesNoTrace() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let id = try stage.open(device).id
    let events = try stage.events()
    let live = try stage.live(device)
    #expect(
      code {
        try stage.store.transact { (rows) throws(Refusal) in
          var record = live[0]
          record.view.phase = .closed
          try rows.update(record)
          _ = try rows.insert(
            NewCommand(
              product: device.product, action: .closeAll(reason: .closeAll),
              createdAt: stage.store.clock, actor: "x"))
          var head = ServiceEvent(.connectionClosed, actor: "x")
          head.sequence = UInt64(events.count) + 1
          try rows.append(head)
          throw .tunnelClosing
        }
      } == .tunnelClosing)
    #expect(try stage.live(device) == live)
    #expect(try stage.events() == events)
    #expect(try stage.commands(device).isEmpty)
    _ = try stage.broker.close(id, key: nil, by: stage.ann)
    let next = try #require(try stage.commands(device).first).id
    #expect(next == 2, "numbers of what was taken back are given again")
  }

  @Test func aTakenSlotIsRefused() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let id = try stage.connect(device).id
    let first = try stage.live(device)[0]
    var second = first
    second.view = ConnectionView(
      id: ConnectionID(using: &stage.random), productID: device.product, user: stage.ann.user,
      phase: .requested, requestedAt: stage.store.clock)
    let taken = second
    #expect(
      code { try stage.store.transact { (rows) throws(Refusal) in try rows.insert(taken) } }
        == .connectionLimit)
    #expect(try stage.live(device).map(\.view.id) == [id])
  }

  @Test func aFailureHappensAtItsCallAndOnce() throws {
    let store = MemoryStore(clock: Timestamp(milliseconds: 7))
    store.failure = .atCall(2)
    let twice = { () throws(Refusal) -> Timestamp in
      try store.transact { (rows) throws(Refusal) in
        _ = try rows.now()
        return try rows.now()
      }
    }
    #expect(code { try twice() } == .storeUnavailable)
    #expect(try twice() == Timestamp(milliseconds: 7))
    store.failure = .afterCommit
    #expect(code { try twice() } == .storeUnavailable)
    #expect(store.failure == nil)
    store.failure = .unreachable
    #expect(code { try twice() } == .storeUnavailable)
    #expect(store.failure == .unreachable)
  }
}
