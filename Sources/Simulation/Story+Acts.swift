import Agent
import Endpoint
import Gateway
import IKE
import L2TP
import Primitives

// What people, machines and the network do in a story.
extension Story {
  mutating func act(in world: inout World) throws {
    let index = Int.random(in: 0..<clientCount, using: &random)
    switch Int.random(in: 0..<45, using: &random) {
    case 0...9: try chat(in: &world)
    case 10...11: try ping(index, in: &world)
    case 12...13:
      let conditions = conditions()
      change(&world) { $0.conditions = conditions }
    case 14: change(&world) { $0.rebind(outer: Cast.natAddress) }
    case 15: change(&world) { $0.isCut.toggle() }
    case 16...19: try restart(index, in: &world)
    case 20...21: try leave(index, in: &world)
    case 22: try restartGateway(in: &world)
    case 23...24: try reload(in: &world)
    case 25: try closeTunnel(in: &world)
    case 26: try closeSession(in: &world)
    case 27: try closeConnection(in: &world)
    case 28...29: try askForAnotherSession(of: index, in: &world)
    case 30...31: try askForAnotherTunnel(on: index, in: &world)
    case 32...33: replay(in: &world)
    case 34: try spoof(index, in: &world)
    case 35...38: try standBetween(index, in: &world)
    case 39...40: try replayOld(in: &world)
    case 41...42: try forge(in: &world)
    case 43: try flood(index, in: &world)
    case 44: try askWithoutIPsec(in: &world)
    default: try chat(in: &world)
    }
  }

  /// Everybody who can talks for a while.
  mutating func chat(in world: inout World) throws(BrokenPromise) {
    world.count("act: chat")
    let gap = [100, 400, 2_000].randomElement(using: &random) ?? 400
    for _ in 0..<Int.random(in: 1...30, using: &random) {
      for index in 0..<clientCount { try world.ping(index) }
      try world.run(for: .milliseconds(gap))
    }
  }

  private func ping(_ index: Int, in world: inout World) throws(BrokenPromise) {
    world.count("act: ping")
    try world.ping(index)
  }

  private mutating func change(_ world: inout World, _ change: (inout VirtualNetwork) -> Void) {
    change(&world.network)
    world.noteDisturbance()
    world.note("network: \(world.network.conditions)\(world.network.isCut ? ", cut" : "")")
    world.count("act: the network changes")
  }

  /// A client crashes; the one after it dials anew.
  private mutating func restart(_ index: Int, in world: inout World) throws {
    world.count("act: a client restarts")
    let mistake = drawMistake()
    try world.replace(index, cast, mistake: mistake)
    try dial(index, mistake, in: &world)
  }

  private func leave(_ index: Int, in world: inout World) throws(BrokenPromise) {
    world.count("act: a client leaves")
    world.note("client \(index) leaves")
    try world.act(on: index) { $0.close(.requested, at: $1, using: &$2) }
  }

  /// The gateway ends, in order or not, and another one stands in its place.
  private mutating func restartGateway(in world: inout World) throws {
    world.count("act: the gateway restarts")
    if Bool.random(using: &random) {
      world.note("the gateway shuts down")
      try world.actOnGateway { $0.host.endpoint.shutDown(at: $1, using: &$2) }
    }
    try world.replaceGateway()
  }

  private mutating func reload(in world: inout World) throws {
    world.count("act: the gateway reloads")
    cast.rules = TunnelRules.random(using: &random)
    try world.reload(cast)
  }

  private mutating func closeTunnel(in world: inout World) throws(BrokenPromise) {
    let numbers = world.gateway.owner.host.endpoint.tunnelViews.map(\.number)
    guard let number = numbers.randomElement(using: &random) else { return }
    world.count("act: a tunnel is closed")
    world.note("the administrator closes tunnel \(number)")
    try world.actOnGateway {
      _ = $0.host.endpoint.closeTunnel(number, .administrator, at: $1, using: &$2)
    }
  }

  private mutating func closeSession(in world: inout World) throws(BrokenPromise) {
    let ids = world.gateway.owner.host.endpoint.sessionViews.map(\.id)
    guard let id = ids.randomElement(using: &random) else { return }
    world.count("act: a session is closed")
    world.note("the administrator closes session \(id.value)")
    try world.actOnGateway {
      _ = $0.host.endpoint.closeSession(id, .administrator, at: $1, using: &$2)
    }
    // It closes in order, so its user's packets may still find it or not.
    world.noteDisturbance()
  }

  private mutating func closeConnection(in world: inout World) throws(BrokenPromise) {
    let ids = world.gateway.owner.host.endpoint.carrierViews.compactMap(\.connection)
    guard let id = ids.randomElement(using: &random) else { return }
    world.count("act: a connection is closed")
    world.note("the administrator closes \(id)")
    try world.actOnGateway {
      _ = $0.host.endpoint.closeConnection(id, .administrator, at: $1, using: &$2)
    }
  }

  /// LT-4: a client asks for one more session in its tunnel.
  private mutating func askForAnotherSession(
    of index: Int, in world: inout World
  ) throws(BrokenPromise) {
    let endpoint = world.clients[index].host.owner.host.endpoint.tunnelViews
    guard let number = endpoint.last(where: { $0.end == nil })?.number else { return }
    world.count("act: another session is asked for")
    world.note("client \(index) asks for another session in tunnel \(number)")
    try world.act(on: index) {
      _ = $0.host.endpoint.openSession(in: number, at: $1, using: &$2)
    }
  }

  /// LT-6, LT-8: a client asks for one more tunnel on its IPsec connection, by a bare SCCRQ.
  private mutating func askForAnotherTunnel(
    on index: Int, in world: inout World
  ) throws(BrokenPromise) {
    let views = world.clients[index].host.owner.host.endpoint.carrierViews
    guard let carrier = views.last?.id else { return }
    world.count("act: another tunnel is asked for")
    world.note("client \(index) asks for another tunnel on connection \(carrier.value)")
    try world.act(on: index) { agent, now, random in
      var tunnel = Tunnel(
        opening: TunnelConfiguration(hostName: "another"), localID: random.nonZero(), at: now,
        using: &random)
      guard let message = tunnel.nextTransmit() else { return }
      agent.host.dataplane.sendL2TPControl(
        message, on: carrier, peerPort: 1701, into: &agent.host.control)
    }
  }

  /// Somebody on the way sends an old packet again, from where it came or from elsewhere.
  private mutating func replay(in world: inout World) {
    guard var packet = world.capture.randomElement(using: &random) else { return }
    world.count("act: a packet is replayed")
    let isFromElsewhere = Bool.random(using: &random)
    if isFromElsewhere {
      packet.source.address = cast.intruderAddress
      if cast.natTraversal != .off { world.intruder.hasHeldBack = true }
    }
    world.note("a packet to \(packet.destination) is replayed from \(packet.source)")
    world.inject(packet)
  }

  /// A user claims to be another.
  private mutating func spoof(_ index: Int, in world: inout World) throws(BrokenPromise) {
    world.count("act: an address is spoofed")
    let other = IPv4Address(10, 66, 0, UInt8.random(in: 2...20, using: &random))
    guard case .up(let facts) = world.clients[index].host.owner.phase,
      facts.localAddress != other
    else { return }
    try world.ping(index, from: other)
  }
}
