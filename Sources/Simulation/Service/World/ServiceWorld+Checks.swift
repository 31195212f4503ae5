import Broker
import ConnectionService
import Gateway
import Primitives

/// The checkers of a world.
struct ServiceChecks {
  var dials: [DialChecker] = []
  var histories: [HistoryChecker] = []
  var events = ServiceEventChecker()
  var ends = EndChecker()
  var books = BrokerBooksChecker()
  var keys = KeyChecker()
  var secrets = SecretChecker()
  var grants = GrantChecker()
  var waits = WaitChecker()

  mutating func begin(agents: Int) {
    dials = Array(repeating: DialChecker(), count: agents)
    histories = Array(repeating: HistoryChecker(), count: agents)
  }
}

// What is held against the promises, and when.
extension ServiceWorld {
  func checkDial(_ tunnel: TunnelID, of agent: AgentNode) throws(BrokenPromise) {
    try checks.dials[agent.index].noteDial(
      for: agent.obeyed, isAnotherLive: agent.process?.tunnel?.isLive ?? false, at: now)
  }

  func check(_ records: [HistoryEvent], of agent: AgentNode) throws(BrokenPromise) {
    guard let process = agent.process else { return }
    for record in records {
      count("history: \(record.kind.rawValue)")
      checks.dials[agent.index].note(record)
      try checks.histories[agent.index].note(
        record, tunnelIsUp: process.tunnel?.isUp ?? false, life: process.life, at: now)
    }
  }

  /// CS-3: what the device's own ledger says.
  func checkLedger(of agent: AgentNode) throws(BrokenPromise) {
    guard let process = agent.process else { return }
    let state = process.engine.state
    let count = state.connections.count
    try promise(
      count <= 10 && process.engine.waitingCount <= 10, "CS-3", at: now,
      "agent \(agent.index) has \(count) connections")
    try promise(
      (state.phase == .up) == (count > 0), "CS-6", at: now,
      "agent \(agent.index) is \(state.phase) with \(count) connections")
    try promise(
      state.tunnel?.id == agent.file.openTunnel, "CS-15", at: now,
      "agent \(agent.index) and its file have different tunnels")
    try promise(
      process.answers.count <= AgentNode.answersMax, "bounds", at: now,
      "agent \(agent.index) keeps \(process.answers.count) answers")
  }

  func check(_ books: StoreBooks) throws(BrokenPromise) {
    for event in books.events {
      count("event: \(event.kind.rawValue)")
      if let reason = event.reason { count("reason: \(reason.rawValue)") }
      note("event \(event.summary)")
      let event = doctor(event)
      try checks.secrets.check(event, at: now)
      try checks.events.note(event, at: now)
      guard event.kind == .connectRequested, let id = event.connection, let tag = event.note else {
        continue
      }
      try checks.keys.note(id, for: tag, at: now)
    }
    for record in books.touched {
      try checks.ends.note(record.view, at: now)
      try checks.secrets.check(record.view, at: now)
    }
    for device in books.devices {
      try checks.books.check(
        device.record, live: device.live, commands: device.commands, at: now)
    }
  }

  func checkKey(
    _ wish: PersonNode.Wish, _ result: Result<ConnectionView, Refusal>
  ) throws(BrokenPromise) {
    guard case .success(let view) = result else { return }
    try checks.keys.note(view.id, for: wish.tag, at: now)
  }

  /// CS-22, CS-8: unknown and foreign look the same to the asker.
  func checkForeign<Reply>(
    _ result: Result<Reply, Refusal>, _ code: Refusal.Code
  ) throws(BrokenPromise) {
    switch result {
    case .success: throw BrokenPromise("CS-22", at: now, "a stranger was let in")
    case .failure(let refusal):
      let isRight =
        refusal.code == code || refusal.code == .brokerUnreachable
        || refusal.code == .storeUnavailable
      try promise(isRight, "CS-22", at: now, "a stranger hears \(refusal.code)")
    }
  }

  // The gateway

  /// CS-25.
  func checkForwarding(afterChange isChanged: Bool) throws(BrokenPromise) {
    guard isChanged || checks.grants.isWaiting else { return }
    let pairs = isChanged ? talkers() : lastTalkers
    lastTalkers = pairs
    try checks.grants.note(
      unjustified: pairs.unjustified, missing: pairs.missing,
      isFollowing: gateway.isFollowing(in: self), at: now)
  }

  /// Pairs of sessions, as `person 3, device 4`.
  struct Talkers {
    var unjustified: Set<String> = []
    var missing: Set<String> = []
  }

  private func talkers() -> Talkers {
    let allowed = Set(gateway.allowed.map { "sessions \($0.low.value), \($0.high.value)" })
    var justified: Set<String> = []
    let sessions = gateway.sessions.sorted { $0.key < $1.key }
    for device in books.devices {
      for record in device.live where record.view.phase == .up {
        let people = sessions.filter { $0.value.user == record.operatorVPNUser }
        let devices = sessions.filter {
          $0.value.user == record.view.productID.text
            && "\($0.value.address)" == record.view.vpnAddress
        }
        for person in people {
          for device in devices {
            guard let pair = SessionPair(person.key, device.key) else { continue }
            justified.insert("sessions \(pair.low.value), \(pair.high.value)")
          }
        }
      }
    }
    return Talkers(
      unjustified: allowed.subtracting(justified), missing: justified.subtracting(allowed))
  }

  // Time

  private static let establishmentMax = Duration.seconds(50 + 5 + 1)
  private static let unseenMax = Duration.seconds(5 + 1)
  private static let answerMax = Duration.seconds(60 + 3)

  func checkWaits() throws(BrokenPromise) {
    var waiting: [String: Duration] = [:]
    for agent in agents where agent.process?.engine.state.phase == .establishing {
      waiting["the tunnel of agent \(agent.index)"] = Self.establishmentMax
    }
    for agent in agents where agent.process?.engine.state.phase == .up {
      // The supervision looks every five seconds (CS-13).
      if agent.process?.tunnel?.isLive == true { continue }
      waiting["the end of the tunnel of agent \(agent.index)"] = Self.unseenMax
    }
    if store.failure == nil, brokers.contains(where: \.isRunning) {
      for device in books.devices {
        for record in device.live where record.view.phase != .up {
          waiting["\(record.view.id), \(record.view.phase.rawValue),"] = Self.answerMax
        }
      }
    }
    try checks.waits.note(waiting, at: now)
  }
}
