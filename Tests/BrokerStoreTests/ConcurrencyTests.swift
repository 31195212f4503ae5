import Broker
import ConnectionService
import Foundation
import Programs
import Synchronization
import Testing

@testable import BrokerStore

@Suite("Transactions at the same time", .timeLimit(.minutes(5)))
struct ConcurrencyTests {
  @Test(arguments: TestStore.Engine.databases)
  func theHeadsLockMakesEventsGaplessUnderFourWriters(_ engine: TestStore.Engine) throws {
    let store = try TestStore(engine)
    try onThreads(4) { writer in
      for _ in 0..<25 {
        try store { rows throws(Refusal) in try rows.appendNext(actor: "writer \(writer)") }
      }
    }
    let events = try store { rows throws(Refusal) in try rows.everyEvent() }
    #expect(events.map(\.sequence) == Array(1...100))
    for (former, event) in zip(events, events.dropFirst()) {
      #expect(event.previousHash == former.hash)
    }
    #expect(Set(events.map(\.actor)).count == 4)
  }

  @Test(arguments: TestStore.Engine.databases)
  func twoTransactionsOnOneDeviceHappenOneAfterTheOther(_ engine: TestStore.Engine) throws {
    let store = try TestStore(engine)
    let device = try Samples.device("pump")
    try store { rows throws(Refusal) in try rows.insert(device) }
    try onThreads(4) { _ in
      for _ in 0..<25 {
        try store { rows throws(Refusal) in
          guard var device = try rows.device(device.product, locking: true) else { return }
          device.epoch += 1
          try rows.update(device)
        }
      }
    }
    let found = try store { rows throws(Refusal) in
      try rows.device(device.product, locking: false)
    }
    #expect(found?.epoch == 100)
  }

  @Test(arguments: TestStore.Engine.databases)
  func badInput61OfTwentyRequestsForTenSlotsTenSucceed(_ engine: TestStore.Engine) throws {
    let store = try TestStore(engine)
    let device = try Samples.device("pump")
    try store { rows throws(Refusal) in try rows.insert(device) }
    let limits = Atomic(0)
    try onThreads(20) { number in
      let id = try Samples.connectionID(number)
      var connection = try Samples.connection(number, phase: .requested)
      connection.view.id = id
      for slot in 1...10 {
        connection.slot = slot
        let asked = connection
        switch store.refusal({ rows throws(Refusal) in try rows.insert(asked) }) {
        case nil: return
        case .connectionLimit: continue
        case let code?: throw TestPostgreSQL.Problem(description: "\(code)")
        }
      }
      limits.add(1, ordering: .relaxed)
    }
    let live = try store { rows throws(Refusal) in try rows.liveConnections(of: device.product) }
    #expect(live.map(\.slot) == Array(1...10))
    #expect(limits.load(ordering: .relaxed) == 10)
  }

  @Test(arguments: TestStore.Engine.databases)
  func oneIdempotencyKeyIsTakenByOneOfTwoAtOnce(_ engine: TestStore.Engine) throws {
    let store = try TestStore(engine)
    let taken = Atomic(0)
    let conflicts = Atomic(0)
    try onThreads(4) { number in
      let record = IdempotencyRecord(
        key: IdempotencyKey(tokenID: "tok", key: "k"), requestDigest: Samples.digest(UInt8(number)),
        connection: nil, createdAt: Samples.time(1))
      switch store.refusal({ rows throws(Refusal) in try rows.insert(record) }) {
      case nil: taken.add(1, ordering: .relaxed)
      case .idempotencyConflict: conflicts.add(1, ordering: .relaxed)
      case let code?: throw TestPostgreSQL.Problem(description: "\(code)")
      }
    }
    #expect(taken.load(ordering: .relaxed) == 1)
    #expect(conflicts.load(ordering: .relaxed) == 3)
  }

  @Test func onPostgreSQLADeadlockIsTriedAgainAndBothHappen() throws {
    let store = try TestStore(.postgreSQL)
    let devices = [try Samples.device("pump"), try Samples.device("valve")]
    try store { rows throws(Refusal) in
      for device in devices { try rows.insert(device) }
    }
    let attempts = Atomic(0)
    let bothHoldOne = DispatchGroup()
    bothHoldOne.enter()
    bothHoldOne.enter()
    let arrived = Mutex<Set<Int>>([])
    try onThreads(2) { number in
      let order = number == 0 ? devices : devices.reversed()
      try store { rows throws(Refusal) in
        attempts.add(1, ordering: .relaxed)
        for (step, device) in order.enumerated() {
          guard var locked = try rows.device(device.product, locking: true) else { return }
          locked.epoch += 1
          try rows.update(locked)
          if step == 0, arrived.withLock({ $0.insert(number).inserted }) {
            bothHoldOne.leave()
            bothHoldOne.wait()
          }
        }
      }
    }
    let epochs = try store { rows throws(Refusal) in
      [
        try rows.device(devices[0].product, locking: false)?.epoch,
        try rows.device(devices[1].product, locking: false)?.epoch,
      ]
    }
    #expect(epochs == [2, 2])
    #expect(attempts.load(ordering: .relaxed) >= 3)
  }

  @Test(arguments: TestStore.Engine.databases)
  func twoBrokersThatStartAtOnceMakeTheSchemaOnce(_ engine: TestStore.Engine) throws {
    let folder = try TemporaryFolder()
    let location: StoreLocation =
      switch engine {
      case .memory, .sqlite: .sqlite(path: folder.file("new.sqlite"))
      case .postgreSQL: .postgreSQL(conninfo: try TestPostgreSQL.shared.makeDatabase())
      }
    let device = try Samples.device("pump")
    try onThreads(4) { number in
      let store = try openStore(location)
      guard number == 0 else { return }
      try store.transact { rows throws(Refusal) in try rows.insert(device) }
    }
    let found = try openStore(location).transact { rows throws(Refusal) in
      try rows.device(device.product, locking: false)
    }
    #expect(found == device)
  }
}
