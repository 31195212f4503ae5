import Broker
import ConnectionService
import Testing

@Suite("Every store keeps devices and their commands", .timeLimit(.minutes(5)))
struct DeviceConformance {
  @Test(arguments: TestStore.Engine.allCases)
  func aDeviceKeepsEveryField(_ engine: TestStore.Engine) throws {
    let store = try TestStore(engine)
    var device = try Samples.device("pump")
    try store { rows throws(Refusal) in try rows.insert(device) }
    let fresh = try store { rows throws(Refusal) in
      try rows.device(device.product, locking: false)
    }
    #expect(fresh == device)

    device.name = "Pump 'seven'; \"--\" \\ % _ 🚒 Ünï\u{301} $1 ?1"
    device.epoch = .max
    device.histories = HistoryCounts(unnamed: UInt64(Int64.max) + 1)
    device.histories.set(.max, of: HistoryID("h-0123456789abcdef"))
    device.histories.set(1, of: HistoryID("h-zzzzzzzzzzzzzzzz"))
    device.attachment = DeviceRecord.Attachment(
      broker: try Samples.name(String(repeating: "b", count: 64)), attachedAt: Samples.time(1),
      leaseUntil: Samples.time(2),
      instance: AgentInstance(String(repeating: "i", count: AgentInstance.charactersMax)))
    device.state = DeviceState(
      phase: .up,
      tunnel: TunnelState(
        id: try Samples.tunnelID("0123456789abcdef"), vpnAddress: "10.99.0.7",
        upSince: Samples.time(3), inactivitySeconds: 1200, inactivityLeftSeconds: 7,
        receivedBytes: .max, sentBytes: 0),
      connections: [try Samples.connectionID(1)])
    device.reportedAt = Samples.time(.min)
    try store { rows throws(Refusal) in try rows.update(device) }
    let changed = try store { rows throws(Refusal) in
      try rows.device(device.product, locking: true)
    }
    #expect(changed == device)
  }

  @Test(arguments: TestStore.Engine.allCases)
  func aProductIDIsTakenOnceAndComesBackOnlyToItsOrganisation(_ engine: TestStore.Engine) throws {
    let store = try TestStore(engine)
    var device = try Samples.device("pump")
    let foreign = try Samples.device("pump", organisation: "other")
    try store { rows throws(Refusal) in try rows.insert(device) }
    #expect(store.refusal { rows throws(Refusal) in try rows.insert(device) } == .productIDTaken)
    #expect(store.refusal { rows throws(Refusal) in try rows.insert(foreign) } == .productIDTaken)
    device.removedAt = Samples.time(9)
    try store { rows throws(Refusal) in try rows.update(device) }
    #expect(store.refusal { rows throws(Refusal) in try rows.insert(foreign) } == .productIDTaken)
    var again = try Samples.device("pump")
    again.name = "Back again"
    again.histories.set(5, of: HistoryID("h-0123456789abcdef"))
    try store { rows throws(Refusal) in try rows.insert(again) }
    let found = try store { rows throws(Refusal) in
      try rows.device(again.product, locking: false)
    }
    #expect(found == again)
  }

  @Test(arguments: TestStore.Engine.allCases)
  func aRefusedInsertLeavesTheTransactionUsable(_ engine: TestStore.Engine) throws {
    let store = try TestStore(engine)
    let device = try Samples.device("pump")
    let other = try Samples.device("valve")
    try store { rows throws(Refusal) in try rows.insert(device) }
    try store { rows throws(Refusal) in
      do throws(Refusal) { try rows.insert(device) } catch {}
      try rows.insert(other)
    }
    let found = try store { rows throws(Refusal) in
      try rows.device(other.product, locking: false)
    }
    #expect(found == other)
  }

  @Test(arguments: TestStore.Engine.allCases)
  func devicesArePagedInByteOrderWithoutRemovedAndForeignOnes(_ engine: TestStore.Engine) throws {
    let store = try TestStore(engine)
    let products = ["0-a", "10", "9", "Z", "a", "a-b", "a.b", "aB", "a_b", "ab", "b"]
    let devices = try products.map { try Samples.device($0) }
    var removed = try Samples.device("a-gone")
    removed.removedAt = Samples.time(1)
    let others = [removed, try Samples.device("a-foreign", organisation: "other")]
    try store { rows throws(Refusal) in
      for device in devices.reversed() + others { try rows.insert(device) }
    }
    let acme = try Samples.name("acme")
    var found: [String] = []
    var after: ProductID?
    repeat {
      let page = try store { rows throws(Refusal) in
        try rows.devices(of: acme, matching: nil, after: after, limit: 4)
      }
      found += page.map(\.product.text)
      after = page.last?.product
    } while after != nil
    #expect(found == products)
  }

  @Test(arguments: TestStore.Engine.allCases)
  func leasesThatAreOverAreFound(_ engine: TestStore.Engine) throws {
    let store = try TestStore(engine)
    let leases: [(String, Int64)] = [("a", 10), ("b", 20), ("c", 30), ("d", 40)]
    let devices = try leases.map { product, until in
      var device = try Samples.device(product)
      device.attachment = DeviceRecord.Attachment(
        broker: try Samples.name("broker"), attachedAt: Samples.time(1),
        leaseUntil: Samples.time(until), instance: nil)
      return device
    }
    let detached = try Samples.device("e")
    try store { rows throws(Refusal) in
      for device in devices + [detached] { try rows.insert(device) }
    }
    let found = try store { rows throws(Refusal) in
      try rows.devicesWithLease(before: Samples.time(30), limit: 10)
    }
    let one = try store { rows throws(Refusal) in
      try rows.devicesWithLease(before: Samples.time(30), limit: 1)
    }
    #expect(found.map(\.text) == ["a", "b", "c"])
    #expect(one.map(\.text) == ["a"])
  }

  @Test(arguments: TestStore.Engine.allCases)
  func commandsCountUpForEachDeviceAndNoNumberIsUsedTwice(_ engine: TestStore.Engine) throws {
    let store = try TestStore(engine)
    let (pump, valve) = (try Samples.device("pump"), try Samples.device("valve"))
    let order = ConnectOrder(
      connection: try Samples.connectionID(1), organisation: try Samples.name("acme"),
      user: try Samples.name("ann"),
      parameters: VPNParameters(
        credentials: .given(
          GivenCredentials(preSharedKey: "p'\"\\", user: "u", password: "\u{0}🔑")),
        inactivitySeconds: .max))
    func command(_ product: ProductID, _ action: DeviceCommand.Action) -> NewCommand {
      NewCommand(product: product, action: action, createdAt: Samples.time(1), actor: "ann")
    }
    let connect = command(pump.product, .connect(order: order))
    let close = command(pump.product, .closeAll(reason: .closeAll))
    try store { rows throws(Refusal) in
      try rows.insert(pump)
      try rows.insert(valve)
    }
    let ids = try store { rows throws(Refusal) in
      [
        try rows.insert(connect), try rows.insert(close),
        try rows.insert(command(valve.product, .closeAll(reason: .closeAll))),
      ]
    }
    #expect(ids == [1, 2, 1])
    let listed = try store { rows throws(Refusal) in
      try rows.commands(of: pump.product, limit: 10)
    }
    #expect(
      listed == [CommandRecord(id: 1, command: connect), CommandRecord(id: 2, command: close)])

    let next = try store { rows throws(Refusal) in
      try rows.removeCommand(1, of: pump.product)
      try rows.removeCommand(2, of: pump.product)
      try rows.removeCommand(.max, of: pump.product)
      return try rows.insert(close)
    }
    #expect(next == 3)
    let (gone, third, far, first) = try store { rows throws(Refusal) in
      (
        try rows.command(1, of: pump.product), try rows.command(3, of: pump.product),
        try rows.command(.max, of: pump.product), try rows.commands(of: pump.product, limit: 1)
      )
    }
    #expect(gone == nil)
    #expect(third?.command == close)
    #expect(far == nil)
    #expect(first.map(\.id) == [3])
  }

  @Test(arguments: TestStore.Engine.databases)
  func aCommandForAnUnknownDeviceIsAFaultOfOurs(_ engine: TestStore.Engine) throws {
    let store = try TestStore(engine)
    let command = NewCommand(
      product: try Samples.product("nobody"), action: .closeAll(reason: .closeAll),
      createdAt: Samples.time(1), actor: "ann")
    #expect(
      store.refusal { rows throws(Refusal) in try rows.insert(command) } == .internalError)
  }
}
