import Agent
import Dataplane
import Endpoint
import Gateway
import IKE
import Primitives

/// A run made up from one seed: who takes part, what the network does, what people and machines do,
/// and the promises that must hold all the while.
public struct Story: Sendable {
  public let seed: UInt64
  private var random: SeededRandom
  private var cast = Cast()
  private let clientCount: Int
  private let isBehindNAT: Bool

  public init(seed: UInt64) {
    self.seed = seed
    random = SeededRandom(seed: seed)
    cast.rules.isSingleShot = Bool.random(using: &random)
    cast.rules.idleTimeout = .seconds([0, 5, 60].randomElement(using: &random) ?? 60)
    cast.rules.destructTimeout = .seconds([10, 60].randomElement(using: &random) ?? 60)
    cast.isakmpLifetimeSeconds = [300, 28_800].randomElement(using: &random) ?? 28_800
    cast.espLifetimeSeconds = [120, 3_600].randomElement(using: &random) ?? 3_600
    cast.dialsSingleShot = Bool.random(using: &random)
    cast.inactivityTimeout = [nil, .seconds(90)].randomElement(using: &random) ?? nil
    clientCount = Int.random(in: 1...4, using: &random)
    isBehindNAT = Bool.random(using: &random)
  }

  /// Plays the story; returns its trace.
  ///
  /// - Throws: the first `BrokenPromise`.
  public mutating func play() throws -> Trace {
    var network = VirtualNetwork(conditions: conditions())
    if isBehindNAT {
      network.addNAT(
        outer: Cast.natAddress, hiding: Set((0..<clientCount).map(Cast.clientAddress)))
    }
    var world = World(
      gateway: try cast.gateway(), rules: cast.rules, network: network, seed: random.next())
    for index in 0..<clientCount {
      let client = world.add(try cast.client(index))
      try dial(client, in: &world)
      try world.run(for: .milliseconds(Int.random(in: 0...5_000, using: &random)))
    }
    for _ in 0..<Int.random(in: 5...40, using: &random) {
      try act(in: &world)
      try world.run(for: .milliseconds(Int.random(in: 0...20_000, using: &random)))
    }
    try end(&world)
    return world.trace
  }

  private mutating func conditions() -> NetworkConditions {
    NetworkConditions(
      lossPerMille: [0, 10, 50, 150].randomElement(using: &random) ?? 0,
      duplicatePerMille: [0, 20, 100].randomElement(using: &random) ?? 0,
      delay: .milliseconds(5)...(.milliseconds([5, 40, 300].randomElement(using: &random) ?? 5)))
  }

  private mutating func dial(_ index: Int, in world: inout World) throws(BrokenPromise) {
    let isWrong = Int.random(in: 0..<10, using: &random) == 0
    let request = cast.request(index, password: isWrong ? "wrong" : nil)
    try world.act(on: index) { agent, now, random in
      agent.dial(request, at: now, using: &random)
    }
  }

  /// One thing that people, machines or the network do.
  private mutating func act(in world: inout World) throws {
    let index = Int.random(in: 0..<clientCount, using: &random)
    switch Int.random(in: 0..<12, using: &random) {
    case 0...4: _ = try world.ping(index)
    case 5: world.network.conditions = conditions()
    case 6 where isBehindNAT: world.network.rebind(outer: Cast.natAddress)
    case 7:
      world.network.isCut.toggle()
    case 8:
      world.replace(index, with: try cast.client(index))
      try dial(index, in: &world)
    case 9:
      try world.act(on: index) { agent, now, random in
        agent.close(.requested, at: now, using: &random)
      }
    case 10: try closeSomething(in: &world)
    default: break
    }
  }

  /// The administrator closes a tunnel or a session at the gateway.
  private mutating func closeSomething(in world: inout World) throws(BrokenPromise) {
    let tunnels = world.gateway.owner.host.endpoint.tunnelViews.map(\.number)
    let sessions = world.gateway.owner.host.endpoint.sessionViews.map(\.id)
    let tunnel = tunnels.randomElement(using: &random)
    let session = sessions.randomElement(using: &random)
    let closesTunnel = Bool.random(using: &random)
    try world.actOnGateway { gateway, now, random in
      if closesTunnel, let tunnel {
        _ = gateway.host.endpoint.closeTunnel(tunnel, .administrator, at: now, using: &random)
      } else if let session {
        _ = gateway.host.endpoint.closeSession(session, .administrator, at: now, using: &random)
      }
    }
  }

  /// Everybody leaves; after the longest timer nothing may be left anywhere.
  private mutating func end(_ world: inout World) throws {
    world.network.isCut = false
    for index in 0..<clientCount {
      try world.act(on: index) { agent, now, random in
        agent.close(.requested, at: now, using: &random)
      }
    }
    // A client that crashed is found dead after 150 s; its tunnel's records last for the destruct
    // timeout, and an IPsec connection without a tunnel until its lifetime is over.
    try world.run(for: .seconds(200) + cast.rules.destructTimeout)
    try world.actOnGateway { gateway, now, random in
      gateway.host.endpoint.shutDown(at: now, using: &random)
    }
    try world.run(for: .seconds(200) + cast.rules.destructTimeout)
    let endpoint = world.gateway.owner.host.endpoint.residue
    guard endpoint == EndpointResidue(), world.gateway.owner.leaseCount == 0 else {
      throw BrokenPromise(
        rule: "nothing left", at: world.now,
        detail: "\(endpoint), \(world.gateway.owner.leaseCount) leases")
    }
  }
}
