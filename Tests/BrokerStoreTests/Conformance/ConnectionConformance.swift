import Broker
import ConnectionService
import Testing

@Suite("Every store keeps connections", .timeLimit(.minutes(5)))
struct ConnectionConformance {
  /// A store with the devices `pump` and `valve`.
  private func storeWithDevices(_ engine: TestStore.Engine) throws -> TestStore {
    let store = try TestStore(engine)
    let devices = [try Samples.device("pump"), try Samples.device("valve")]
    try store { rows throws(Refusal) in
      for device in devices { try rows.insert(device) }
    }
    return store
  }

  @Test(arguments: TestStore.Engine.allCases)
  func aConnectionKeepsEveryField(_ engine: TestStore.Engine) throws {
    let store = try storeWithDevices(engine)
    var connection = try Samples.connection(1, slot: 10, phase: .requested)
    connection.answerDueAt = Samples.time(60_000)
    connection.view.note = "it's \"urgent\" 🚒\n; DROP TABLE connections; -- $1"
    connection.operatorVPNUser = "ännchen"
    try store { rows throws(Refusal) in try rows.insert(connection) }
    let fresh = try store { rows throws(Refusal) in try rows.connection(connection.view.id) }
    #expect(fresh == connection)

    connection.view.phase = .closed
    connection.view.upAt = Samples.time(.max)
    connection.view.closedAt = Samples.time(.min)
    connection.view.vpnAddress = "10.99.0.7"
    connection.view.tunnel = try Samples.tunnelID("0123456789abcdef")
    connection.view.inactivitySeconds = .min
    connection.view.inactivityWasClamped = true
    connection.view.reason = .deadPeer
    connection.view.closedBy = "supervisor"
    connection.view.failure = Refusal(
      .establishmentFailed, "no answer", cause: "it's off", nextStep: "switch it on",
      reason: .retriesExhausted)
    connection.answerDueAt = nil
    try store { rows throws(Refusal) in try rows.update(connection) }
    let changed = try store { rows throws(Refusal) in try rows.connection(connection.view.id) }
    #expect(changed == connection)
    let unknown = try Samples.connectionID(2)
    let none = try store { rows throws(Refusal) in try rows.connection(unknown) }
    #expect(none == nil)
  }

  @Test(arguments: TestStore.Engine.allCases)
  func badInput60TheEleventhConnectionFindsNoSlot(_ engine: TestStore.Engine) throws {
    let store = try storeWithDevices(engine)
    let ten = try (1...10).map { try Samples.connection($0, slot: $0, phase: .requested) }
    let eleventh = try Samples.connection(11, slot: 10)
    let elsewhere = try Samples.connection(12, of: "valve", slot: 10)
    try store { rows throws(Refusal) in
      for connection in ten.reversed() { try rows.insert(connection) }
    }
    #expect(
      store.refusal { rows throws(Refusal) in try rows.insert(eleventh) } == .connectionLimit)
    try store { rows throws(Refusal) in try rows.insert(elsewhere) }
    let live = try store { rows throws(Refusal) in
      try rows.liveConnections(of: ten[0].view.productID)
    }
    #expect(live == ten)
  }

  @Test(arguments: TestStore.Engine.databases)
  func cs3And27NoSlotBeyondTheTenExists(_ engine: TestStore.Engine) throws {
    let store = try storeWithDevices(engine)
    for slot in [0, 11, .max] {
      let connection = try Samples.connection(1, slot: slot)
      #expect(
        store.refusal { rows throws(Refusal) in try rows.insert(connection) } == .internalError)
    }
  }

  @Test(arguments: TestStore.Engine.allCases)
  func aClosedConnectionFreesItsSlotAndAClosingOneDoesNot(_ engine: TestStore.Engine) throws {
    let store = try storeWithDevices(engine)
    var first = try Samples.connection(1, slot: 4)
    let second = try Samples.connection(2, slot: 4)
    try store { rows throws(Refusal) in try rows.insert(first) }
    first.view.phase = .closing
    try store { rows throws(Refusal) in try rows.update(first) }
    #expect(store.refusal { rows throws(Refusal) in try rows.insert(second) } == .connectionLimit)
    first.view.phase = .closed
    try store { rows throws(Refusal) in
      try rows.update(first)
      try rows.insert(second)
    }
    let live = try store { rows throws(Refusal) in
      try rows.liveConnections(of: second.view.productID)
    }
    #expect(live == [second])
  }

  @Test(arguments: TestStore.Engine.allCases)
  func connectionsAreListedNewestFirstWithEveryFilterAndPaged(
    _ engine: TestStore.Engine
  ) throws {
    let store = try storeWithDevices(engine)
    var all: [ConnectionRecord] = []
    for number in 1...12 {
      var connection = try Samples.connection(
        number, of: number.isMultiple(of: 2) ? "valve" : "pump", slot: (number + 1) / 2,
        user: number.isMultiple(of: 3) ? "bob" : "ann")
      if number > 6 {
        connection.view.phase = .closed
        connection.view.reason = number.isMultiple(of: 2) ? .inactivity : .requested
      }
      all.append(connection)
    }
    let foreign = try Samples.connection(99, slot: 9, organisation: "other")
    try store { rows throws(Refusal) in
      for connection in all + [foreign] { try rows.insert(connection) }
    }
    let newest = Array(all.reversed())

    func list(_ change: (inout ConnectionQuery) throws -> Void) throws -> [ConnectionRecord] {
      var query = ConnectionQuery(organisation: try Samples.name("acme"), limit: 100)
      try change(&query)
      let asked = query
      return try store { rows throws(Refusal) in try rows.connections(asked) }
    }
    let (valve, bob) = (try Samples.product("valve"), try Samples.name("bob"))
    #expect(try list { _ in } == newest)
    #expect(try list { $0.product = valve } == newest.filter { $0.view.productID == valve })
    #expect(try list { $0.user = bob } == newest.filter { $0.view.user == bob })
    #expect(try list { $0.reason = .inactivity } == newest.filter { $0.view.reason == .inactivity })
    #expect(try list { $0.live = true } == Array(newest.suffix(6)))
    #expect(try list { $0.live = false } == Array(newest.prefix(6)))
    let narrow = try list {
      $0.product = valve
      $0.user = bob
      $0.reason = .inactivity
      $0.live = false
      $0.after = newest[0].view.id
    }
    #expect(narrow.isEmpty)

    var paged: [ConnectionRecord] = []
    while true {
      let page = try list {
        $0.limit = 5
        $0.after = paged.last?.view.id
      }
      guard !page.isEmpty else { break }
      paged += page
    }
    #expect(paged == newest)
  }

  /// Where a foreign one stands among ours would tell that it is there, and since when.
  @Test(arguments: TestStore.Engine.allCases)
  func nothingFollowsAConnectionThatIsUnknownOrForeign(_ engine: TestStore.Engine) throws {
    let store = try storeWithDevices(engine)
    let ours = try Samples.connection(1, slot: 1)
    let foreign = try Samples.connection(2, slot: 2, organisation: "other")
    let unknown = try Samples.connection(3, slot: 3).view.id
    try store { rows throws(Refusal) in
      for connection in [ours, foreign] { try rows.insert(connection) }
    }
    for after in [foreign.view.id, unknown] {
      var query = ConnectionQuery(organisation: try Samples.name("acme"), limit: 10)
      query.after = after
      let asked = query
      let found = try store { rows throws(Refusal) in try rows.connections(asked) }
      #expect(found.isEmpty)
    }
  }

  @Test(arguments: TestStore.Engine.allCases)
  func overdueAnswersAreFoundByDevice(_ engine: TestStore.Engine) throws {
    let store = try storeWithDevices(engine)
    var late = [
      try Samples.connection(1, slot: 1, phase: .requested),
      try Samples.connection(2, slot: 2, phase: .closing),
      try Samples.connection(3, of: "valve", phase: .requested),
    ]
    for index in late.indices { late[index].answerDueAt = Samples.time(Int64(index) * 10 + 10) }
    let waiting = late
    let calm = try Samples.connection(4, of: "valve", slot: 2)
    try store { rows throws(Refusal) in
      for connection in waiting + [calm] { try rows.insert(connection) }
    }
    func overdue(at time: Int64, limit: Int = 10) throws -> [String] {
      try store { rows throws(Refusal) in
        try rows.productsWithConnections(overdueAt: Samples.time(time), limit: limit)
      }.map(\.text)
    }
    #expect(try overdue(at: 9) == [])
    #expect(try overdue(at: 10) == ["pump"])
    #expect(try overdue(at: 30) == ["pump", "valve"])
    #expect(try overdue(at: 30, limit: 1) == ["pump"])
  }

  @Test(arguments: TestStore.Engine.allCases)
  func connectionsThatAreUpAreGranted(_ engine: TestStore.Engine) throws {
    let store = try storeWithDevices(engine)
    let phases: [ConnectionView.Phase] = [.up, .requested, .closing, .closed, .up]
    let connections = try phases.enumerated().map { index, phase in
      try Samples.connection(
        9 - index, slot: index + 1, phase: phase, organisation: index == 4 ? "other" : "acme")
    }
    try store { rows throws(Refusal) in
      for connection in connections { try rows.insert(connection) }
    }
    let granted = try store { rows throws(Refusal) in try rows.grantedConnections() }
    #expect(granted == [connections[4], connections[0]])
  }
}
