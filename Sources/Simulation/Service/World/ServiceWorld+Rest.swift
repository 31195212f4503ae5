import ConnectionService
import Primitives

// When nothing is under way any more, all books are equal.
extension ServiceWorld {
  /// - Parameter isEmpty: whether everything has been closed.
  func checkRest(isEmpty: Bool = false) throws(BrokenPromise) {
    for agent in agents {
      guard let process = agent.process, let device = books.device(agent.product) else { continue }
      var ledger = LedgerAtRest(product: agent.product)
      for record in device.live { ledger.broker[record.view.id] = record.view.phase }
      ledger.commands = device.commands.count
      ledger.agent = Set(process.engine.connections.map(\.id))
      ledger.agentPhase = process.engine.state.phase
      ledger.gateway = Set(
        gateway.table.entries.values.map(\.grant)
          .filter { $0.deviceUser == agent.product.text }.map(\.connection))
      ledger.untold = agent.file.sequence - agent.file.mark.acknowledged
      ledger.lostByHistory = checks.histories[agent.index].lost
      ledger.lostByEvents = checks.events.lost[agent.product] ?? []
      // Of two agents with one product id the events tell both histories.
      if agent.hasTwin { ledger.lostByEvents.formIntersection(ledger.lostByHistory) }
      try ledger.check(at: now)
      try promise(
        !isEmpty || ledger.broker.isEmpty, "at rest", at: now,
        "\(agent.product) has \(ledger.broker.count) connections after the last close")
      try promise(
        process.tunnel?.isLive != true || ledger.agentPhase == .up, "at rest", at: now,
        "\(agent.product) has a tunnel that nobody holds")
    }
    try promise(
      !isEmpty || gateway.allowed.isEmpty, "at rest", at: now,
      "the gateway lets \(gateway.allowed.count) pairs talk")
    count("ledgers equal at rest")
  }

  /// Devices that have no room for one more connection of everybody.
  var crowdedProducts: [ProductID] {
    books.devices.filter { $0.live.count + people.count > 10 }.map(\.record.product)
  }

  /// A removed device comes back with a new token, which its owner gives to the agent; one that was
  /// told to stop is started again.
  func enrolAgain(_ product: ProductID, after pause: Duration) {
    let administrator = administrator.token
    schedule(after: pause) { (world) throws(BrokenPromise) in
      guard let broker = world.brokers.first(where: \.isRunning), world.store.failure == nil,
        let token = try? broker.use(
          in: world,
          { (rules, random) throws(Refusal) in
            try ServiceWorld.enrol(
              product, rules, by: try rules.authenticate(administrator), using: &random)
          })
      else {
        world.enrolAgain(product, after: .seconds(5))
        return
      }
      world.note("\(product) is enrolled again")
      for agent in world.agents where agent.product == product {
        agent.token = token
        guard agent.process?.isSuperseded == true else { continue }
        agent.die(in: world)
        try agent.start(in: world)
      }
    }
  }
}
