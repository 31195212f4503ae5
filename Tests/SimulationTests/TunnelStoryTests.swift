import Dataplane
import Endpoint
import IKE
import Primitives
import Simulation
import Testing

/// The tunnel rules with whole engines on both sides, in virtual time, to the tick.
@Suite(.timeLimit(.minutes(5))) struct TunnelStoryTests {
  private func world(_ cast: Cast, seed: UInt64 = 1, nat: Bool = false) throws -> World {
    var network = VirtualNetwork()
    if nat {
      network.addNAT(outer: Cast.natAddress, hiding: Set((0..<4).map(cast.clientAddress)))
    }
    return try World(cast, network: network, seed: seed)
  }

  /// Dials one more client and waits until it is up.
  private func dial(
    _ cast: Cast, in world: inout World, mistake: Cast.Mistake? = nil
  ) throws -> Int {
    let client = try world.add(cast, mistake: mistake)
    let request = cast.request(client, mistake: mistake)
    try world.act(on: client) { $0.dial(request, at: $1, using: &$2) }
    try world.run(for: .seconds(2))
    return client
  }

  private func isUp(_ world: borrowing World, _ client: Int) -> Bool {
    if case .up = world.clients[client].host.owner.phase { return true }
    return false
  }

  private func closeSession(_ world: inout World) throws {
    let session = world.gateway.owner.host.endpoint.sessionViews.first { $0.end == nil }
    let id = try #require(session?.id)
    _ = try world.actOnGateway { gateway, now, random in
      gateway.host.endpoint.closeSession(id, .administrator, at: now, using: &random)
    }
    try world.run(for: .milliseconds(100))
  }

  @Test(arguments: [(false, false), (true, false), (false, true)])
  func aTunnelIsUpWithinASecondOnAGoodNetwork(behindNAT: Bool, isIPv6: Bool) throws {
    var cast = Cast()
    cast.isIPv6 = isIPv6
    var world = try world(cast, nat: behindNAT)
    let client = try world.add(cast)
    let request = cast.request(0)
    try world.act(on: client) { $0.dial(request, at: $1, using: &$2) }
    try world.run(for: .seconds(1))
    let up1 = isUp(world, client)
    let trace1 = world.trace.lines
    #expect(up1, "\(trace1)")
    let sent = try world.ping(client)
    #expect(sent)
    try world.run(for: .seconds(1))
    let answered = world.clients[client].pingsAnswered.count
    #expect(answered == 1)
  }

  @Test func lt1And2And3AStandardTunnelGoesByItsTimeouts() throws {
    var cast = Cast()
    cast.rules = TunnelRules(idleTimeout: .seconds(60), destructTimeout: .seconds(600))
    cast.dialsSingleShot = false
    var world = try world(cast)
    _ = try dial(cast, in: &world)
    try closeSession(&world)
    try world.run(for: .seconds(59))
    let kept = world.gateway.owner.host.endpoint.liveCounts
    #expect(kept == (1, 0))
    try world.run(for: .seconds(2))
    let gone = world.gateway.owner.host.endpoint.liveCounts
    #expect(gone == (0, 0))
    let value3 = world.gatewayWatch.ended(.idleTimeout)
    #expect(value3 == 1)
    let value4 = world.gateway.owner.host.endpoint.carrierViews.count
    #expect(value4 == 1)
    try world.run(for: .seconds(602))
    let holds5 = world.gateway.owner.host.endpoint.carrierViews.isEmpty
    #expect(holds5)
    let value6 = world.gateway.owner.host.endpoint.residue.tunnels
    #expect(value6 == 0)
  }

  @Test func lt4ASecondSessionOfASingleShotTunnelIsRefused() throws {
    var cast = Cast()
    cast.rules.isSingleShot = true
    cast.dialsSingleShot = false
    var world = try world(cast)
    let client = try dial(cast, in: &world)
    let number = world.clients[client].host.owner.host.endpoint.tunnelViews.first?.number
    let tunnel = try #require(number)
    let asked = try world.act(on: client) { agent, now, random in
      agent.host.endpoint.openSession(in: tunnel, at: now, using: &random)
    }
    #expect(asked)
    try world.run(for: .seconds(1))
    let value7 = world.gatewayWatch.tally["session up"]
    #expect(value7 == 1)
    let holds8 = world.trace.lines.contains { $0.contains("gateway session in tunnel 1 refused") }
    #expect(holds8)
  }

  @Test func theSecondSessionOfAClientTakesTheRouteWhenTheFirstEnds() throws {
    var cast = Cast()
    cast.dialsSingleShot = false
    var world = try world(cast)
    let client = try dial(cast, in: &world)
    let number = world.clients[client].host.owner.host.endpoint.tunnelViews.first?.number
    let tunnel = try #require(number)
    _ = try world.act(on: client) { agent, now, random in
      agent.host.endpoint.openSession(in: tunnel, at: now, using: &random)
    }
    try world.run(for: .seconds(1))
    let sessions = world.gateway.owner.host.endpoint.sessionViews
    #expect(sessions.count == 2)
    try closeSession(&world)
    try world.run(for: .seconds(1))
    let address = try #require(sessions.last?.network?.peerAddress)
    let ping = Ping(from: address, to: IPv4Address(10, 66, 0, 1), number: 1)
    let hasPassed = world.clients[client].host.sendInner(
      ping.bytes, at: world.now, using: &world.random)
    #expect(hasPassed)
  }

  /// The watch fails when the packet path refuses a command: no route passes to a session that goes
  /// with the same connection.
  @Test func aConnectionMayBeLostWithTwoSessionsOnIt() throws {
    var cast = Cast()
    cast.dialsSingleShot = false
    cast.deadPeerDetection = DeadPeerDetection(interval: .seconds(10), timeout: .seconds(35))
    var world = try world(cast)
    let client = try dial(cast, in: &world)
    let number = world.clients[client].host.owner.host.endpoint.tunnelViews.first?.number
    let tunnel = try #require(number)
    _ = try world.act(on: client) { agent, now, random in
      agent.host.endpoint.openSession(in: tunnel, at: now, using: &random)
    }
    try world.run(for: .seconds(1))
    world.network.isCut = true
    try world.run(for: .seconds(300))
    let live = world.clients[client].host.owner.host.endpoint.liveCounts
    #expect(live == (0, 0))
  }

  @Test func lt5And7ASingleShotTunnelTakesItsIPsecConnectionWithItAtOnce() throws {
    var cast = Cast()
    cast.rules.isSingleShot = true
    var world = try world(cast)
    let client = try dial(cast, in: &world)
    let up9 = isUp(world, client)
    #expect(up9)
    try closeSession(&world)
    let holds10 = world.gateway.owner.host.endpoint.carrierViews.isEmpty
    #expect(holds10)
    let value11 = world.gatewayWatch.ended(.singleShotSpent)
    let lines11 = world.trace.lines
    #expect(value11 == 2, "\(lines11)")
    let holds12 = world.clients[client].host.owner.isDone
    #expect(holds12)
  }

  @Test func lt8AWrongPasswordUsesUpTheSingleShotConnection() throws {
    var cast = Cast()
    cast.rules.isSingleShot = true
    var world = try world(cast)
    let client = try dial(cast, in: &world, mistake: .password)
    try world.run(for: .seconds(10))
    let up13 = isUp(world, client)
    #expect(!up13)
    let lines14 = world.trace.lines
    let holds14 = world.gateway.owner.host.endpoint.carrierViews.isEmpty
    #expect(holds14, "\(lines14)")
    let value15 = world.gatewayWatch.ended(.authenticationFailed)
    #expect(value15 == 1)
    guard case .over(let cause) = world.clients[client].host.owner.phase else {
      Issue.record("the client is not over")
      return
    }
    #expect(cause.reason == .authenticationFailed)
  }

  @Test func lt9BadInput37ESPOfASpentConnectionIsDroppedAnHourLater() throws {
    var cast = Cast()
    cast.rules.isSingleShot = true
    var world = try world(cast)
    let client = try dial(cast, in: &world)
    _ = try world.ping(client)
    let captured = world.lastESP(to: cast.gatewayAddress)
    let late = try #require(captured)
    try world.run(for: .milliseconds(100))
    try closeSession(&world)
    for pause in [Duration.milliseconds(1), .seconds(3_600)] {
      try world.run(for: pause)
      let sent = world.network.sent
      world.inject(late)
      try world.run(for: .seconds(1))
      let value16 = world.network.sent
      #expect(value16 == sent + 1, "somebody answered")
      let holds17 = world.gateway.owner.host.endpoint.carrierViews.isEmpty
      #expect(holds17)
    }
  }

  @Test func badInput64OnlyUserActivityKeepsATunnelFromItsInactivityTimeout() throws {
    var cast = Cast()
    cast.inactivityTimeout = .seconds(300)
    var world = try world(cast, nat: true)
    let client = try dial(cast, in: &world)
    try world.run(until: .zero + .seconds(290))
    _ = try world.ping(client)
    try world.run(until: .zero + .seconds(589))
    let up18 = isUp(world, client)
    #expect(up18)
    try world.run(until: .zero + .seconds(592))
    let up19 = isUp(world, client)
    #expect(!up19)
    let holds20 = world.trace.lines.contains {
      $0.contains("client 0 session 1 closed: inactivity")
    }
    #expect(holds20)
  }

  @Test func cs11OneUserByteASecondBeforeTheEndKeepsTheTunnelAndKeepalivesDoNot() throws {
    for hasTraffic in [true, false] {
      var cast = Cast()
      cast.inactivityTimeout = .seconds(300)
      var world = try world(cast, nat: true)
      let client = try dial(cast, in: &world)
      try world.run(until: .zero + .seconds(299))
      let stands = isUp(world, client)
      #expect(stands)
      if hasTraffic { _ = try world.ping(client) }
      try world.run(until: .zero + .seconds(302))
      let standsAfter = isUp(world, client)
      #expect(standsAfter == hasTraffic)
      try world.run(until: .zero + .seconds(598))
      let standsLate = isUp(world, client)
      #expect(standsLate == hasTraffic)
      try world.run(until: .zero + .seconds(602))
      let standsAtLast = isUp(world, client)
      #expect(!standsAtLast)
    }
  }

  @Test(arguments: [false, true])
  func rekeyingBothPhasesLosesNoPing(isIPv6: Bool) throws {
    var cast = Cast()
    cast.isIPv6 = isIPv6
    cast.isakmpLifetimeSeconds = 300
    cast.espLifetimeSeconds = 120
    var world = try world(cast, nat: !isIPv6)
    let client = try dial(cast, in: &world)
    for _ in 0..<6_000 {
      _ = try world.ping(client)
      try world.run(for: .milliseconds(200))
    }
    let children = world.trace.lines.filter { $0.contains("gateway") && $0.contains(" child ") }
    #expect(children.count > 15, "no rekeying happened")
    let value21 = world.clients[client].pingsAnswered.count
    #expect(value21 == 6_000)
    let up22 = isUp(world, client)
    #expect(up22)
  }

  @Test(arguments: [false, true])
  func aClientThatIsKilledIsFoundDead(isIPv6: Bool) throws {
    var cast = Cast()
    cast.isIPv6 = isIPv6
    var world = try world(cast)
    _ = try dial(cast, in: &world)
    world.network.isCut = true
    try world.run(for: .seconds(200))
    let value23 = world.gatewayWatch.ended(.deadPeer)
    let lines23 = world.trace.lines
    #expect(value23 == 3, "\(lines23)")
    let value24 = world.gateway.owner.leaseCount
    #expect(value24 == 0)
    guard case .over(let cause) = world.clients[0].host.owner.phase else {
      Issue.record("the client did not notice")
      return
    }
    #expect(cause.reason == .deadPeer)
  }

  @Test func clientsBehindOneNATDoNotMeet() throws {
    let cast = Cast()
    var world = try world(cast, nat: true)
    for index in 0..<4 {
      let client = try dial(cast, in: &world)
      let up25 = isUp(world, client)
      #expect(up25, "client \(index)")
    }
    for client in 0..<4 { _ = try world.ping(client) }
    try world.run(for: .seconds(1))
    let holds26 = world.clients.allSatisfy { $0.pingsAnswered.count == 1 }
    #expect(holds26)
  }

  @Test func aNewNATMappingIsFollowed() throws {
    let cast = Cast()
    var world = try world(cast, nat: true)
    let client = try dial(cast, in: &world)
    world.network.rebind(outer: Cast.natAddress)
    _ = try world.ping(client)
    try world.run(for: .seconds(1))
    _ = try world.ping(client)
    try world.run(for: .seconds(1))
    let holds27 = world.clients[client].pingsAnswered.contains(2)
    #expect(holds27)
  }
}
