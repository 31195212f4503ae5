import Broker
import BrokerClient
import ConnectionService
import Hummingbird
import NIOCore
import Synchronization
import Testing

@testable import BrokerServer

/// A token that is revoked takes its open streams with it, without waiting for a heartbeat.
@Suite(.timeLimit(.minutes(5))) struct RevocationTests {
  /// A broker without a clock: nothing but its events ends a stream.
  private struct Bench {
    let served = ServedBroker.forTests()
    let administrator: Caller
    let revoked: TokenReply
    let kept: TokenReply

    init(_ role: Role) throws {
      administrator = try served.makeCaller()
      var random = SystemRandomNumberGenerator()
      let request = TokenRequest(user: try Name("vera").orFail(), role: role)
      let rules = served.lanes.rules
      revoked = try rules.createToken(request, by: administrator, using: &random)
      kept = try rules.createToken(request, by: administrator, using: &random)
      served.hub.begin(after: 0)
      try rules.revokeToken(revoked.view.id, by: administrator)
      served.hub.append(
        try rules.follow(after: 0, limit: 100).map { try HubEvent($0, broker: served.name) })
    }

    /// What a stream with each of the tokens says last.
    var ends: [(TokenReply, String)] {
      [(revoked, ": the token has ended"), (kept, ": the broker is ending")]
    }

    /// What a stream says while the broker is ending.
    static func lines(
      of stream: (inout EventStreamWriter, Bell) async throws -> Void
    ) async throws -> [String] {
      let memory = MemoryWriter()
      var writer = EventStreamWriter(writer: memory)
      let bell = Bell()
      bell.ring(.end)
      try await stream(&writer, bell)
      return memory.lines
    }
  }

  @Test func aStreamOfEventsEndsWithItsToken() async throws {
    let bench = try Bench(.viewer)
    for (reply, last) in bench.ends {
      var reading = EventStream(
        served: bench.served, caller: bench.administrator, token: reply.token,
        filter: EventFilter(), cursor: 0)
      let lines = try await Bench.lines { try await reading.run(&$0, $1) }
      #expect(lines.last == last)
      #expect(lines.contains { $0.hasPrefix("id: ") } == (reply == bench.kept))
    }
    await bench.served.lanes.shutDown()
  }

  @Test func aGatewaysStreamEndsWithItsToken() async throws {
    let bench = try Bench(.gateway)
    for (reply, last) in bench.ends {
      var following = GrantStream(served: bench.served, token: reply.token, cursor: 0)
      let lines = try await Bench.lines { try await following.run(&$0, $1) }
      #expect(lines.last == last)
    }
    await bench.served.lanes.shutDown()
  }

  @Test func aDevicesStreamEndsWithItsToken() async throws {
    try await RunningBroker.run(plain: true) { broker in
      let product = try ProductID("press-1").orFail()
      let device = try broker.client(try await broker.enrol(product))
      let instance = try AgentInstance("run-1").orFail()
      var stream = device.deviceStream(as: instance).makeAsyncIterator()
      _ = try await stream.next()
      let tokens = try await broker.client().tokens().items
      let token = try tokens.first { $0.role == .device }.orFail()
      try await broker.client().revokeToken(token.id)
      var comments = 0
      while let event = try await stream.next() {
        #expect(event == .heartbeat)
        comments += 1
      }
      // The good-bye alone: at a heartbeat that would have come before it.
      #expect(comments == 1)
      let refusal = await #expect(throws: Refusal.self) {
        for try await _ in device.deviceStream(as: instance) {}
      }
      #expect(refusal?.code == .unauthenticated)
    }
  }
}

private final class MemoryWriter: ResponseBodyWriter, Sendable {
  private let text = Mutex("")

  func write(_ buffer: ByteBuffer) async throws {
    let more = String(buffer: buffer)
    text.withLock { $0 += more }
  }

  func finish(_ trailingHeaders: HTTPFields?) async throws {}

  var lines: [String] { text.withLock { $0 }.split(separator: "\n").map { String($0) } }
}
