import Broker
import ConnectionService
import Gateway
import Primitives

/// Brokers on one store, devices' agents, a gateway and people, in virtual time.
///
/// The rules of brokers, the ledger of agents and the table of the gateway are those of production;
/// what is around them, from the stream to the file, is a model. After every step all promises that
/// the step can have touched are checked.
public final class ServiceWorld {
  typealias Occasion = (ServiceWorld) throws(BrokenPromise) -> Void

  private static let clockOrigin = Timestamp(milliseconds: 1_800_000_000_000)

  let store: MemoryStore
  public private(set) var now = Instant.zero
  var random: SeededRandom
  var network = ServiceNetwork()
  let fault: PlantedFault?
  public private(set) var trace = Trace()
  public private(set) var tally = Tally()

  let brokers: [BrokerNode]
  private(set) var agents: [AgentNode] = []
  let gateway: GatewayNode
  let people: [PersonNode]
  let administrator: PersonNode

  private var agenda = Agenda<Occasion>()
  /// Whether tunnels come up as they should, and at once.
  var isHealthy = true
  var tunnelNumbers = 0

  // What the checkers know.
  var checks = ServiceChecks()
  /// What the store held after the last step that changed it.
  private(set) var books = StoreBooks()
  private var lastUser: BrokerNode?
  private var changedAgents: [AgentNode] = []
  var isGatewayChanged = false
  /// Who talked, or should have, when it was looked at last.
  var lastTalkers = Talkers()

  /// - Parameters:
  ///   - twins: devices whose product id a second agent has, too.
  ///   - fault: put in on purpose.
  public init(
    seed: UInt64, brokers brokerCount: Int, devices: Int, people peopleCount: Int,
    twins: Set<Int> = [], fault: PlantedFault? = nil
  ) throws(Refusal) {
    var random = SeededRandom(seed: seed)
    let store = MemoryStore(clock: Self.clockOrigin)
    let parameters = VPNParameters(credentials: .named(try Self.name("home")))
    var policy = BrokerPolicy(defaultParameters: parameters)
    policy.answerDue = .seconds(60)
    var brokers: [BrokerNode] = []
    for index in 0..<brokerCount {
      brokers.append(
        BrokerNode(
          index: index, name: try Self.name("broker\(index)"), store: store, policy: policy))
    }
    let rules = Broker(name: try Self.name("setup"), store: store, policy: policy)
    let made = try Self.populate(
      rules, devices: devices, people: peopleCount, using: &random)
    self.fault = fault
    self.random = random
    self.store = store
    self.brokers = brokers
    administrator = made.administrator
    people = made.people
    gateway = GatewayNode(token: made.gatewayToken)
    for (index, device) in made.devices.enumerated() {
      for _ in 0..<(twins.contains(index) ? 2 : 1) {
        agents.append(
          AgentNode(
            index: agents.count, product: device.product, token: device.token,
            hasTwin: twins.contains(index)))
      }
    }
    checks.begin(agents: agents.count)
    lastUser = brokers.first
  }

  // Time

  func schedule(at time: Instant, _ occasion: @escaping Occasion) {
    agenda.add(occasion, at: max(time, now))
  }

  func schedule(after pause: Duration, _ occasion: @escaping Occasion) {
    schedule(at: now + pause, occasion)
  }

  /// The time that a right wall clock shows.
  var wallClock: Timestamp { Self.clockOrigin + (now - .zero) }

  /// Lets everything happen that happens within the time; stops at the first broken promise.
  public func run(for span: Duration) throws(BrokenPromise) {
    let until = now + span
    while let next = agenda.next, next <= until, let due = agenda.popNext() {
      now = max(now, due.at)
      store.clock = wallClock
      try due.occasion(self)
      try checkStep()
    }
    now = until
    store.clock = wallClock
    try checkStep()
  }

  // Notes

  func note(_ text: String) { trace.note(now, text) }
  func count(_ what: String, times: Int = 1) { tally.count(what, times: times) }

  func noteStoreUse(by broker: BrokerNode) { lastUser = broker }

  func noteChange(of agent: AgentNode) {
    if !changedAgents.contains(where: { $0 === agent }) { changedAgents.append(agent) }
  }

  // What is looked at after every step

  private func checkStep() throws(BrokenPromise) {
    let isStoreChanged = lastUser != nil
    if let user = lastUser {
      lastUser = nil
      try readBooks(after: user)
    }
    for agent in changedAgents { try checkLedger(of: agent) }
    changedAgents = []
    try checkForwarding(afterChange: isGatewayChanged || isStoreChanged)
    isGatewayChanged = false
    try checkWaits()
  }

  private func readBooks(after user: BrokerNode) throws(BrokenPromise) {
    let failure = store.failure
    store.failure = nil
    let before = books
    do throws(Refusal) {
      books = try StoreBooks(store, after: before, products: agents.map(\.product))
    } catch {
      preconditionFailure("A store in memory that does not fail can be read.")
    }
    store.failure = failure
    try check(books)
    if !books.events.isEmpty {
      for broker in brokers {
        let poll = Int64.random(in: 0...BrokerNode.pollMilliseconds, using: &random)
        broker.wake(after: broker === user ? .milliseconds(1) : .milliseconds(poll), in: self)
      }
    }
    for broker in brokers { broker.planSweep(in: self) }
  }

  /// When the store has something that falls due.
  var nextStoreDue: Instant? { books.due.map { now + ($0 - wallClock) } }
}
