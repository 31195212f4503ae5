import Broker
import ConnectionService
import Primitives

/// A process of a broker: the rules over the shared store, and what a server does around them.
final class BrokerNode {
  typealias Rules = Broker<MemoryStore>

  /// What befalls the next transaction that is long enough.
  struct Mishap {
    let failure: MemoryStore.Failure
    /// The process is gone with it; otherwise it lives on without the store's answer.
    let isDeadly: Bool
  }

  static let heartbeat = Duration.seconds(15)
  static let beatsPerRenewal = 2
  static let pollMilliseconds: Int64 = 250
  static let sweepMilliseconds: Int64 = 1_000
  static let retry = Duration.seconds(1)
  private static let followBatch = 200

  let index: Int
  let name: Name
  private let rules: Rules
  private(set) var life = 0
  private(set) var isRunning = false
  var mishap: Mishap?
  /// The last event that this process has seen; `nil` until it has looked.
  private(set) var head: UInt64?
  var streams: [DeviceStream] = []
  var grantStreams: [GrantStream] = []
  private var isPumpDue = false
  private var sweepDue: Instant?

  init(index: Int, name: Name, store: MemoryStore, policy: BrokerPolicy) {
    self.index = index
    self.name = name
    rules = Broker(name: name, store: store, policy: policy)
  }

  func isAlive(_ life: Int) -> Bool { isRunning && self.life == life }

  // The process

  func start(in world: ServiceWorld) {
    guard !isRunning else { return }
    life += 1
    isRunning = true
    head = nil
    isPumpDue = false
    sweepDue = nil
    mishap = nil
    world.note("broker \(name) starts")
    wake(after: .zero, in: world)
    planSweep(in: world)
  }

  /// Kill -9: whatever it was at is left as it stands in the store.
  func die(in world: ServiceWorld) {
    guard isRunning else { return }
    isRunning = false
    mishap = nil
    world.note("broker \(name) is killed")
    for stream in streams { world.cut(stream) }
    for stream in grantStreams { world.cut(stream) }
    streams = []
    grantStreams = []
  }

  /// Something this process does a moment later, unless it is killed before.
  func step(in world: ServiceWorld, _ body: @escaping (ServiceWorld) -> Void) {
    let life = life
    world.schedule(after: .milliseconds(Int64.random(in: 0...3, using: &world.random))) { world in
      if self.isAlive(life) { body(world) }
    }
  }

  func later(
    _ pause: Duration, in world: ServiceWorld, _ body: @escaping (ServiceWorld) -> Void
  ) {
    let life = life
    world.schedule(after: pause) { world in
      if self.isAlive(life) { body(world) }
    }
  }

  /// Uses the rules once; the mishap strikes if one waits.
  /// - Parameter changing: whether it may change what is in the store.
  func use<Result>(
    in world: ServiceWorld, changing: Bool = true,
    _ body: (Rules, inout SeededRandom) throws(Refusal) -> Result
  ) throws(Refusal) -> Result {
    let mishap = world.store.failure == nil ? self.mishap : nil
    if let mishap { world.store.failure = mishap.failure }
    defer {
      if changing { world.noteStoreUse(by: self) }
      if let mishap {
        let hasStruck = world.store.failure == nil
        world.store.failure = nil
        if hasStruck {
          self.mishap = nil
          world.count("store failed at a call")
          world.note("broker \(name): the store fails, \(mishap.failure)")
          if mishap.isDeadly { die(in: world) }
        }
      }
    }
    return try body(rules, &world.random)
  }

  // The pump

  /// The events are to be read on soon.
  func wake(after pause: Duration, in world: ServiceWorld) {
    guard isRunning, !isPumpDue else { return }
    isPumpDue = true
    later(pause, in: world) { world in
      self.isPumpDue = false
      self.pump(in: world)
    }
  }

  private func pump(in world: ServiceWorld) {
    do throws(Refusal) {
      guard let head else {
        let last = try use(in: world, changing: false) { (rules, _) throws(Refusal) in
          try rules.lastSequence()
        }
        self.head = last
        return
      }
      let events = try use(in: world, changing: false) { (rules, _) throws(Refusal) in
        try rules.follow(after: head, limit: Self.followBatch)
      }
      guard isRunning, let last = events.last else { return }
      self.head = last.sequence
      for stream in grantStreams { pass(events, on: stream, in: world) }
      for stream in streams where events.contains(where: { $0.product == stream.product }) {
        sendCommands(on: stream, in: world)
      }
      if events.count == Self.followBatch { wake(after: .zero, in: world) }
    } catch {
      wake(after: .milliseconds(Self.pollMilliseconds), in: world)
    }
  }

  /// Sweeps when something falls due, within the second.
  func planSweep(in world: ServiceWorld) {
    guard isRunning, let due = world.nextStoreDue else { return }
    let wait = Int64.random(in: 0...Self.sweepMilliseconds, using: &world.random)
    let at = max(world.now, due) + .milliseconds(wait)
    if let sweepDue, sweepDue <= at { return }
    sweepDue = at
    later(at - world.now, in: world) { world in
      guard self.sweepDue == at else { return }
      self.sweepDue = nil
      do throws(Refusal) {
        try self.use(in: world) { (rules, _) throws(Refusal) in try rules.sweep() }
      } catch {
        world.count("sweep failed")
      }
      self.planSweep(in: world)
    }
  }
}

extension Broker {
  /// Sequence of the last event; zero before the first.
  func lastSequence() throws(Refusal) -> UInt64 {
    try store.transact { (rows) throws(Refusal) in
      let query = EventQuery(organisation: nil, order: .descending(before: nil), limit: 1)
      return try rows.events(query).first?.sequence ?? 0
    }
  }
}
