import Broker
import ConnectionService
import Hummingbird
import NIOCore
import Primitives
import Synchronization
import Testing

@testable import BrokerServer

/// What streams hold to, without a socket below them.
@Suite(.timeLimit(.minutes(5))) struct StreamRuleTests {
  @Test func aHubThatHasForgottenSomethingGivesTheRestInItsOrder() async throws {
    let served = ServedBroker.forTests()
    let organisation = try Name("acme").orFail()
    let last = UInt64(EventHub.keptMax) + 3
    served.hub.begin(after: 0)
    try served.append(1...last, of: organisation)
    #expect(Self.sequences(served.hub.events(after: last - 5, limit: 9)) == Array(last - 4...last))
    #expect(Self.sequences(served.hub.events(after: 3, limit: 2)) == [4, 5])
    #expect(Self.sequences(served.hub.events(after: 2, limit: 2)) == nil)
    await served.lanes.shutDown()
  }

  private static func sequences(_ next: EventHub.Next) -> [UInt64]? {
    switch next {
    case .events(let events): events.map(\.event.sequence)
    case .forgotten: nil
    }
  }

  @Test func aLiveStreamTellsWhatWasAskedForAndNothingElse() async throws {
    let served = ServedBroker.forTests()
    let caller = try served.makeCaller()
    served.hub.begin(after: 0)
    let pump = try ProductID("pump-1").orFail()
    var event = ServiceEvent(.tunnelClosed, actor: "ann", organisation: caller.organisation)
    event.product = pump
    event.reason = .inactivity
    var others = [event, event, event, event]
    others[0].product = ProductID("pump-2")
    others[1].reason = .closeAll
    others[2].actor = "bob"
    others[3] = ServiceEvent(.tunnelOpened, actor: "ann", organisation: caller.organisation)
    others[3].product = pump
    others[3].reason = .inactivity
    let all = others + [event]
    served.hub.append(
      try all.enumerated().map { index, event in
        var event = event
        event.sequence = UInt64(index + 1)
        return try HubEvent(event, broker: served.name)
      })
    var filter = EventFilter()
    filter.product = pump
    filter.kind = .tunnelClosed
    filter.reason = .inactivity
    filter.actor = "ann"
    let bell = Bell()
    bell.ring(.end)
    var reading = EventStream(
      served: served, caller: caller, token: "", filter: filter, cursor: 0, hasCaughtUp: true)
    let written = WrittenText()
    var stream = EventStreamWriter(writer: written)
    try await reading.run(&stream, bell)
    #expect(written.lines.filter { $0.hasPrefix("id: ") } == ["id: 5"])
    await served.lanes.shutDown()
  }

  @Test func cs20AQuietDevicesHeartbeatsRenewItsLease() async throws {
    let store = MemoryStore(clock: Timestamp(milliseconds: 1_800_000_000_000))
    let served = ServedBroker(
      configuration: ServerConfiguration(address: "127.0.0.1", port: 0, security: .plain),
      rules: Broker(
        name: try Name("b1").orFail(), store: ErasedStore(base: store), policy: .forTests),
      logger: RunningBroker.quiet)
    let (rules, admin) = (served.lanes.rules, try served.makeCaller())
    var random = SeededRandom(seed: 1)
    let product = try ProductID("pump-1").orFail()
    let code = try rules.createEnrolment(
      EnrolmentRequest(productID: product), by: admin, using: &random
    ).code
    let token = try rules.enrol(EnrolRequest(code: code), using: &random).token
    let epoch = try rules.attach(try rules.authenticate(token), as: nil)
    var attachment = Attachment(served: served, product: product, instance: nil, epoch: epoch)
    var stream = EventStreamWriter(writer: WrittenText())
    let lease = rules.policy.lease
    for _ in 0..<3 {
      store.clock = store.clock + (lease - .seconds(1))
      for _ in 0..<2 {
        let goesOn = try await attachment.serve(.heartbeat, Bell(), on: &stream)
        #expect(goesOn)
      }
      #expect(try rules.device(product, by: admin).online)
    }
    // Without a heartbeat it ends.
    store.clock = store.clock + lease
    #expect(try !rules.device(product, by: admin).online)
    await served.lanes.shutDown()
  }
}

/// A stream's reader that takes everything at once.
private final class WrittenText: ResponseBodyWriter, Sendable {
  private let text = Mutex("")

  func write(_ buffer: ByteBuffer) async throws { text.withLock { $0 += String(buffer: buffer) } }

  func finish(_ trailingHeaders: HTTPFields?) async throws {}

  var lines: [String] { text.withLock { $0 }.split(separator: "\n").map { String($0) } }
}
