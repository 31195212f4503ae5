import ConnectionService
import Primitives

@testable import Agent

/// A connection agent in virtual time, with what it wanted done so far.
struct ConnectionBench: ~Copyable {
  var agent: ConnectionAgent
  var now = Instant.zero
  var time = Timestamp(milliseconds: 1_800_000_000_000)
  var random = SeededRandom(seed: 7)
  private(set) var outputs: [ConnectionAgentOutput] = []
  private var commandNext: UInt64 = 1

  static let reading = TunnelReading(vpnAddress: "10.99.0.7", inactivityLeft: .seconds(1200))

  static let history: HistoryID = {
    var random = SeededRandom(seed: 77)
    return HistoryID(using: &random)
  }()

  init(
    after remainder: Remainder = Remainder(historyMark: HistoryMark(id: history)),
    epoch: UInt64? = 1
  ) {
    agent = ConnectionAgent(after: remainder, time: time)
    if let epoch { agent.attached(epoch: epoch) }
    drain()
  }

  mutating func drain() {
    while let output = agent.nextOutput() { outputs.append(output) }
  }

  mutating func forget() { outputs = [] }

  mutating func advance(_ duration: Duration) {
    now = now + duration
    time = time + duration
    agent.handleTimeout(at: now, time: time)
    drain()
  }

  mutating func observe(_ state: VPNAgentState) {
    agent.observe(state, at: now, time: time)
    drain()
  }

  /// A report with the lines that the broker lacks, answered with how far it has them then.
  mutating func report(acknowledged: UInt64) {
    let report = DeviceReport(
      epoch: 1, answers: [], state: agent.state, historyID: agent.historyMark.id, history: untold)
    agent.historyAcknowledged(through: acknowledged, of: report, using: &random)
  }

  /// The lines that the broker lacks, by their sequences.
  var untold: [HistoryEvent] {
    (agent.historyAcknowledged..<agent.historySequence).map { before in
      HistoryEvent(sequence: before + 1, time: time, kind: .agentStarted)
    }
  }

  /// Sends a command and returns its id.
  @discardableResult
  mutating func send(
    _ action: DeviceCommand.Action, id: UInt64? = nil, epoch: UInt64 = 1
  ) -> UInt64 {
    let id = id ?? commandNext
    commandNext = max(commandNext, id) + 1
    agent.receive(
      DeviceCommand(id: id, epoch: epoch, action: action), at: now, time: time, using: &random)
    drain()
    return id
  }

  @discardableResult
  mutating func connect(
    _ connection: ConnectionID, idle: Int64? = nil, id: UInt64? = nil, epoch: UInt64 = 1
  ) -> UInt64 {
    send(.connect(order: Self.order(connection, idle: idle)), id: id, epoch: epoch)
  }

  /// A tunnel with so many connections, and nothing in the outputs.
  mutating func bringUp(_ count: Int = 1) -> [ConnectionID] {
    let ids = (0..<count).map { Self.connection($0) }
    for id in ids { connect(id) }
    observe(.dialling)
    observe(.up(Self.reading))
    forget()
    return ids
  }

  static func connection(_ number: Int) -> ConnectionID {
    var random = SeededRandom(seed: UInt64(1000 + number))
    return ConnectionID(using: &random)
  }

  static func order(_ connection: ConnectionID, idle: Int64? = nil) -> ConnectOrder {
    ConnectOrder(
      connection: connection, organisation: name("acme"), user: name("olga"),
      parameters: VPNParameters(credentials: .named(name("site")), inactivitySeconds: idle))
  }

  static func name(_ text: String) -> Name {
    guard let name = Name(text) else { preconditionFailure("the test's names are names") }
    return name
  }

  // What came out

  var records: [HistoryEvent] {
    outputs.compactMap { if case .record(let event) = $0 { event } else { nil } }
  }

  var kinds: [HistoryEvent.Kind] { records.map(\.kind) }

  var answers: [DeviceAnswer] {
    outputs.compactMap { if case .answer(let answer) = $0 { answer } else { nil } }
  }

  var dials: [InactivityTimeout] {
    outputs.compactMap { if case .dial(_, let inactivity, _) = $0 { inactivity } else { nil } }
  }

  var closes: [CloseReason] {
    outputs.compactMap { if case .closeTunnel(let reason) = $0 { reason } else { nil } }
  }

  func answer(to command: UInt64) -> DeviceAnswer.Outcome? {
    answers.last { $0.command == command }?.outcome
  }

  func facts(of command: UInt64) -> ConnectedFacts? {
    if case .connected(let facts) = answer(to: command) { facts } else { nil }
  }

  func refusal(of command: UInt64) -> Refusal.Code? {
    if case .refused(let refusal) = answer(to: command) { refusal.code } else { nil }
  }
}
