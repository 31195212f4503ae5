import Agent
import ConnectionService
import Primitives

/// A device's agent: its file, which stays, and its process, which comes and goes.
final class AgentNode {
  /// What a life of the process holds.
  final class Process {
    let life: Int
    /// What it calls itself to brokers.
    let instance: AgentInstance?
    var engine: ConnectionAgent
    var tunnel: VPNTunnel?
    var answers: [DeviceAnswer] = []
    var isReportDue = false
    var isPosting = false
    var reports: UInt64 = 0
    /// Only the supervision that was planned last takes place.
    var supervisionRound = 0
    /// When that one is; nothing that happens meanwhile puts it off.
    var supervisionDue: Instant?
    /// Told that another agent has its place: it does not come back by itself (CS-21).
    var isSuperseded = false
    var stream: DeviceStream?
    var heardAt = Instant.zero
    var pause = ReconnectDelay()
    var reportPause = ReconnectDelay()

    init(life: Int, instance: AgentInstance?, engine: consuming ConnectionAgent) {
      self.life = life
      self.instance = instance
      self.engine = engine
    }
  }

  static let answersMax = 256
  static let reportInterval = Duration.seconds(30)
  static let requestWait = Duration.seconds(15)
  /// After so long without a sign of the broker the stream is given up.
  static let silenceMax = Duration.seconds(45)

  let index: Int
  let product: ProductID
  /// Whether another agent has the same product id, and the same token.
  let hasTwin: Bool
  var token: String
  private(set) var file: HistoryFile
  private(set) var process: Process?
  private(set) var lives = 0
  private var historyIDs: SeededRandom
  /// Kill -9 strikes after so many steps.
  var stepsToLive: Int?
  /// How far the device's wall clock is off.
  var wallClockError = Duration.zero
  /// The connect that is being obeyed.
  private(set) var obeyed: ConnectionID?

  init(index: Int, product: ProductID, token: String, hasTwin: Bool) {
    self.index = index
    self.product = product
    self.token = token
    self.hasTwin = hasTwin
    // Of its own, so that what happens in a story does not depend on names.
    var random = SeededRandom(seed: UInt64(index))
    file = HistoryFile(id: HistoryID(using: &random))
    historyIDs = random
  }

  // The process

  func start(in world: ServiceWorld) throws(BrokenPromise) {
    guard process == nil else { return }
    lives += 1
    let process = Process(
      life: lives, instance: AgentInstance("agent-\(index)-\(lives)"),
      engine: ConnectionAgent(after: file.remainder, time: time(in: world)))
    self.process = process
    world.note("agent \(index) starts")
    try settle(process, in: world)
    attach(after: .zero, in: world)
  }

  /// Kill -9 and loss of power alike: the file stays as it is.
  func die(in world: ServiceWorld) {
    guard let process else { return }
    world.count("act: agent killed, \(process.engine.state.phase)")
    world.note("agent \(index) is killed, \(process.engine.state.phase)")
    if let tunnel = process.tunnel { world.vanish(tunnel, of: self, isAbrupt: true) }
    if let stream = process.stream { world.cut(stream) }
    self.process = nil
    stepsToLive = nil
    world.noteChange(of: self)
  }

  /// The file is lost while no process runs; the next one begins another history.
  func loseHistory() { file = HistoryFile(id: HistoryID(using: &historyIDs)) }

  /// The broker has answered this report.
  func posted(
    _ report: DeviceReport, _ receipt: DeviceReportReceipt, _ process: Process
  ) {
    process.engine.historyAcknowledged(
      through: receipt.historyAcknowledged, of: report, using: &historyIDs)
    file.mark = process.engine.historyMark
  }

  /// Something of this life; nothing when it is over by then.
  func later(
    _ pause: Duration, in world: ServiceWorld,
    _ body: @escaping (ServiceWorld, Process) throws(BrokenPromise) -> Void
  ) {
    guard let life = process?.life else { return }
    world.schedule(after: pause) { (world) throws(BrokenPromise) in
      guard let process = self.process, process.life == life else { return }
      try body(world, process)
    }
  }

  func time(in world: ServiceWorld) -> Timestamp { world.wallClock + wallClockError }

  /// What timers go by.
  private func clock(in world: ServiceWorld) -> Instant {
    world.fault == .timersGoByTheWallClock ? world.now + wallClockError : world.now
  }

  // Inputs of the engine

  func take(
    _ message: DeviceMessage, from stream: DeviceStream, in world: ServiceWorld
  ) throws(BrokenPromise) {
    guard let process, process.life == stream.agentLife, process.stream === stream else { return }
    process.heardAt = world.now
    switch message {
    case .attached(let epoch):
      // What the broker still waits for, it asks again on the new stream.
      process.answers = []
      process.reports = 0
      process.engine.attached(epoch: epoch)
      world.note("agent \(index) attached to \(stream.way.broker), epoch \(epoch)")
      try settle(process, in: world)
    case .command(let command): try obey(command, process, in: world)
    case .heartbeat: process.pause.reset()
    case .superseded:
      process.isSuperseded = true
      process.stream = nil
      process.engine.detached()
      world.count("agent superseded")
      world.note("agent \(index) is superseded")
    case .end: streamEnded(stream, in: world)
    }
  }

  private func obey(
    _ command: DeviceCommand, _ process: Process, in world: ServiceWorld
  ) throws(BrokenPromise) {
    process.pause.reset()
    try supervise(process, in: world)
    guard self.process === process else { return }
    world.note("agent \(index) obeys \(command.id): \(command.action.summary)")
    if case .connect(let order) = command.action { obeyed = order.connection }
    defer { obeyed = nil }
    process.engine.receive(
      command, at: clock(in: world), time: time(in: world), using: &world.random)
    try settle(process, in: world)
  }

  /// Somebody at the device closes everything (CS-24).
  func closeLocally(in world: ServiceWorld) throws(BrokenPromise) {
    guard let process else { return }
    try supervise(process, in: world)
    guard self.process === process else { return }
    process.engine.closeAll(.localVeto, at: clock(in: world), time: time(in: world))
    try settle(process, in: world)
  }

  /// Looks at the VPN agent and at the clock (CS-13).
  func supervise(_ process: Process, in world: ServiceWorld) throws(BrokenPromise) {
    let state = process.tunnel?.state(at: world.now) ?? .down
    let before = process.engine.state.phase
    if world.fault == .overlooksLoss, before == .up, process.tunnel?.isLive != true { return }
    process.engine.observe(state, at: clock(in: world), time: time(in: world))
    process.engine.handleTimeout(at: clock(in: world), time: time(in: world))
    try settle(process, in: world)
    guard self.process === process else { return }
    if case .over = state { process.tunnel = nil }
    if case .down = state, process.tunnel?.isLive == false { process.tunnel = nil }
    if world.fault == .redialsAfterLoss, before == .up, process.engine.state.phase == .down {
      try world.checkDial(TunnelID(using: &world.random), of: self)
    }
  }

  /// Until the tunnel is over: every five seconds, and when the engine wants it.
  func keepSupervising(in world: ServiceWorld) {
    guard let process, process.engine.state.phase != .down else { return }
    let wanted = process.engine.nextTimeout.map { max(.zero, $0 - clock(in: world)) }
    let interval = ConnectionAgent.supervisionInterval
    let due = world.now + min(wanted ?? interval, interval)
    if let planned = process.supervisionDue, planned <= due { return }
    process.supervisionDue = due
    process.supervisionRound += 1
    let round = process.supervisionRound
    later(due - world.now, in: world) { (world, process) throws(BrokenPromise) in
      guard process.supervisionRound == round else { return }
      process.supervisionDue = nil
      try self.supervise(process, in: world)
      self.keepSupervising(in: world)
    }
  }

  // Outputs of the engine

  /// Records first, in one transaction, then everything else; the process may be killed between any
  /// two.
  private func settle(_ process: Process, in world: ServiceWorld) throws(BrokenPromise) {
    var records: [HistoryEvent] = []
    var rest: [ConnectionAgentOutput] = []
    while let output = process.engine.nextOutput() {
      if case .record(let event) = output { records.append(event) } else { rest.append(output) }
    }
    guard !records.isEmpty || !rest.isEmpty else { return }
    world.noteChange(of: self)
    if !records.isEmpty {
      guard survives(in: world) else { return }
      records = world.doctor(records)
      file.append(records)
      for event in records { world.note("agent \(index) records \(event.summary)") }
      try world.check(records, of: self)
      process.isReportDue = true
      guard survives(in: world) else { return }
    }
    for output in rest {
      try carryOut(output, process, in: world)
      guard survives(in: world) else { return }
    }
    keepSupervising(in: world)
    reportSoon(in: world)
  }

  /// One step further; `false` when kill -9 has struck.
  private func survives(in world: ServiceWorld) -> Bool {
    guard let steps = stepsToLive else { return true }
    guard steps > 1 else {
      world.count("agent killed between two steps")
      die(in: world)
      return false
    }
    stepsToLive = steps - 1
    return true
  }

  private func carryOut(
    _ output: ConnectionAgentOutput, _ process: Process, in world: ServiceWorld
  ) throws(BrokenPromise) {
    switch output {
    case .record: break
    case .stateChanged: process.isReportDue = true
    case .answer(let answer):
      guard world.fault != .losesAnswers else { return }
      if process.answers.count == Self.answersMax { process.answers.removeFirst() }
      process.answers.append(answer)
      process.isReportDue = true
    case .closeTunnel(let reason):
      guard let tunnel = process.tunnel else { return }
      world.close(tunnel, reason, of: self)
    case .dial(let parameters, let inactivity, let id):
      try world.checkDial(id, of: self)
      process.tunnel = world.dial(parameters, inactivity, id, of: self)
      if world.fault == .dialsTwice { try world.checkDial(id, of: self) }
    }
  }
}
