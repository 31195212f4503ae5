import Broker
import ConnectionService
import Dispatch
import HTTPTypes
import Hummingbird
import NIOCore
import NIOPosix
import Primitives
import Testing

@testable import BrokerServer

/// What an outsider can fill up: each limit at its end, and one past it.
@Suite(.timeLimit(.minutes(5))) struct LimitTests {
  /// Fills a kind of place to its end; the code of the refusal of the next one.
  private func refusalPastTheEnd(
    _ kind: (Int) throws -> StreamRegistry.Kind, _ change: (inout ServerLimits) -> Void
  ) throws -> Refusal.Code? {
    var limits = ServerLimits()
    change(&limits)
    let registry = StreamRegistry(limits: limits)
    let places = try (0..<3).map { try registry.enter(try kind($0)) }
    let refusal = #expect(throws: Refusal.self) { try registry.enter(try kind(3)) }
    // A place that is left is free again, and is one place only.
    registry.leave(places[1])
    registry.leave(places[1])
    _ = try registry.enter(try kind(4))
    #expect(throws: Refusal.self) { try registry.enter(try kind(5)) }
    return refusal?.code
  }

  @Test func devicesGatewaysWaitsAndStreamsAreLimitedEachForItself() throws {
    let device = try refusalPastTheEnd(
      { .device(try ProductID("press-\($0)").orFail()) }, { $0.devices = 3 })
    let gateway = try refusalPastTheEnd({ _ in .gateway }, { $0.gateways = 3 })
    let wait = try refusalPastTheEnd({ _ in .wait }, { $0.waiting = 3 })
    let events = try refusalPastTheEnd({ .events(tokenID: "t\($0)") }, { $0.eventStreams = 3 })
    let token = try refusalPastTheEnd(
      { _ in .events(tokenID: "t") }, { $0.eventStreamsPerToken = 3 })
    #expect([device, gateway, wait, events, token].allSatisfy { $0 == .overloaded })
  }

  @Test func aFullKindOfPlaceHoldsUpNoOther() throws {
    var limits = ServerLimits()
    (limits.devices, limits.gateways, limits.waiting, limits.eventStreams) = (1, 1, 1, 1)
    let registry = StreamRegistry(limits: limits)
    let kinds: [StreamRegistry.Kind] = [
      .device(try ProductID("press-1").orFail()), .gateway, .wait, .events(tokenID: "t"),
    ]
    for kind in kinds { _ = try registry.enter(kind) }
    for kind in kinds { #expect(throws: Refusal.self) { try registry.enter(kind) } }
  }

  @Test func aBucketGivesItsBurstAndThenOneInEachPartOfASecond() {
    let start = ContinuousClock.now
    var bucket = TokenBucket(perSecond: 4, burst: 3, at: start)
    let first = (0..<4).map { _ in bucket.take(at: start) }
    #expect(first == [true, true, true, false])
    let moments = [249, 250, 251, 499, 500].map { start + .milliseconds($0) }
    let later = moments.map { bucket.take(at: $0) }
    #expect(later == [false, true, false, false, true])
    // However long nobody asks, no more than the burst comes together.
    let late = start + .seconds(3600)
    let isFull = bucket.isFull(at: late)
    #expect(isFull)
    let last = (0..<4).map { _ in bucket.take(at: late) }
    #expect(last == [true, true, true, false])
  }

  /// Somebody with a whole network of addresses fills no memory. What it gains is that addresses
  /// which guessed before are forgotten; a token of 256 bits is still not guessed.
  @Test func asManyAddressesThatGuessedAreRememberedAsThereIsRoomFor() throws {
    var configured = ServerLimits()
    configured.failuresBurst = 1
    configured.failuresPerSecond = 0.000_001
    let limits = RequestLimits(configured)
    func isHeldUp(_ source: Int) -> Bool {
      do throws(Refusal) {
        try limits.admit("dbt_guess", from: "2001:db8::\(source)")
        return false
      } catch {
        return error.code == .overloaded
      }
    }
    for source in 0..<RequestLimits.rememberedMax { limits.failed(from: "2001:db8::\(source)") }
    #expect(isHeldUp(0) && isHeldUp(RequestLimits.rememberedMax - 1))
    limits.failed(from: "2001:db8::\(RequestLimits.rememberedMax)")
    #expect(isHeldUp(RequestLimits.rememberedMax))
    #expect(!isHeldUp(0))
    #expect(!isHeldUp(RequestLimits.rememberedMax + 1), "one that never guessed")
  }

  /// A token that was good is not held up by those that guess from its address.
  @Test func knownTokensPassWhereGuessesAreHeldUp() throws {
    var configured = ServerLimits()
    configured.failuresBurst = 1
    configured.failuresPerSecond = 0.000_001
    let limits = RequestLimits(configured)
    limits.recognised("dbt_known")
    limits.failed(from: "192.0.2.1")
    #expect(throws: Refusal.self) { try limits.admit("dbt_guess", from: "192.0.2.1") }
    #expect(throws: Refusal.self) { try limits.admit(nil, from: "192.0.2.1") }
    #expect(throws: Never.self) { try limits.admit("dbt_known", from: "192.0.2.1") }
    #expect(throws: Never.self) { try limits.admit("dbt_guess", from: "192.0.2.2") }
  }

  @Test func requestsBeyondThoseThatMayWaitForTheDatabaseAreRefusedAndNoneIsLost() async throws {
    let served = ServedBroker.forTests()
    let lanes = served.lanes
    // All lanes are held, so that everything else waits.
    let mayGo = DispatchSemaphore(value: 0)
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for _ in 0..<StoreLanes.waitingMax {
        group.addTask {
          try await lanes.run { _ throws(Refusal) in
            mayGo.wait()
            return true
          }
        }
      }
      while lanes.load < StoreLanes.waitingMax { await Task.yield() }
      await #expect(throws: Refusal.serverBusy) {
        try await lanes.run { _ throws(Refusal) in true }
      }
      #expect(lanes.load == StoreLanes.waitingMax)
      for _ in 0..<StoreLanes.waitingMax { mayGo.signal() }
      var done = 0
      for try await isDone in group where isDone { done += 1 }
      #expect(done == StoreLanes.waitingMax)
    }
    #expect(lanes.load == 0)
    let again = try await lanes.run { _ throws(Refusal) in true }
    #expect(again)
    await lanes.shutDown()
  }

  /// How many bytes of a body the route takes; `nil` when there are too many.
  private func bytesTaken(
    of bytes: Int, by route: Route, on channel: any Channel
  ) async throws -> Int? {
    let head = HTTPRequest(
      method: .init(rawValue: route.method.rawValue) ?? .post, scheme: nil, authority: "localhost",
      path: route.path,
      headerFields: [.authorization: "Bearer x", .contentType: "application/json"])
    let body = ByteBuffer(repeating: UInt8(ascii: " "), count: bytes)
    do throws(Refusal) {
      return try await Asked(
        Request(head: head, body: RequestBody(buffer: body)), route: route, parameters: [],
        context: ServedContext(source: .init(channel: channel, logger: RunningBroker.quiet)),
        isPlain: true
      ).body.count
    } catch {
      #expect(error == .bodyTooLarge(route.bodyBytesMax))
      return nil
    }
  }

  @Test func aBodyOfExactlyItsMaximumIsReadAndOneByteMoreIsNot() async throws {
    #expect(Route.agentReport.bodyBytesMax == 524_288)
    #expect(Route.connect.bodyBytesMax == 65_536)
    let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .bind(host: "127.0.0.1", port: 0).get()
    for route in Route.allCases where route.method == .post {
      let most = route.bodyBytesMax
      #expect(try await bytesTaken(of: most, by: route, on: channel) == most, "\(route)")
      #expect(try await bytesTaken(of: most + 1, by: route, on: channel) == nil, "\(route)")
    }
    // Where nothing is wanted, a little is passed over.
    for route in [Route.close, .devices] {
      #expect(try await bytesTaken(of: 1024, by: route, on: channel) == 0, "\(route)")
      #expect(try await bytesTaken(of: 1025, by: route, on: channel) == nil, "\(route)")
    }
    try await channel.close()
  }

  @Test func aSessionsTokenHas256CharactersAtMost() async throws {
    try await RunningBroker.run(plain: true) { broker in
      for (characters, status) in [(256, UInt(401)), (257, 400)] {
        let token = String(repeating: "x", count: characters)
        let answer = try await broker.send(
          "POST", "/console/session", headers: ["sec-fetch-site": "same-origin"],
          body: "{\"token\": \"\(token)\"}")
        #expect(answer.status == status, "\(characters) characters")
      }
    }
  }

  @Test func anIdempotencyKeyHas128CharactersAtMost() async throws {
    try await RunningBroker.run(plain: true) { broker in
      for (characters, status) in [(128, UInt(404)), (129, 400), (0, 400)] {
        let answer = try await broker.send(
          "DELETE", "/v1/connections/c-0000000000000000", token: broker.adminToken,
          headers: ["idempotency-key": String(repeating: "k", count: characters)])
        #expect(answer.status == status, "\(characters) characters")
      }
    }
  }

  @Test func aFormHas32FieldsAtMost() {
    let fields = (1...33).map { "f\($0)=v\($0)" }.joined(separator: "&")
    let form = FormFields(parsing: fields)
    #expect(form["f32"] == "v32")
    #expect(form["f33"] == nil)
  }

  @Test func aHeadHas64FieldsAtMost() async throws {
    #expect(BrokerServer.headFieldsMax == 64)
    try await RunningBroker.run(plain: true) { broker in
      let more = (3...65).map { "X-\($0): v\r\n" }
      for (path, status) in [("/healthz", "200"), (Route.agentStream.path, "401")] {
        for (fields, isTaken) in [(64, true), (65, false)] {
          let head =
            "GET \(path) HTTP/1.1\r\nHost: a\r\n" + more.prefix(fields - 2).joined()
            + "Connection: close\r\n\r\n"
          let answer = try await broker.exchange([head], until: nil)
          #expect(answer.hasPrefix("HTTP/1.1 \(status) ") == isTaken, "\(path), \(fields) fields")
        }
      }
    }
  }
}
