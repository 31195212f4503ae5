import ConnectionService
import Primitives

@testable import Broker

/// A device as its broker sees it: obeys commands, keeps history until it is acknowledged, reports.
final class ModelDevice {
  let product: ProductID
  var caller: Caller
  let token: String
  let instance: AgentInstance?
  let historyID: HistoryID?
  var epoch: UInt64 = 0
  var tunnel: TunnelID?
  var connections: [ConnectionID] = []
  var answers: [DeviceAnswer] = []
  var history: [HistoryEvent] = []
  private var used: Set<ConnectionID> = []
  private var answered: [UInt64: DeviceAnswer] = [:]
  private var sequence: UInt64 = 0

  /// - Parameters:
  ///   - instance: its own, where there are two agents with one product id.
  ///   - historyID: of its file; `nil` for an agent that does not say.
  init(
    _ product: ProductID, _ caller: Caller, _ token: String, as instance: AgentInstance? = nil,
    history historyID: HistoryID? = nil
  ) {
    self.instance = instance ?? AgentInstance("model")
    self.historyID = historyID
    self.product = product
    self.caller = caller
    self.token = token
  }

  func attach(to broker: Broker<MemoryStore>) throws(Refusal) {
    epoch = try broker.attach(caller, as: instance)
    try report(to: broker)
  }

  /// Obeys all commands, and reports.
  func work(
    _ broker: Broker<MemoryStore>, using random: inout SeededRandom
  ) throws(Refusal) {
    obey(try broker.commands(for: product, epoch: epoch), using: &random)
    try report(to: broker)
  }

  func obey(_ commands: [DeviceCommand], using random: inout SeededRandom) {
    for command in commands {
      let answer = answered[command.id] ?? answer(command, using: &random)
      answered[command.id] = answer
      answers.append(answer)
    }
  }

  private func answer(
    _ command: DeviceCommand, using random: inout SeededRandom
  ) -> DeviceAnswer {
    switch command.action {
    case .connect(let order):
      guard !used.contains(order.connection), connections.count < 10 else {
        let refusal = Refusal.closedBeforeUp(.requested)
        return DeviceAnswer(command: command.id, outcome: .refused(refusal: refusal))
      }
      return DeviceAnswer(
        command: command.id, outcome: .connected(facts: open(order, using: &random)))
    case .close(let connection, let reason):
      used.insert(connection)
      close(connection, reason)
      if connections.isEmpty { endTunnel(.tunnelClosed, .lastConnectionClosed) }
    case .closeAll(let reason):
      for connection in connections { close(connection, reason) }
      endTunnel(.tunnelClosed, reason)
    }
    return DeviceAnswer(command: command.id, outcome: .closed)
  }

  private func open(_ order: ConnectOrder, using random: inout SeededRandom) -> ConnectedFacts {
    let tunnel = self.tunnel ?? TunnelID(using: &random)
    if self.tunnel == nil { write(.tunnelEstablished) { $0.tunnel = tunnel } }
    self.tunnel = tunnel
    connections.append(order.connection)
    used.insert(order.connection)
    write(.connectionOpened) { $0.connection = order.connection }
    return facts(order.connection, tunnel, order.parameters.inactivitySeconds)
  }

  func facts(
    _ connection: ConnectionID, _ tunnel: TunnelID, _ requestedSeconds: Int64? = nil
  ) -> ConnectedFacts {
    ConnectedFacts(
      connection: connection, tunnel: tunnel, vpnAddress: "10.99.0.7",
      inactivity: InactivityTimeout(requestedSeconds: requestedSeconds))
  }

  private func close(_ connection: ConnectionID, _ reason: CloseReason) {
    guard connections.contains(connection) else { return }
    connections.removeAll { $0 == connection }
    write(.connectionClosed) {
      $0.connection = connection
      $0.reason = reason
    }
  }

  private func endTunnel(_ kind: HistoryEvent.Kind, _ reason: CloseReason) {
    guard let tunnel else { return }
    self.tunnel = nil
    write(kind) {
      $0.tunnel = tunnel
      $0.reason = reason
      $0.lastedSeconds = 77
      $0.bytes = 4096
    }
  }

  /// The tunnel is gone, and nobody asked for it.
  func loseTunnel(_ reason: CloseReason) {
    for connection in connections { close(connection, reason) }
    endTunnel(.unexpectedClose, reason)
  }

  /// The process is killed: what was in memory is gone, what is in history stays (CS-14).
  func restart() {
    answers = []
    answered = [:]
    loseTunnel(.internalError)
  }

  func write(_ kind: HistoryEvent.Kind, _ fill: (inout HistoryEvent) -> Void = { _ in }) {
    sequence += 1
    var line = HistoryEvent(
      sequence: sequence, time: Timestamp(milliseconds: Int64(sequence)), kind: kind)
    fill(&line)
    history.append(line)
  }

  var state: DeviceState {
    guard let tunnel else { return DeviceState(phase: .down) }
    return DeviceState(
      phase: .up,
      tunnel: TunnelState(
        id: tunnel, vpnAddress: "10.99.0.7", upSince: Timestamp(milliseconds: 5),
        inactivitySeconds: 1200, inactivityLeftSeconds: 900, receivedBytes: 1, sentBytes: 2),
      connections: connections.sorted())
  }

  /// What it would say now.
  var words: DeviceReport {
    DeviceReport(
      epoch: epoch, answers: Array(answers.prefix(DeviceReport.answersMax)), state: state,
      historyID: historyID, history: Array(history.prefix(DeviceReport.historyMax)))
  }

  /// Says it, and forgets what it need not say again.
  func report(to broker: Broker<MemoryStore>) throws(Refusal) {
    let words = words
    let receipt = try broker.receive(words, from: caller)
    answers.removeFirst(words.answers.count)
    history.removeAll { $0.sequence <= receipt.historyAcknowledged }
  }
}
