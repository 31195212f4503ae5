import ConnectionService
import Primitives
import Testing

@testable import Broker

@Suite(.timeLimit(.minutes(5))) struct EventTests {
  private func chain(_ count: Int) -> [ServiceEvent] {
    var head: EventHead?
    return (0..<count).map { number in
      var event = ServiceEvent(.connectRequested, actor: "user \(number)")
      event.time = Timestamp(milliseconds: Int64(number) * 1000)
      let sealed = EventChain.seal(event, after: head)
      head = EventHead(sequence: sealed.sequence, hash: sealed.hash)
      return sealed
    }
  }

  private func fault(_ events: [ServiceEvent]) -> EventChain.Fault? {
    do {
      _ = try EventChain.verify(events)
      return nil
    } catch { return error }
  }

  @Test func cs26AWholeChainIsGood() throws {
    let events = chain(9)
    #expect(events[0].previousHash == String(repeating: "0", count: 64))
    #expect(events.allSatisfy { $0.hash.utf8.count == 64 })
    #expect(fault(events) == nil)
    let head = try EventChain.verify(events.prefix(4))
    #expect(head == EventHead(sequence: 4, hash: events[3].hash))
    #expect(try EventChain.verify(events.dropFirst(4), after: head)?.sequence == 9)
    #expect(try EventChain.verify([]) == nil)
  }

  @Test func cs26EveryChangedFieldIsFound() {
    let changes: [(inout ServiceEvent) -> Void] = [
      { $0.time.milliseconds += 1 }, { $0.kind = .connectionOpened }, { $0.actor += "x" },
      { $0.organisation = .defaultOrganisation }, { $0.product = ProductID("p") },
      { $0.code = .badRequest }, { $0.reason = .requested }, { $0.note = "" },
      { $0.durationSeconds = 0 }, { $0.bytes = 0 },
      { $0.connection = ConnectionID("c-0000000000000000") },
      { $0.tunnel = TunnelID("t-0000000000000000") }, { $0.hash = String($0.hash.reversed()) },
    ]
    for change in changes {
      var events = chain(5)
      change(&events[2])
      #expect(fault(events) == .changed(sequence: 3))
    }
  }

  @Test func cs26MissingSwappedAndTruncatedEventsAreFound() {
    var missing = chain(6)
    missing.remove(at: 2)
    #expect(fault(missing) == .missing(after: 2))
    var swapped = chain(6)
    swapped.swapAt(2, 3)
    #expect(fault(swapped) == .missing(after: 2))
    var truncated = chain(6)
    truncated.removeSubrange(1...3)
    #expect(fault(truncated) == .missing(after: 1))
    #expect(fault(Array(chain(6).dropFirst())) == .missing(after: 0))
  }

  @Test func aForgedEventWithARightHashDoesNotFit() {
    var events = chain(6)
    var forged = events[2]
    forged.actor = "nobody"
    events[2] = EventChain.seal(forged, after: EventHead(sequence: 2, hash: events[1].hash))
    #expect(fault(events) == .unlinked(sequence: 4))
  }

  @Test func fieldsDoNotRunIntoEachOther() {
    #expect(fieldText(["a", "bc"]) != fieldText(["ab", "c"]))
    #expect(fieldText([nil, ""]) != fieldText(["", nil]))
    #expect(fieldText(["-"]) != fieldText([nil]))
    #expect(String(decoding: fieldText(["é", nil, ""]), as: UTF8.self) == "2:é-0:")
  }

  @Test func filtersAndPagesFindWhatTheyName() throws {
    let stage = try Stage()
    let device = try stage.attach()
    for _ in 0..<5 { _ = try stage.open(device) }
    var filter = EventFilter()
    filter.kind = .connectionOpened
    filter.product = device.product
    filter.limit = 2
    filter.after = 0
    var oldest: [UInt64] = []
    repeat {
      let page = try stage.broker.events(filter, by: stage.viewer)
      oldest += page.items.map(\.sequence)
      filter.after = page.next.flatMap { UInt64($0) }
    } while filter.after != nil
    #expect(oldest.count == 5)
    #expect(oldest == oldest.sorted())

    filter.limit = 3
    let newest = try stage.broker.events(filter, by: stage.viewer)
    #expect(newest.items.map(\.sequence) == oldest.reversed().prefix(3).map { $0 })
    filter.before = newest.next.flatMap { UInt64($0) }
    #expect(
      try stage.broker.events(filter, by: stage.viewer).items.map(\.sequence)
        == oldest.reversed().dropFirst(3).map { $0 })
    filter.before = 0
    #expect(try stage.broker.events(filter, by: stage.viewer).items.isEmpty)
    filter.after = .max
    filter.limit = .max
    #expect(try stage.broker.events(filter, by: stage.viewer).items.isEmpty)
    #expect(try stage.broker.follow(after: .max, limit: .min).isEmpty)
    filter.actor = "nul\u{0}"
    #expect(code { try stage.broker.events(filter, by: stage.viewer) } == .badRequest)
  }

  @Test func connectionsAreFoundByWhatTheyAre() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let ids = [try stage.open(device).id, try stage.open(device, by: stage.bob).id]
    _ = try stage.broker.close(ids[0], key: nil, by: stage.ann)
    try device.work(stage.broker, using: &stage.random)
    func found(_ fill: (inout ConnectionFilter) -> Void) throws -> [ConnectionID] {
      var filter = ConnectionFilter()
      fill(&filter)
      return try stage.broker.connections(filter, by: stage.viewer).items.map(\.id)
    }
    #expect(try found { _ in } == [ids[1], ids[0]])
    #expect(try found { $0.live = true } == [ids[1]])
    #expect(try found { $0.live = false } == [ids[0]])
    #expect(try found { $0.user = stage.bob.user } == [ids[1]])
    #expect(try found { $0.reason = .requested } == [ids[0]])
    #expect(try found { $0.after = ids[1] } == [ids[0]])
    #expect(try found { $0.limit = 0 } == [ids[1]], "a page holds at least one")
  }

  @Test func cs26RefusalsAreRecordedAndAnUnreachableStoreIsBorne() throws {
    let stage = try Stage()
    let device = try product("pump-9")
    stage.broker.refuse(.deviceUnknown(device), caller: stage.ann, product: device)
    stage.broker.refuse(.unauthenticated, caller: nil, product: nil)
    let refused = try stage.events(.requestRefused)
    #expect(refused.map(\.actor) == ["ann", "unknown"])
    #expect(refused.map(\.code) == [.deviceUnknown, .unauthenticated])
    #expect(refused.map(\.organisation) == [stage.ann.organisation, nil])
    stage.store.failure = .unreachable
    stage.broker.refuse(.unauthenticated, caller: nil, product: nil)
    stage.store.failure = nil
    #expect(try stage.events(.requestRefused).count == 2)
    try stage.broker.configurationChanged("lease 60 s")
    #expect(try stage.events(.configurationChanged).map(\.note) == ["lease 60 s"])
  }
}
