import Broker
import ConnectionService
import Testing

@testable import BrokerStore

@Suite("In every store a transaction happens whole or not at all", .timeLimit(.minutes(5)))
struct TransactionConformance {
  @Test(arguments: TestStore.Engine.allCases)
  func whatABodyThrowsIsPassedOnAndNothingIsLeft(_ engine: TestStore.Engine) throws {
    let store = try TestStore(engine)
    let device = try Samples.device("pump")
    let token = try Samples.token("tok-1", hash: 1)
    let connection = try Samples.connection(1)
    let webhook = WebhookRecord(
      view: WebhookView(
        id: "w", url: "https://a", createdAt: Samples.time(1), deliveredSequence: 0),
      organisation: try Samples.name("acme"), secret: "s", dueAt: Samples.time(1))
    let key = IdempotencyRecord(
      key: IdempotencyKey(tokenID: "tok-1", key: "k"), requestDigest: Samples.digest(1),
      connection: nil, createdAt: Samples.time(1))
    let command = NewCommand(
      product: device.product, action: .closeAll(reason: .closeAll), createdAt: Samples.time(1),
      actor: "ann")
    let refusal = Refusal(.policyRefused, "a", cause: "b", nextStep: "c")
    #expect(throws: refusal) {
      try store { rows throws(Refusal) in
        try rows.insert(device)
        try rows.insert(token)
        try rows.insert(connection)
        try rows.insert(webhook)
        try rows.insert(key)
        _ = try rows.insert(command)
        try rows.appendNext()
        throw refusal
      }
    }
    try store { rows throws(Refusal) in
      let left: [Bool] = [
        try rows.device(device.product, locking: true) == nil, try rows.tokenCount() == 0,
        try rows.connection(connection.view.id) == nil,
        try rows.liveConnections(of: device.product).isEmpty,
        try rows.webhook(id: "w") == nil, try rows.idempotency(key.key) == nil,
        try rows.commands(of: device.product, limit: 1).isEmpty,
        try rows.lockEventHead() == nil, try rows.everyEvent().isEmpty,
      ]
      #expect(left == Array(repeating: true, count: left.count))
      // Numbers that were taken back are given again.
      try rows.insert(device)
      #expect(try rows.insert(command) == 1)
      try rows.appendNext()
    }
  }

  @Test(arguments: TestStore.Engine.databases)
  func aFailedStatementCannotBeCommittedAround(_ engine: TestStore.Engine) throws {
    let store = try TestStore(engine)
    let device = try Samples.device("pump")
    let impossible = try Samples.connection(1, slot: 11)
    let code = store.refusal { rows throws(Refusal) in
      try rows.insert(device)
      do throws(Refusal) {
        try rows.insert(impossible)
      } catch {}
    }
    #expect(code == .internalError)
    let left = try store { rows throws(Refusal) in
      try rows.device(device.product, locking: false)
    }
    #expect(left == nil)
  }

  @Test(arguments: TestStore.Engine.databases)
  func aTextWithNULIsRefused(_ engine: TestStore.Engine) throws {
    let store = try TestStore(engine)
    var device = try Samples.device("pump")
    device.name = "a\u{0}b"
    let asked = device
    #expect(store.refusal { rows throws(Refusal) in try rows.insert(asked) } == .badRequest)
    #expect(
      store.refusal { rows throws(Refusal) in try rows.token(id: "\u{0}") } == .badRequest)
  }

  @Test(arguments: TestStore.Engine.databases)
  func theClockIsTheCalendarsAndNeverGoesBack(_ engine: TestStore.Engine) throws {
    let store = try TestStore(engine)
    let times = try store { rows throws(Refusal) in [try rows.now(), try rows.now()] }
    #expect(times[0] <= times[1])
    #expect(times[0].text > "2025")
    #expect(times[0].text < "2100")
  }

  @Test(arguments: TestStore.Engine.databases)
  func aStoreThatIsOpenedAgainHasEverything(_ engine: TestStore.Engine) throws {
    let store = try TestStore(engine)
    let device = try Samples.device("pump")
    try store { rows throws(Refusal) in
      try rows.insert(device)
      try rows.appendNext()
    }
    let again = try openStore(try #require(store.location))
    let (found, head) = try again.transact { rows throws(Refusal) in
      (try rows.device(device.product, locking: false), try rows.lockEventHead())
    }
    #expect(found == device)
    #expect(head?.sequence == 1)
  }
}
