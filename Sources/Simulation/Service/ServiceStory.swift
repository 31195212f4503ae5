import ConnectionService
import Primitives

/// A run of the whole service, made up from one seed: brokers, devices, a gateway and people, what
/// befalls them, and the promises that must hold all the while.
public struct ServiceStory {
  public let seed: UInt64
  var random: SeededRandom
  private let brokers: Int
  private let devices: Int
  private let people: Int
  private let twins: Set<Int>
  private let fault: PlantedFault?
  var wishes = 0

  /// - Parameter fault: put in on purpose, to see it noticed.
  public init(seed: UInt64, fault: PlantedFault? = nil) {
    self.seed = seed
    self.fault = fault
    random = SeededRandom(seed: seed)
    brokers = Int.random(in: 1...2, using: &random)
    devices = Int.random(in: 1...3, using: &random)
    people = Int.random(in: 1...3, using: &random)
    let hasTwins = Int.random(in: 0..<6, using: &random) == 0
    twins = hasTwins ? [0] : []
  }

  /// Plays the story to its end or to the first broken promise.
  ///
  /// - Throws: only when the run could not begin.
  public mutating func play() throws -> Play {
    let world = try ServiceWorld(
      seed: random.next(), brokers: brokers, devices: devices, people: people, twins: twins,
      fault: fault)
    var broken: BrokenPromise?
    do throws(BrokenPromise) {
      try begin(world)
      for _ in 0..<Int.random(in: 10...40, using: &random) {
        try act(in: world)
        try world.run(for: pause())
      }
      try end(world)
    } catch {
      broken = error
    }
    return Play(trace: world.trace, tally: world.tally, broken: broken)
  }

  private mutating func begin(_ world: ServiceWorld) throws(BrokenPromise) {
    try world.startAll()
    try world.run(for: .seconds(5))
    for person in world.people where Bool.random(using: &random) { person.dial(in: world) }
    world.isHealthy = Int.random(in: 0..<3, using: &random) == 0
  }

  /// Mostly moments, so that things meet; now and then long enough for every timer.
  private mutating func pause() -> Duration {
    switch Int.random(in: 0..<12, using: &random) {
    case 0...4: .milliseconds(Int64.random(in: 0...50, using: &random))
    case 5...7: .milliseconds(Int64.random(in: 0...3_000, using: &random))
    case 8...10: .milliseconds(Int64.random(in: 0...60_000, using: &random))
    default: .seconds(Int64.random(in: 60...400, using: &random))
    }
  }

  // The end

  /// Everything is healed. A connect to any device stands, people and devices talk, all books are
  /// equal; then everything is closed, and they are equal again, and empty.
  private mutating func end(_ world: ServiceWorld) throws(BrokenPromise) {
    try heal(world)
    // Streams come back, dead peers are found, answers that are overdue are given up.
    try world.run(for: .seconds(420))
    try world.checkRest()
    for product in world.crowdedProducts {
      world.administrator.closeAll(product, wish(isNamed: true), in: world)
    }
    try world.run(for: .seconds(30))
    for person in world.people where !person.isForeign { person.dial(in: world) }
    var hopes: [Hope] = []
    for agent in world.agents where agent.process != nil {
      for person in world.people.prefix(2) where !person.isForeign {
        hopes.append(connect(agent.product, of: person, in: world))
      }
    }
    try world.run(for: .seconds(10))
    for hope in hopes { try hope.check(at: world.now) }
    try world.run(for: .seconds(5))
    try world.checkRest()
    world.note("the end: everything is closed")
    for product in Set(world.agents.map(\.product)).sorted() {
      world.administrator.closeAll(product, wish(isNamed: true), in: world)
    }
    try world.run(for: .seconds(90))
    try world.checkRest(isEmpty: true)
  }

  private func heal(_ world: ServiceWorld) throws(BrokenPromise) {
    world.note("the end: everything is healed")
    world.network = ServiceNetwork()
    world.store.failure = nil
    world.isHealthy = true
    for broker in world.brokers {
      broker.mishap = nil
      broker.start(in: world)
    }
    world.gateway.start(in: world)
    // Of two with the same product id, the first stays alone; what the other has asked for is
    // served meanwhile.
    for (former, agent) in zip(world.agents, world.agents.dropFirst())
    where former.product == agent.product { agent.die(in: world) }
    try world.run(for: .seconds(5))
    for (index, agent) in world.agents.enumerated() {
      agent.stepsToLive = nil
      if index > 0, world.agents[index - 1].product == agent.product { continue }
      if agent.process?.isSuperseded == true { agent.die(in: world) }
      try agent.start(in: world)
    }
  }

  /// A connect on an online, healthy device: it has to stand.
  private mutating func connect(
    _ product: ProductID, of person: PersonNode, in world: ServiceWorld
  ) -> Hope {
    let hope = Hope(product: product)
    person.connect(product, ConnectRequest(), wish(isNamed: true), in: world) { _, result in
      hope.result = result
    }
    return hope
  }
}

/// A connect that has to stand.
private final class Hope {
  let product: ProductID
  var result: Result<ConnectionView, Refusal>?

  init(product: ProductID) { self.product = product }

  func check(at now: Instant) throws(BrokenPromise) {
    guard case .success(let view) = result, view.phase == .up else {
      throw BrokenPromise(
        "liveness", at: now, "a connect to \(product) came to \(result?.summary ?? "nothing")")
    }
  }
}
