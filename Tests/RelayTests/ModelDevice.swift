import BrokerClient
import ConnectionService
import Primitives

/// A device's agent as a broker sees it: answers at once, loses its tunnel when told.
actor ModelDevice {
  private let client: BrokerClient
  private let instance: AgentInstance
  private var epoch: UInt64 = 0
  private var connections: Set<ConnectionID> = []
  private(set) var tunnel: TunnelID?
  private(set) var orders: [ConnectOrder] = []
  private var sequence: UInt64 = 0
  private var random = SystemRandomNumberGenerator()

  init(client: BrokerClient) {
    self.client = client
    instance = AgentInstance(using: &random)
  }

  /// Attaches again and again until the task is cancelled.
  func run() async {
    while !Task.isCancelled {
      do {
        for try await event in client.deviceStream(as: instance) { try await take(event) }
      } catch {}
      try? await Task.sleep(for: .milliseconds(200))
    }
  }

  private func take(_ event: DeviceStreamEvent) async throws {
    switch event {
    case .attached(let epoch, _):
      self.epoch = epoch
      try await report([])
    case .command(let command):
      try await report([DeviceAnswer(command: command.id, outcome: outcome(of: command.action))])
    case .superseded, .heartbeat: return
    }
  }

  private func outcome(of action: DeviceCommand.Action) -> DeviceAnswer.Outcome {
    switch action {
    case .connect(let order):
      orders.append(order)
      let tunnel = tunnel ?? TunnelID(using: &random)
      self.tunnel = tunnel
      connections.insert(order.connection)
      return .connected(
        facts: ConnectedFacts(
          connection: order.connection, tunnel: tunnel, vpnAddress: "10.99.0.7",
          inactivity: InactivityTimeout(requestedSeconds: order.parameters.inactivitySeconds)))
    case .close(let connection, _): connections.remove(connection)
    case .closeAll: connections = []
    }
    if connections.isEmpty { tunnel = nil }
    return .closed
  }

  /// The tunnel is gone, and nobody asked for it.
  func loseTunnel(_ reason: CloseReason) async throws {
    sequence += 1
    var line = HistoryEvent(
      sequence: sequence, time: Timestamp(milliseconds: 0), kind: .unexpectedClose)
    line.tunnel = tunnel
    line.reason = reason
    tunnel = nil
    connections = []
    try await report([], [line])
  }

  private func report(_ answers: [DeviceAnswer], _ history: [HistoryEvent] = []) async throws {
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
        epoch: epoch, answers: answers, state: state ?? DeviceState(phase: .down),
        history: history))
  }
}
