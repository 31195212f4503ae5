import Agent
import BrokerClient
import ConnectionService
import Control
import Cryptography
import Logging
import Primitives

/// The connection agent with its history and its VPN agent around it, without a thread or a clock.
///
/// After every input: records first, in one transaction; then everything else. What throws is the
/// history: an agent that cannot record does nothing more.
struct AgentCore: ~Copyable {
  /// Answers that wait to be posted; the oldest are forgotten, for the commands come again.
  static let answersMax = 256

  private(set) var agent: ConnectionAgent
  let history: HistoryStore
  private let dialler: any Dialler
  private let onTunnelChange: @Sendable () -> Void
  private let logger: Logger
  private var random = SystemRandom()
  private var tunnel: (id: TunnelID, dialled: any DialledTunnel)?
  private(set) var answers: [DeviceAnswer] = []
  /// Counts the reports of an attachment: the broker ignores the state in one that comes late.
  private var reportNumber: UInt64 = 0
  /// Something is to be told that no report has told yet.
  private var hasNews = false

  /// There is somebody to tell it to, too: nobody may wait for a report while nobody is attached.
  var isReportDue: Bool { hasNews && agent.epoch != nil }

  /// - Parameter onTunnelChange: called on any thread; `supervise` is wanted soon.
  /// - Throws: what keeps the history from being read.
  static func make(
    history: HistoryStore, dialler: any Dialler, logger: Logger, time: Timestamp,
    onTunnelChange: @escaping @Sendable () -> Void
  ) throws(ControlError) -> AgentCore {
    AgentCore(
      agent: ConnectionAgent(after: try history.remainder(), time: time), history: history,
      dialler: dialler, logger: logger, onTunnelChange: onTunnelChange)
  }

  private init(
    agent: consuming ConnectionAgent, history: HistoryStore, dialler: any Dialler, logger: Logger,
    onTunnelChange: @escaping @Sendable () -> Void
  ) {
    self.agent = agent
    self.history = history
    self.dialler = dialler
    self.logger = logger
    self.onTunnelChange = onTunnelChange
  }

  // Inputs

  /// Writes what became of the process before (CS-14); the first input.
  mutating func begin(time: Timestamp) throws(ControlError) {
    try settle(at: .zero, time: time)
  }

  mutating func attached(epoch: UInt64, at now: Instant, time: Timestamp) throws(ControlError) {
    // What the broker still waits for, it asks again on the new stream.
    answers = []
    reportNumber = 0
    agent.attached(epoch: epoch)
    try settle(at: now, time: time)
  }

  mutating func detached() { agent.detached() }

  mutating func receive(
    _ command: DeviceCommand, at now: Instant, time: Timestamp
  ) throws(ControlError) {
    // A tunnel that ended a moment ago must not be taken for one that stands.
    try supervise(at: now, time: time)
    agent.receive(command, at: now, time: time, using: &random)
    try settle(at: now, time: time)
  }

  mutating func closeAll(
    _ reason: CloseReason, at now: Instant, time: Timestamp
  ) throws(ControlError) -> Int {
    try supervise(at: now, time: time)
    let count = agent.connections.count + agent.waitingCount
    agent.closeAll(reason, at: now, time: time)
    try settle(at: now, time: time)
    return count
  }

  /// Looks at the VPN agent and at the clock.
  mutating func supervise(at now: Instant, time: Timestamp) throws(ControlError) {
    let state = tunnel?.dialled.state ?? .down
    agent.observe(state, at: now, time: time)
    agent.handleTimeout(at: now, time: time)
    try settle(at: now, time: time)
    if case .over(let reason, let detail) = state { try bury(reason, detail, time: time) }
    tunnel?.dialled.refresh()
  }

  /// Closes what there still is of the tunnel without a record: the next start writes what became
  /// of it.
  func abandon() { tunnel?.dialled.close(.internalError) }

  var nextTimeout: Instant? { agent.nextTimeout }

  var isDown: Bool { agent.state.phase == .down }

  // Reports

  /// What is to be posted now; `nil` while no broker is attached.
  mutating func report() throws(ControlError) -> DeviceReport? {
    guard let epoch = agent.epoch else { return nil }
    hasNews = false
    reportNumber += 1
    var state = agent.state
    state.number = reportNumber
    let mark = agent.historyMark
    return DeviceReport(
      epoch: epoch, answers: Array(answers.prefix(DeviceReport.answersMax)), state: state,
      historyID: mark.id,
      history: try history.events(after: mark.acknowledged, limit: DeviceReport.historyMax))
  }

  /// The broker has a report; whether there is more to tell is in ``isReportDue``.
  mutating func posted(
    _ report: DeviceReport, _ receipt: DeviceReportReceipt
  ) throws(ControlError) {
    let told = Set(report.answers)
    answers.removeAll { told.contains($0) }
    let before = agent.historyMark
    agent.historyAcknowledged(through: receipt.historyAcknowledged, of: report, using: &random)
    let after = agent.historyMark
    if after != before { try history.keep(after) }
    if before.id != after.id {
      logger.warning(
        """
        the broker has lines that are not in this history: the file is a copy, or was put back \
        from an older one; line \(after.acknowledged + 1) and those after it are reported as \
        another history
        """)
    }
    // One that has less than before is told again in time.
    let isBehind = before.acknowledged > after.acknowledged
    let isMoving = after != before && !isBehind && after.acknowledged < agent.historySequence
    if !answers.isEmpty || isMoving { hasNews = true }
  }

  // Inside

  private mutating func settle(at now: Instant, time: Timestamp) throws(ControlError) {
    var records: [HistoryEvent] = []
    var rest: [ConnectionAgentOutput] = []
    while let output = agent.nextOutput() {
      if case .record(let event) = output { records.append(event) } else { rest.append(output) }
    }
    try history.append(records, at: time)
    for event in records { log(event) }
    if !records.isEmpty { hasNews = true }
    for output in rest { try carryOut(output, time: time) }
  }

  private mutating func carryOut(
    _ output: ConnectionAgentOutput, time: Timestamp
  ) throws(ControlError) {
    switch output {
    case .record: break
    case .stateChanged: hasNews = true
    case .answer(let answer):
      if answers.count == Self.answersMax { answers.removeFirst() }
      answers.append(answer)
      hasNews = true
    case .closeTunnel(let reason): tunnel?.dialled.close(reason)
    case .dial(let parameters, let inactivity, let id):
      let dialled = dialler.dial(
        parameters, inactivity: inactivity, onChange: onTunnelChange)
      tunnel = (id, dialled)
      logger.info(
        "dialling tunnel=\(id) gateway=\(dialled.gateway) inactivity=\(inactivity.seconds)s")
      try history.tunnelDialled(id, gateway: dialled.gateway, at: time)
      // It may be over before it began, and nobody else would say so.
      onTunnelChange()
    }
  }

  /// The VPN agent's last words on a tunnel go to its log.
  private mutating func bury(
    _ reason: CloseReason, _ detail: String, time: Timestamp
  ) throws(ControlError) {
    guard let (id, _) = tunnel else { return }
    tunnel = nil
    logger.notice(
      "tunnelOver tunnel=\(id) reason=\(reason.rawValue)\(detail.isEmpty ? "" : ": \(detail)")")
    try history.tunnelOver(id, reason, detail: detail, at: time)
  }

  private func log(_ event: HistoryEvent) {
    var line = "\(event.kind.rawValue) sequence=\(event.sequence)"
    if let tunnel = event.tunnel { line += " tunnel=\(tunnel)" }
    if let connection = event.connection { line += " connection=\(connection)" }
    if let user = event.user { line += " user=\(user)" }
    if let refusal = event.refusal { line += " refusal=\(refusal.rawValue)" }
    if let reason = event.reason { line += " reason=\(reason.rawValue)" }
    if let seconds = event.lastedSeconds { line += " lasted=\(seconds)s" }
    logger.log(level: event.kind == .unexpectedClose ? .warning : .info, "\(line)")
  }
}
