import Broker
import ConnectionService
import Testing

@Suite("Every store keeps events in one gapless order", .timeLimit(.minutes(5)))
struct EventConformance {
  @Test(arguments: TestStore.Engine.allCases)
  func theHeadIsTheLastEvent(_ engine: TestStore.Engine) throws {
    let store = try TestStore(engine)
    let heads = try store { rows throws(Refusal) in
      let before = try rows.lockEventHead()
      try rows.appendNext()
      try rows.appendNext()
      return [before, try rows.lockEventHead()]
    }
    #expect(heads == [nil, EventHead(sequence: 2, hash: "hash of 2")])
  }

  @Test(arguments: TestStore.Engine.allCases)
  func anEventKeepsEveryField(_ engine: TestStore.Engine) throws {
    let store = try TestStore(engine)
    var event = Samples.event(
      .tunnelUnexpectedClose, after: nil, actor: "dévice '\"",
      organisation: try Samples.name("acme"), product: try Samples.product("pump"))
    event.connection = try Samples.connectionID(1)
    event.tunnel = try Samples.tunnelID("0123456789abcdef")
    event.code = .establishmentFailed
    event.reason = .deadPeer
    event.note = "🚒\n\t\\"
    event.durationSeconds = .max
    event.bytes = .max
    let asked = event
    try store { rows throws(Refusal) in try rows.append(asked) }
    let found = try store { rows throws(Refusal) in try rows.everyEvent() }
    #expect(found == [event])
  }

  @Test(arguments: TestStore.Engine.allCases)
  func eventsAreListedBothWaysWithEveryFilter(_ engine: TestStore.Engine) throws {
    let store = try TestStore(engine)
    let (acme, pump) = (try Samples.name("acme"), try Samples.product("pump"))
    try store { rows throws(Refusal) in
      for number in 1...12 {
        var event = Samples.event(
          number.isMultiple(of: 4) ? .connectionClosed : .connectionOpened,
          after: try rows.lockEventHead(), actor: number.isMultiple(of: 2) ? "bob" : "ann",
          organisation: number > 6 ? acme : nil, product: number.isMultiple(of: 3) ? pump : nil)
        if event.kind == .connectionClosed { event.reason = .inactivity }
        try rows.append(event)
      }
    }
    func list(
      _ order: EventQuery.Order, limit: Int = 100, _ change: (inout EventQuery) -> Void = { _ in }
    ) throws -> [UInt64] {
      var query = EventQuery(organisation: nil, order: order, limit: limit)
      change(&query)
      let asked = query
      return try store { rows throws(Refusal) in try rows.events(asked) }.map(\.sequence)
    }
    #expect(try list(.ascending(after: 0)) == Array(1...12))
    #expect(try list(.ascending(after: 5), limit: 3) == [6, 7, 8])
    #expect(try list(.ascending(after: .max)) == [])
    #expect(try list(.descending(before: nil), limit: 3) == [12, 11, 10])
    #expect(try list(.descending(before: 3)) == [2, 1])
    #expect(try list(.descending(before: 0)) == [])
    #expect(try list(.descending(before: .max), limit: 1) == [12])
    #expect(try list(.ascending(after: 0)) { $0.organisation = acme } == Array(7...12))
    #expect(try list(.ascending(after: 0)) { $0.product = pump } == [3, 6, 9, 12])
    #expect(try list(.ascending(after: 0)) { $0.kind = .connectionClosed } == [4, 8, 12])
    #expect(try list(.ascending(after: 0)) { $0.reason = .inactivity } == [4, 8, 12])
    #expect(try list(.descending(before: nil)) { $0.actor = "ann" } == [11, 9, 7, 5, 3, 1])
    let all = try list(.descending(before: 13)) {
      $0.organisation = acme
      $0.product = pump
      $0.kind = .connectionClosed
      $0.reason = .inactivity
      $0.actor = "bob"
    }
    #expect(all == [12])
  }

  @Test(arguments: TestStore.Engine.databases)
  func anEventOutOfOrderIsRefusedByATrigger(_ engine: TestStore.Engine) throws {
    let store = try TestStore(engine)
    try store { rows throws(Refusal) in try rows.appendNext() }
    var gap = Samples.event(after: EventHead(sequence: 2, hash: "hash of 1"))
    let doubled = Samples.event(after: nil)
    let branch = Samples.event(after: EventHead(sequence: 1, hash: "another"))
    for event in [gap, doubled, branch] {
      #expect(store.refusal { rows throws(Refusal) in try rows.append(event) } == .internalError)
    }
    gap.sequence = .max
    let beyond = gap
    #expect(store.refusal { rows throws(Refusal) in try rows.append(beyond) } == .internalError)
    let kept = try store { rows throws(Refusal) in try rows.everyEvent() }
    #expect(kept.map(\.sequence) == [1])
  }
}
