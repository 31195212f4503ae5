import ConnectionService
import Control
import Primitives
import Settings
import Synchronization
import Testing

@testable import Runtime

/// A gateway's process with its broker in memory.
@Suite(.timeLimit(.minutes(5))) struct GrantFollowingTests {
  private static let yaml = """
    listen: {addresses: [127.0.0.1]}
    tun: {name: none}
    preSharedKeys: [{secret: sesame}]
    pools: [{addresses: 10.9.0.0/24}]
    users: [{name: anna, password: secret}, {name: pump, password: secret}]
    broker: {url: "https://one", token: x}
    """

  /// Waits as long as the test wants.
  private final class Gate: Sendable {
    private let passes: AsyncStream<Void>
    private let opening: AsyncStream<Void>.Continuation

    init() { (passes, opening) = AsyncStream.makeStream() }

    func open() { opening.yield() }

    func pass() async {
      var iterator = passes.makeAsyncIterator()
      _ = await iterator.next()
    }
  }

  /// What is granted, when it has come to look as expected.
  private static func grants(
    of gateway: HostService<GatewayHost>, when condition: (GrantsReply) -> Bool
  ) async throws -> GrantsReply {
    try await Services.answer(when: condition) { try await gateway.grantsInForce() }
  }

  private static func grant(address: String = "10.9.0.3") -> Grant {
    var random = SeededRandom(seed: 1)
    return Grant(
      connection: ConnectionID(using: &random), operatorUser: "anna", deviceUser: "pump",
      deviceAddress: address)
  }

  /// Runs a gateway while `body` looks at it.
  private static func withGateway(
    _ source: MemoryGrantSource, gate: Gate = Gate(),
    _ body:
      @escaping @Sendable (HostService<GatewayHost>, NamespaceThread) async throws -> Void
  ) async throws {
    try await NamespaceThread.run { thread in
      let gateway = try Services.gateway(
        yaml, grantSource: { _ in source }, pause: { _ in await gate.pass() })
      async let gatewayEnding = ending(of: gateway)
      try await body(gateway, thread)
      gateway.mailbox.post { loop, now in loop.end(.success(.shutdown), at: now) }
      #expect(try await gatewayEnding.get() == .shutdown)
    }
  }

  private static func dial(
    as user: String, from address: String, on thread: NamespaceThread
  ) async throws -> (HostService<DialHost>, Task<Void, Never>, DialUp) {
    let (ups, upContinuation) = AsyncStream<DialUp>.makeStream()
    let dial = try Services.dial(
      Services.dialYAML.replacing("anna", with: user).replacing("127.0.0.2", with: address)
    ) { upContinuation.yield($0) }
    let task = Task(executorPreference: thread) {
      _ = await ending(of: dial)
      upContinuation.finish()
    }
    var iterator = ups.makeAsyncIterator()
    return (dial, task, try #require(await iterator.next()))
  }

  @Test func sessionsAreAllowedAndDeniedAsTheBrokerSays() async throws {
    let source = MemoryGrantSource()
    try await Self.withGateway(source) { gateway, thread in
      let (person, personTask, _) = try await Self.dial(as: "anna", from: "127.0.0.2", on: thread)
      let (_, deviceTask, up) = try await Self.dial(as: "pump", from: "127.0.0.3", on: thread)
      #expect(try await gateway.grantsInForce().items == [])
      let grant = Self.grant(address: up.address)
      source.grant(grant)
      let reply = try await Self.grants(of: gateway) { $0.items.first?.forwarding == true }
      #expect(reply.items.map(\.connection) == [grant.connection.text])
      #expect(reply.items.map(\.operatorSessions.count) == [1])
      #expect(reply.stream?.state == .attached)
      #expect(reply.stream?.broker == "https://one")
      let allowed = try await gateway.mailbox.perform { loop, _ in
        loop.owner.host.endpoint.residue.pairs
      }
      #expect(allowed == 1)
      await #expect(throws: ControlError.noGrants) { try await person.grantsInForce() }
      source.revoke(grant.connection)
      _ = try await Self.grants(of: gateway) { $0.items.isEmpty }
      let left = try await gateway.mailbox.perform { loop, _ in
        loop.owner.host.endpoint.residue.pairs
      }
      #expect(left == 0)
      for task in [personTask, deviceTask] {
        task.cancel()
        await task.value
      }
    }
  }

  @Test func whatWasGrantedStaysWhileTheBrokerIsAwayAndIsReplacedWhenItIsBack() async throws {
    let (source, gate) = (MemoryGrantSource(), Gate())
    try await Self.withGateway(source, gate: gate) { gateway, _ in
      source.grant(Self.grant())
      _ = try await Self.grants(of: gateway) { $0.items.count == 1 }
      source.cut()
      let waiting = try await Self.grants(of: gateway) { $0.stream?.state == .waiting }
      #expect(waiting.items.map(\.obstacle) == [.deviceNotConnected])
      #expect(waiting.stream?.lastError == "the broker ended the stream")
      #expect(waiting.stream?.retryInSeconds != nil)
      source.revoke(Self.grant().connection)
      gate.open()
      let back = try await Self.grants(of: gateway) {
        $0.stream?.attachments == 2 && $0.items == []
      }
      #expect(back.stream?.state == .attached)
      #expect(source.attempts == 2)
    }
  }

  @Test func aBrokerThatRefusesIsAskedAgainAndSaysWhy() async throws {
    let (source, gate) = (MemoryGrantSource(), Gate())
    source.cut(
      refusing: Refusal(
        .unauthenticated, "the token is not known", cause: "it was revoked", nextStep: "renew it"))
    try await Self.withGateway(source, gate: gate) { gateway, _ in
      let refused = try await Self.grants(of: gateway) { $0.stream?.state == .waiting }
      #expect(refused.stream?.lastError == "the token is not known: it was revoked")
      #expect(refused.stream?.attachments == 0)
      source.cut(refusing: nil)
      gate.open()
      _ = try await Self.grants(of: gateway) { $0.stream?.state == .attached }
    }
  }

  @Test func aStreamThatBeginsWithoutAllGrantsIsGivenUp() async throws {
    struct Hasty: GrantSource {
      func changes() -> any AsyncSequence<GrantChange, any Error> {
        let (stream, continuation) = AsyncThrowingStream<GrantChange, any Error>.makeStream()
        continuation.yield(.granted(grant: GrantFollowingTests.grant()))
        return stream
      }
    }
    try await NamespaceThread.run { _ in
      let gate = Gate()
      let gateway = try Services.gateway(
        Self.yaml, grantSource: { _ in Hasty() }, pause: { _ in await gate.pass() })
      async let gatewayEnding = ending(of: gateway)
      let reply = try await Self.grants(of: gateway) { $0.stream?.state == .waiting }
      #expect(reply.items == [])
      #expect(reply.stream?.lastError == "the stream began without all grants")
      gateway.mailbox.post { loop, now in loop.end(.success(.shutdown), at: now) }
      _ = await gatewayEnding
    }
  }

  @Test func reloadChangesTheStreamOnlyWithItsSection() async throws {
    try await NamespaceThread.run { _ in
      let file = Mutex(Self.yaml)
      let sources = Mutex<[String: MemoryGrantSource]>([:])
      let gateway = try Services.gateway(
        Self.yaml,
        reading: { () throws(ConfigurationRefused) in
          try Services.gatewaySettings(file.withLock(\.self))
        },
        grantSource: { link in
          sources.withLock { sources in
            let source = MemoryGrantSource()
            sources[link.url] = source
            return source
          }
        })
      async let gatewayEnding = ending(of: gateway)
      let one = try #require(sources.withLock { $0["https://one"] })
      one.grant(Self.grant())
      _ = try await Self.grants(of: gateway) { $0.items.count == 1 }

      file.withLock { $0 = $0.replacing("name: anna", with: "name: bert") }
      #expect(try await gateway.reload().applied == ["users"])
      #expect(one.attempts == 1)
      #expect(try await gateway.grantsInForce().items.count == 1)

      file.withLock { $0 = $0.replacing("https://one", with: "https://two") }
      #expect(try await gateway.reload().applied == ["broker"])
      let moved = try await Self.grants(of: gateway) {
        $0.stream?.broker == "https://two" && $0.stream?.changes == 1
      }
      #expect(moved.items == [])

      try #require(sources.withLock { $0["https://two"] }).grant(Self.grant())
      _ = try await Self.grants(of: gateway) { $0.items.count == 1 }
      file.withLock { $0 = $0.replacing("broker: {url: \"https://two\", token: x}", with: "") }
      #expect(try await gateway.reload().applied == ["broker"])
      _ = try await Self.grants(of: gateway) { $0 == GrantsReply() }
      gateway.mailbox.post { loop, now in loop.end(.success(.shutdown), at: now) }
      _ = await gatewayEnding
    }
  }

  @Test func aBrokerThatCannotBeAskedRefusesStartAndReload() async throws {
    let refusal = ControlError(.refused, "no such file", cause: "it is gone", nextStep: "mend it")
    #expect(throws: refusal) {
      try Services.gateway(Self.yaml, grantSource: { _ throws(ControlError) in throw refusal })
    }
    try await NamespaceThread.run { _ in
      let source = MemoryGrantSource()
      let gateway = try Services.gateway(
        Self.yaml,
        reading: { () throws(ConfigurationRefused) in
          try Services.gatewaySettings(Self.yaml.replacing("one", with: "two"))
        },
        grantSource: { link throws(ControlError) in
          guard link.url == "https://one" else { throw refusal }
          return source
        })
      async let gatewayEnding = ending(of: gateway)
      _ = try await Self.grants(of: gateway) { $0.stream?.state == .attached }
      await #expect(throws: refusal) { try await gateway.reload() }
      #expect(try await gateway.grantsInForce().stream?.broker == "https://one")
      gateway.mailbox.post { loop, now in loop.end(.success(.shutdown), at: now) }
      _ = await gatewayEnding
    }
  }
}
