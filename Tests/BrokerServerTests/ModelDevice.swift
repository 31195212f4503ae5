import BrokerClient
import ConnectionService
import Primitives

/// A device's agent as a broker sees it: answers every command at once, and dials nothing.
actor ModelDevice {
  let product: ProductID
  private let client: BrokerClient
  private let instance: AgentInstance
  private var epoch: UInt64 = 0
  private var connections: Set<ConnectionID> = []
  private var tunnel: TunnelID?
  private(set) var isSuperseded = false
  private(set) var commands: [DeviceCommand] = []
  private let answersConnects: Bool

  init(_ product: ProductID, client: BrokerClient, answersConnects: Bool = true) {
    self.product = product
    self.client = client
    var random = SystemRandomNumberGenerator()
    instance = AgentInstance(using: &random)
    self.answersConnects = answersConnects
  }

  /// Attaches and serves until the stream ends or the task is cancelled.
  func run(onAttached: @escaping @Sendable () -> Void) async throws {
    for try await event in client.deviceStream(as: instance) {
      switch event {
      case .attached(let epoch, _):
        self.epoch = epoch
        try await report([])
        onAttached()
      case .command(let command):
        commands.append(command)
        if let answer = answer(command) { try await report([answer]) }
      case .superseded: isSuperseded = true
      case .heartbeat: continue
      }
    }
  }

  private func answer(_ command: DeviceCommand) -> DeviceAnswer? {
    var random = SystemRandomNumberGenerator()
    switch command.action {
    case .connect(let order):
      guard answersConnects else { return nil }
      let tunnel = tunnel ?? TunnelID(using: &random)
      self.tunnel = tunnel
      connections.insert(order.connection)
      let facts = ConnectedFacts(
        connection: order.connection, tunnel: tunnel, vpnAddress: "10.99.0.7",
        inactivity: InactivityTimeout(requestedSeconds: order.parameters.inactivitySeconds))
      return DeviceAnswer(command: command.id, outcome: .connected(facts: facts))
    case .close(let connection, _):
      connections.remove(connection)
    case .closeAll:
      connections.removeAll()
    }
    if connections.isEmpty { tunnel = nil }
    return DeviceAnswer(command: command.id, outcome: .closed)
  }

  private func report(_ answers: [DeviceAnswer]) async throws {
    let state = tunnel.map { tunnel in
      DeviceState(
        phase: .up,
        tunnel: TunnelState(
          id: tunnel, vpnAddress: "10.99.0.7", upSince: Timestamp(milliseconds: 0),
          inactivitySeconds: 1200, inactivityLeftSeconds: 1200, receivedBytes: 0, sentBytes: 0),
        connections: connections.sorted())
    }
    _ = try await client.post(
      DeviceReport(
        epoch: epoch, answers: answers, state: state ?? DeviceState(phase: .down), history: []))
  }
}

extension RunningBroker {
  /// Enrols a device and lets it serve while `body` runs.
  func withDevice(
    _ name: String, answersConnects: Bool = true,
    _ body: @escaping @Sendable (ModelDevice) async throws -> Void
  ) async throws {
    let product = try ProductID(name).orFail()
    let device = ModelDevice(
      product, client: try client(try await enrol(product)), answersConnects: answersConnects)
    let (attached, signal) = AsyncStream<Void>.makeStream()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        defer { signal.finish() }
        try await device.run { signal.yield() }
      }
      var attachments = attached.makeAsyncIterator()
      guard await attachments.next() != nil else {
        try await group.waitForAll()
        throw Missing()
      }
      try await body(device)
      group.cancelAll()
      do { try await group.waitForAll() } catch is Refusal {}
    }
  }
}
