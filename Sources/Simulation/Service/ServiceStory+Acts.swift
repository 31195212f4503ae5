import ConnectionService
import Primitives

// What people, machines and the network do in a story of the service.
extension ServiceStory {
  mutating func act(in world: ServiceWorld) throws(BrokenPromise) {
    switch Int.random(in: 0..<64, using: &random) {
    case 0...17: connect(in: world)
    case 18...23: close(in: world)
    case 24...26: closeAll(in: world)
    case 27...29: crowd(in: world)
    case 30...32: session(in: world)
    case 33...35: loseTunnel(in: world)
    case 36...37: talk(in: world)
    case 38...41: killAgent(in: world)
    case 42...44: try startAgents(in: world)
    case 45...47: breakBroker(in: world)
    case 48...49: for broker in world.brokers { broker.start(in: world) }
    case 50: restartGateway(in: world)
    case 51...53: cutStreams(in: world)
    case 54...55: changeNetwork(in: world)
    case 56: breakStore(in: world)
    case 57...58: moveClocks(in: world)
    case 59: try closeLocally(in: world)
    case 60: try removeDevice(in: world)
    case 61...62: stranger(in: world)
    default: world.isHealthy.toggle()
    }
  }

  mutating func wish(isNamed: Bool) -> PersonNode.Wish {
    wishes += 1
    let tag = (isNamed ? KeyChecker.mark : "r") + "\(wishes)"
    return PersonNode.Wish(tag: tag, key: isNamed ? tag : nil)
  }

  private mutating func person(in world: ServiceWorld) -> PersonNode {
    let own = world.people.filter { !$0.isForeign } + [world.administrator]
    return own.randomElement(using: &random) ?? world.administrator
  }

  private mutating func agent(in world: ServiceWorld) -> AgentNode {
    world.agents[Int.random(in: 0..<world.agents.count, using: &random)]
  }

  private mutating func broker(in world: ServiceWorld) -> BrokerNode {
    world.brokers[Int.random(in: 0..<world.brokers.count, using: &random)]
  }

  // People

  private mutating func connect(in world: ServiceWorld) {
    world.count("act: connect")
    let product = agent(in: world).product
    person(in: world).askFor(product, request(), wish(isNamed: chance(2)), in: world)
  }

  private mutating func request() -> ConnectRequest {
    let secret = SecretChecker.credentialMark + "\(wishes)"
    var request = ConnectRequest()
    request.inactivitySeconds =
      [nil, 0, -1, 299, 300, 301, 3_600, .max].randomElement(using: &random) ?? nil
    guard chance(3), let user = Name("device") else { return request }
    request.parameters = VPNParameters(
      gateway: "gateway.example",
      credentials: .given(
        GivenCredentials(
          preSharedKey: secret + "-key", user: user.text, password: secret + "-password")))
    return request
  }

  /// Many at once, some beyond the tenth (CS-3).
  private mutating func crowd(in world: ServiceWorld) {
    world.count("act: crowd")
    let product = agent(in: world).product
    for _ in 0..<Int.random(in: 3...13, using: &random) {
      person(in: world).askFor(product, request(), wish(isNamed: chance(2)), in: world)
    }
    if chance(3) { closeAll(product, in: world) }
  }

  private mutating func close(in world: ServiceWorld) {
    let person = person(in: world)
    let everybodys = world.people.flatMap(\.known) + world.administrator.known
    let ids = chance(4) ? everybodys : person.known
    guard let id = ids.suffix(12).randomElement(using: &random) else { return }
    world.count("act: close")
    world.note("person \(person.index) closes \(id)")
    for _ in 0..<(chance(5) ? 2 : 1) {
      person.close(id, wish(isNamed: chance(2)), in: world)
    }
  }

  private mutating func closeAll(in world: ServiceWorld) {
    closeAll(agent(in: world).product, in: world)
  }

  private mutating func closeAll(_ product: ProductID, in world: ServiceWorld) {
    world.count("act: closeall")
    let person = person(in: world)
    world.note("person \(person.index) closes all of \(product)")
    person.closeAll(product, wish(isNamed: chance(2)), in: world)
  }

  /// Of another organisation: nothing there exists for it (CS-22).
  private mutating func stranger(in world: ServiceWorld) {
    guard let stranger = world.people.first(where: \.isForeign) else { return }
    world.count("act: stranger")
    let product = agent(in: world).product
    stranger.connect(product, ConnectRequest(), wish(isNamed: true), in: world) {
      (world, result) throws(BrokenPromise) in try world.checkForeign(result, .deviceUnknown)
    }
    stranger.closeAll(product, wish(isNamed: false), in: world)
    if let id = world.people.flatMap(\.known).randomElement(using: &random) {
      stranger.close(id, wish(isNamed: false), in: world)
    }
  }

  private mutating func session(in world: ServiceWorld) {
    world.count("act: session")
    let person = person(in: world)
    if person.session == nil { person.dial(in: world) } else { person.hangUp(in: world) }
  }

  // Devices and tunnels

  private mutating func loseTunnel(in world: ServiceWorld) {
    let agent = agent(in: world)
    guard let tunnel = agent.process?.tunnel, tunnel.isUp else { return }
    world.count("act: tunnel lost")
    if chance(4) {
      world.vanish(tunnel, of: agent, isAbrupt: chance(2))
    } else {
      let reason: CloseReason =
        [.deadPeer, .peerClosed, .peerDeleted, .gatewayLost].randomElement(using: &random)
        ?? .deadPeer
      world.lose(tunnel, reason, of: agent, isAbrupt: reason == .deadPeer)
    }
  }

  private mutating func talk(in world: ServiceWorld) {
    guard let tunnel = agent(in: world).process?.tunnel else { return }
    world.talk(over: tunnel)
  }

  private mutating func killAgent(in world: ServiceWorld) {
    let agent = agent(in: world)
    if chance(3) {
      agent.die(in: world)
    } else {
      agent.stepsToLive = Int.random(in: 1...6, using: &random)
    }
  }

  private func startAgents(in world: ServiceWorld) throws(BrokenPromise) {
    for agent in world.agents {
      if agent.process?.isSuperseded == true { agent.die(in: world) }
      try agent.start(in: world)
    }
  }

  private mutating func closeLocally(in world: ServiceWorld) throws(BrokenPromise) {
    world.count("act: closed at the device")
    try agent(in: world).closeLocally(in: world)
  }

  private mutating func moveClocks(in world: ServiceWorld) {
    world.count("act: clock moved")
    let agent = agent(in: world)
    agent.wallClockError += .seconds(chance(2) ? 86_400 : -86_400)
    world.note("the clock of device \(agent.index) jumps")
  }

  /// Removed, and enrolled again a while later (register and delete race).
  private mutating func removeDevice(in world: ServiceWorld) throws(BrokenPromise) {
    let product = agent(in: world).product
    let broker = broker(in: world)
    guard broker.isRunning, world.store.failure == nil else { return }
    world.count("act: device removed")
    world.note("\(product) is removed")
    let token = world.administrator.token
    try? broker.use(in: world) { (rules, _) throws(Refusal) in
      try rules.removeDevice(product, by: try rules.authenticate(token))
    }
    world.enrolAgain(product, after: .seconds(Int64.random(in: 0...60, using: &random)))
  }

  // Machines and the network

  private mutating func breakBroker(in world: ServiceWorld) {
    let broker = broker(in: world)
    guard broker.isRunning else { return broker.start(in: world) }
    world.count("act: broker breaks")
    guard chance(2) else { return broker.die(in: world) }
    let call = Int.random(in: 1...25, using: &random)
    broker.mishap = BrokerNode.Mishap(
      failure: chance(3) ? .afterCommit : .atCall(call), isDeadly: chance(2))
  }

  private mutating func restartGateway(in world: ServiceWorld) {
    world.count("act: gateway restarts")
    world.gateway.die(in: world)
    let seconds = Int64.random(in: 0...30, using: &random)
    world.schedule(after: .seconds(seconds)) { world in world.gateway.start(in: world) }
  }

  private mutating func cutStreams(in world: ServiceWorld) {
    world.count("act: streams cut")
    let broker = broker(in: world)
    world.note("streams of broker \(broker.index) are cut")
    for stream in broker.streams where chance(2) { world.cut(stream) }
    for stream in broker.grantStreams where chance(2) { world.cut(stream) }
  }

  private mutating func changeNetwork(in world: ServiceWorld) {
    world.count("act: network changes")
    world.network.cut = []
    world.network.lossPerMille = [0, 0, 50, 300].randomElement(using: &random) ?? 0
    world.network.latePerMille = [0, 0, 100].randomElement(using: &random) ?? 0
    world.network.delayMilliseconds = 1...([5, 20, 150].randomElement(using: &random) ?? 20)
    for broker in 0..<world.brokers.count {
      for agent in 0..<world.agents.count where chance(6) {
        world.cut(Way(party: .agent(agent), broker: broker))
      }
      if chance(6) { world.cut(Way(party: .gateway, broker: broker)) }
    }
    world.note("the network: \(world.network.lossPerMille) lost, \(world.network.cut.count) cut")
  }

  /// Out of reach for a while; or one transaction fails, before or after it has happened.
  private mutating func breakStore(in world: ServiceWorld) {
    world.count("act: store unreachable")
    world.note("the store is out of reach")
    world.store.failure = .unreachable
    let seconds = Int64.random(in: 1...40, using: &random)
    world.schedule(after: .seconds(seconds)) { world in
      world.store.failure = nil
      world.note("the store is back")
    }
  }

  /// One in `count`.
  private mutating func chance(_ count: Int) -> Bool {
    Int.random(in: 0..<count, using: &random) == 0
  }
}

extension PersonNode {
  /// A connect of which nothing is demanded.
  func askFor(
    _ product: ProductID, _ request: ConnectRequest, _ wish: Wish, in world: ServiceWorld
  ) {
    var request = request
    request.note = wish.tag
    world.note("person \(index) asks for \(product), \(wish.tag)")
    connect(product, request, wish, in: world) { _, _ in }
  }
}
