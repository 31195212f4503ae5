import Broker
import BrokerClient
import ConnectionService
import HTTPTypes
import Hummingbird
import NIOCore
import NIOPosix
import Primitives
import Synchronization
import Testing

@testable import BrokerServer

@Suite(.timeLimit(.minutes(5))) struct StreamTests {
  @Test func cs25AGatewayLearnsAllGrantsAndThenEachChange() async throws {
    try await RunningBroker.run(plain: true) { broker in
      try await broker.withDevice("press-1") { device in
        let gateway = try broker.client(try await broker.token("gw1", .gateway))
        var changes = gateway.gatewayStream().makeAsyncIterator()
        let first = try await changes.next()
        #expect(first == .change(.all(grants: [])))
        let view = try await broker.client().connect(device.product, ConnectRequest())
        let granted = try await changes.next()
        guard case .change(.granted(let grant)) = granted else { throw Missing() }
        #expect(grant.connection == view.id)
        #expect(grant.deviceAddress == "10.99.0.7")
        let listed = try await broker.client().grants()
        #expect(listed.items == [grant])
        _ = try await broker.client().close(view.id)
        let revoked = try await changes.next()
        #expect(revoked == .change(.revoked(connection: view.id)))
      }
    }
  }

  @Test func cs26AStreamOfEventsGoesOnAfterTheLastOneThatIsKnown() async throws {
    try await RunningBroker.run(plain: true) { broker in
      let client = try broker.client()
      for index in 0..<5 { _ = try await broker.token("user\(index)", .viewer) }
      let all = try await client.events(
        {
          var selection = EventSelection()
          selection.after = 0
          return selection
        }())
      var resumed: [ServiceEvent] = []
      for try await event in client.events(after: 2) {
        resumed.append(event)
        if resumed.count == all.items.count - 2 { break }
      }
      #expect(resumed == Array(all.items.dropFirst(2)))
      var selection = EventSelection()
      selection.kind = .enrolmentCreated
      _ = try await broker.enrol(try ProductID("p").orFail())
      for try await event in client.events(after: 0, matching: selection) {
        #expect(event.kind == .enrolmentCreated)
        break
      }
    }
  }

  @Test func aReaderThatFallsTooFarBehindIsCutOffAndLosesNothing() async throws {
    let served = ServedBroker.forTests()
    served.hub.begin(after: 0)
    let writer = HeldWriter()
    let caller = try served.makeCaller()
    let place = try served.streams.enter(.events(tokenID: "t"))
    served.hub.listen(place.bell)
    let reading = Task {
      var reading = EventStream(
        served: served, caller: caller, token: "", filter: EventFilter(), cursor: 0,
        hasCaughtUp: true)
      var stream = EventStreamWriter(writer: writer)
      try await reading.run(&stream, place.bell)
    }
    try served.append(1...10, of: caller.organisation)
    await writer.isHeld()
    try served.append(11...UInt64(EventHub.keptMax + 20), of: caller.organisation)
    writer.release()
    try await reading.value
    let lines = writer.written
    #expect(lines.last?.hasPrefix(": too slow; go on with Last-Event-ID: ") == true)
    let ids = lines.compactMap { $0.hasPrefix("id: ") ? UInt64($0.dropFirst(4)) : nil }
    // What it got is whole up to the place that it is told to go on from.
    #expect(ids == Array(1...UInt64(max(1, ids.count))))
    #expect(lines.last?.hasSuffix(" \(ids.last ?? 0)") == true)
    #expect(served.hub.keptCount == EventHub.keptMax)
    await served.lanes.shutDown()
  }

  @Test func aTaskThatHearsNoHeartbeatIsCutOff() {
    let bell = Bell()
    let cuts = Cuts()
    bell.whenStuck { cuts.count.withLock { $0 += 1 } }
    for _ in 0..<Bell.unheardMax { bell.beat() }
    let early = cuts.count.withLock { $0 }
    #expect(early == 0)
    bell.beat()
    let late = cuts.count.withLock { $0 }
    #expect(late == 1)
  }

  @Test func whatIsRungMeanwhileIsKept() async {
    let bell = Bell()
    bell.ring(.commands)
    bell.ring(.heartbeat)
    let signals = await bell.next()
    #expect(signals == [.commands, .heartbeat])
  }

  @Test func placesAreLimitedAndGivenBack() throws {
    var limits = ServerLimits()
    limits.eventStreams = 2
    limits.eventStreamsPerToken = 1
    let registry = StreamRegistry(limits: limits)
    let first = try registry.enter(.events(tokenID: "a"))
    #expect(throws: Refusal.self) { try registry.enter(.events(tokenID: "a")) }
    _ = try registry.enter(.events(tokenID: "b"))
    #expect(throws: Refusal.self) { try registry.enter(.events(tokenID: "c")) }
    registry.leave(first)
    registry.leave(first)
    _ = try registry.enter(.events(tokenID: "a"))
    registry.endAll()
    #expect(throws: Refusal.self) { try registry.enter(.gateway) }
  }

  @Test func ofADevicesStreamsTheOneOfTheNewestAttachmentIsSignalled() throws {
    let registry = StreamRegistry(limits: ServerLimits())
    let product = try ProductID("press-1").orFail()
    let late = try registry.enter(.device(product))
    let early = try registry.enter(.device(product))
    registry.attached(early, product, epoch: 2)
    #expect(early.bell.takePending() == .commands)
    // Its attach was asked for before, and is handled now.
    registry.attached(late, product, epoch: 3)
    #expect(early.bell.takePending() == .commands)
    #expect(late.bell.takePending() == .commands)
    registry.leave(early)
    registry.signal(.commands, to: product)
    #expect(late.bell.takePending() == .commands)
    // One that is outdated before it begins takes nothing away.
    let outdated = try registry.enter(.device(product))
    registry.attached(outdated, product, epoch: 1)
    #expect(outdated.bell.takePending() == .commands)
    registry.signal(.commands, to: product)
    #expect(late.bell.takePending() == .commands)
    #expect(outdated.bell.takePending().isEmpty)
  }

  @Test func anAgentsOwnOlderStreamJustEnds() async throws {
    try await RunningBroker.run(plain: true) { broker in
      let client = try broker.client(try await broker.enrol(try ProductID("press-1").orFail()))
      let instance = try AgentInstance("run-1").orFail()
      var older = client.deviceStream(as: instance).makeAsyncIterator()
      _ = try await older.next()
      var newer = client.deviceStream(as: instance).makeAsyncIterator()
      _ = try await newer.next()
      #expect(try await older.rest() == [.heartbeat])
    }
  }

  @Test func aStreamOutdatedByAnotherBrokersLateAttachJustEndsAndTheNextOneStands() async throws {
    try await RunningBroker.run(plain: true) { broker in
      let token = try await broker.enrol(try ProductID("press-1").orFail())
      let client = try broker.client(token)
      let instance = try AgentInstance("run-1").orFail()
      var stream = client.deviceStream(as: instance).makeAsyncIterator()
      _ = try await stream.next()
      let late = try broker.rules.attach(try broker.rules.authenticate(token), as: instance)
      #expect(late == 2)
      #expect(try await stream.rest() == [.heartbeat])
      var next = client.deviceStream(as: instance).makeAsyncIterator()
      let greeting = try await next.next()
      #expect(greeting == .attached(epoch: 3, heartbeatSeconds: 15))
      let device = try await broker.client().device(try ProductID("press-1").orFail())
      #expect(device.online)
    }
  }

  @Test func aRequestWhoseAskerHasGoneAttachesNothing() async throws {
    let served = ServedBroker.forTests()
    let administrator = try served.makeCaller()
    var random = SystemRandomNumberGenerator()
    let rules = served.lanes.rules
    let product = try ProductID("press-1").orFail()
    let code = try rules.createEnrolment(
      EnrolmentRequest(productID: product), by: administrator, using: &random
    ).code
    let token = try rules.enrol(EnrolRequest(code: code), using: &random).token
    let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .bind(host: "127.0.0.1", port: 0).get()
    try await channel.close()
    let head = HTTPRequest(
      method: .get, scheme: nil, authority: "localhost", path: Route.agentStream.path,
      headerFields: [.authorization: "Bearer \(token)"])
    let asked = try await Asked(
      Request(head: head, body: RequestBody(buffer: ByteBuffer())), route: .agentStream,
      parameters: [],
      context: ServedContext(source: .init(channel: channel, logger: RunningBroker.quiet)),
      isPlain: true)
    await #expect(throws: Refusal.askerGone) { _ = try await served.attach(asked) }
    #expect(served.streams.counts["device"] == 0)
    #expect(try rules.attach(try rules.authenticate(token), as: nil) == 1)
    await served.lanes.shutDown()
  }

  @Test func aRemovedDevicesStreamJustEndsAndItsNextRequestIsRefused() async throws {
    try await RunningBroker.run(plain: true) { broker in
      let product = try ProductID("press-1").orFail()
      let client = try broker.client(try await broker.enrol(product))
      let instance = try AgentInstance("run-1").orFail()
      var stream = client.deviceStream(as: instance).makeAsyncIterator()
      _ = try await stream.next()
      try await broker.client().removeDevice(product)
      #expect(try await stream.rest() == [.heartbeat])
      let refusal = await #expect(throws: Refusal.self) {
        for try await _ in client.deviceStream(as: instance) {}
      }
      #expect(refusal?.code == .unauthenticated)
    }
  }

  @Test(arguments: [
    "", "a b", "ä", "a_b", String(repeating: "a", count: 65),
  ])
  func anInstanceThatIsNoneIsRefused(_ text: String) async throws {
    try await RunningBroker.run(plain: true) { broker in
      let token = try await broker.enrol(try ProductID("press-1").orFail())
      let answer = try await broker.send(
        "GET", "/v1/agent/stream", token: token, headers: [AgentInstance.headerName: text])
      #expect(answer.status == 400)
      #expect(answer.code == "badRequest")
    }
  }

  @Test func everyStreamHasOneHeartbeatInEachRound() async throws {
    let registry = StreamRegistry(limits: ServerLimits())
    let place = try registry.enter(.gateway)
    var beats = 0
    for _ in 0..<StreamRegistry.heartbeatTicks * 3 {
      registry.tick()
      if place.bell.takePending().contains(.heartbeat) { beats += 1 }
    }
    #expect(beats == 3)
  }
}

extension AsyncThrowingStream.Iterator where Element == DeviceStreamEvent, Failure == any Error {
  /// What comes until the stream ends.
  fileprivate mutating func rest() async throws -> [DeviceStreamEvent] {
    var events: [DeviceStreamEvent] = []
    while let event = try await next(isolation: nil) { events.append(event) }
    return events
  }
}

private final class Cuts: Sendable {
  let count = Mutex(0)
}

/// Writes into memory; the first write is held until it is released.
private final class HeldWriter: ResponseBodyWriter, Sendable {
  private struct State {
    var text = ""
    var isReleased = false
  }

  private let state = Mutex(State())
  private let held = Bell()
  private let released = Bell()

  func write(_ buffer: ByteBuffer) async throws {
    let text = String(buffer: buffer)
    let mustWait = state.withLock { state in
      state.text += text
      return !state.isReleased && text.hasPrefix("id: ")
    }
    guard mustWait else { return }
    held.ring(.events)
    _ = await released.next()
  }

  func finish(_ trailingHeaders: HTTPFields?) async throws {}

  func isHeld() async { _ = await held.next() }

  func release() {
    state.withLock { $0.isReleased = true }
    released.ring(.events)
  }

  var written: [String] {
    state.withLock { $0.text }.split(separator: "\n").map { String($0) }
  }
}

extension ServedBroker {
  /// On a memory store, with the first token made.
  static func forTests() -> ServedBroker {
    let name = Name("b1") ?? BrokerPolicy.forTests.ownOrganisation
    return ServedBroker(
      configuration: ServerConfiguration(address: "127.0.0.1", port: 0, security: .plain),
      rules: Broker(
        name: name, store: ErasedStore(base: MemoryStore()), policy: BrokerPolicy.forTests),
      logger: RunningBroker.quiet)
  }

  /// The first administrator.
  func makeCaller() throws -> Caller {
    let rules = lanes.rules
    var random = SystemRandomNumberGenerator()
    return try rules.authenticate(try rules.start(using: &random).orFail())
  }

  /// Events as if the pump had read them.
  func append(_ sequences: ClosedRange<UInt64>, of organisation: Name) throws {
    hub.append(
      try sequences.map { sequence in
        var event = ServiceEvent(.configurationChanged, actor: "x", organisation: organisation)
        event.sequence = sequence
        return try HubEvent(event, broker: name)
      })
  }
}
