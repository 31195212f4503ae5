import Agent
import BrokerClient
import ConnectionService
import Control
import Cryptography
import LinuxIO
import Logging
import Primitives

/// A device's agent as a program: the broker's stream, the ledger, the tunnel, the history.
public actor AgentService {
  /// A report is posted at least so often; the broker's lease lasts 45 s.
  static let reportInterval = Duration.seconds(30)
  /// How long a tunnel may take to close when the agent ends.
  static let farewellMax = Duration.seconds(8)

  /// How the agent stands with its broker.
  struct Standing {
    var state = AgentStatus.BrokerState.connecting
    var problem: String?
  }

  let brokerName: String
  let productID: String?
  let version: String
  let clock: AgentClock
  let startedAt: Instant
  var core: AgentCore
  private(set) var standing = Standing()
  let link: any DeviceLink
  private let logger: Logger
  private let supervision: Doorbell
  private let reporting = Doorbell()
  private let notifier = ServiceNotifier.fromEnvironment()
  /// What the service manager was last told.
  private var statusLine = ""
  private let ending = AsyncStream<Void>.makeStream()
  private var backoff = ReconnectDelay()
  private var random = SystemRandom()
  /// What this run calls itself to the broker.
  private let instance: AgentInstance
  /// The history cannot be written: nothing more is done.
  private var failure: ControlError?

  /// Opens nothing of the network yet, and writes nothing.
  ///
  /// - Throws: what keeps the history from being read.
  public init(
    broker name: String, productID: String? = nil, link: any DeviceLink, dialler: any Dialler,
    history: HistoryStore,
    version: String, logger: Logger, clock: AgentClock = .system
  ) throws(ControlError) {
    let supervision = Doorbell()
    core = try AgentCore.make(
      history: history, dialler: dialler, logger: logger, time: clock.time(),
      onTunnelChange: { supervision.ring() })
    self.supervision = supervision
    self.link = link
    self.version = version
    self.logger = logger
    self.clock = clock
    self.productID = productID
    brokerName = name
    instance = AgentInstance(using: &random)
    startedAt = clock.now()
  }

  /// Runs until the task is cancelled; then the tunnel is closed and reported.
  ///
  /// - Throws: what keeps the history from being written.
  public func run() async throws(ControlError) {
    perform { (core, _, time) throws(ControlError) in try core.begin(time: time) }
    if let failure { throw failure }
    try? notifier.ready()
    logger.notice("agent ready broker=\(brokerName)")
    // Not a child task: while the tunnel closes, all of it goes on.
    let work = Task {
      await withTaskGroup(of: Void.self) { group in
        group.addTask { await self.keepSupervising() }
        group.addTask { await self.keepReporting() }
        group.addTask { await self.keepAttached() }
      }
    }
    var ends = ending.stream.makeAsyncIterator()
    await ends.next()
    try? notifier.stopping()
    if failure == nil { await Task { await self.closeInOrder() }.value }
    core.abandon()
    work.cancel()
    await work.value
    logger.notice("ended")
    if let failure { throw failure }
  }

  // Supervision (CS-13)

  private func keepSupervising() async {
    while !Task.isCancelled, failure == nil {
      perform { (core, now, time) throws(ControlError) in try core.supervise(at: now, time: time) }
      let due = core.nextTimeout.map { max(.zero, $0 - clock.now()) }
      await supervision.wait(
        atMost: min(
          due ?? ConnectionAgent.supervisionInterval, ConnectionAgent.supervisionInterval),
        clock)
    }
  }

  /// Gives the core an input; rings for a report that became due.
  func perform<Result>(
    _ body: (inout AgentCore, Instant, Timestamp) throws(ControlError) -> Result
  ) -> Result? {
    do throws(ControlError) {
      let result = try body(&core, clock.now(), clock.time())
      if core.isReportDue { reporting.ring() }
      tellServiceManager()
      return result
    } catch {
      fail(error)
      return nil
    }
  }

  private func tellServiceManager() {
    let state = core.agent.state
    let line =
      "\(standing.state.rawValue), tunnel \(state.phase.rawValue), "
      + "\(state.connections.count) connections"
    guard line != statusLine else { return }
    statusLine = line
    // A manager that does not listen is no reason to stop.
    try? notifier.status(line)
  }

  private func fail(_ error: ControlError) {
    logger.critical("\(error)")
    failure = failure ?? error
    ending.continuation.yield()
  }

  // The broker's stream (CS-20, CS-21)

  /// Returns when the task is cancelled only: without a broker the agent goes on.
  private func keepAttached() async {
    while !Task.isCancelled, standing.state != .superseded {
      var problem = "the broker ended the stream"
      do {
        for try await event in link.attach(as: instance) { take(event) }
      } catch {
        problem = (error as? Refusal).map { "\($0.code.rawValue): \($0.detail)" } ?? "\(error)"
      }
      core.detached()
      guard standing.state != .superseded, !Task.isCancelled else { break }
      let pause = backoff.next(using: &random)
      if standing.problem != problem { logger.warning("detached broker=\(brokerName): \(problem)") }
      standing = Standing(state: .connecting, problem: problem)
      await clock.sleep(pause)
    }
    // Local commands live on.
    while !Task.isCancelled { await clock.sleep(.seconds(3600)) }
  }

  private func take(_ event: DeviceStreamEvent) {
    switch event {
    case .attached(let epoch, _):
      logger.notice("attached broker=\(brokerName) epoch=\(epoch)")
      standing = Standing(state: .attached)
      perform { (core, now, time) throws(ControlError) in
        try core.attached(epoch: epoch, at: now, time: time)
      }
    case .heartbeat: backoff.reset()
    case .command(let command):
      backoff.reset()
      perform { (core, now, time) throws(ControlError) in
        try core.receive(command, at: now, time: time)
      }
      supervision.ring()
    case .superseded:
      core.detached()
      standing = Standing(
        state: .superseded, problem: "another agent attached with this device's token")
      logger.error(
        """
        superseded: another agent attached with this device's token; this one stops asking the \
        broker until it is started again, its tunnel and the local commands live on
        """)
    }
  }

  // Reports

  private func keepReporting() async {
    var failures = ReconnectDelay()
    while !Task.isCancelled, failure == nil {
      if await postReport() {
        failures.reset()
        if core.isReportDue { continue }
        await reporting.wait(atMost: Self.reportInterval, clock)
      } else {
        await clock.sleep(failures.next(using: &random))
      }
    }
  }

  /// Posts what there is; `false` when the broker did not take it.
  private func postReport() async -> Bool {
    guard
      let report = perform({ (core, _, _) throws(ControlError) in try core.report() })
        .flatMap(\.self)
    else { return true }
    do throws(Refusal) {
      let receipt = try await link.post(report)
      perform { (core, _, _) throws(ControlError) in try core.posted(report, receipt) }
      return true
    } catch {
      // Of a former attachment: the present one reports for itself.
      guard report.epoch == core.agent.epoch else { return true }
      logger.warning("report refused: \(error.code.rawValue): \(error.detail)")
      return false
    }
  }

  // The end

  /// Closes the tunnel, and gives the broker the time to hear of it.
  private func closeInOrder() async {
    perform { (core, now, time) throws(ControlError) in
      _ = try core.closeAll(.shutdown, at: now, time: time)
    }
    let until = clock.now() + Self.farewellMax
    while failure == nil, !isSettled, clock.now() < until {
      await clock.sleep(.milliseconds(50))
      supervision.ring()
    }
  }

  private var isSettled: Bool {
    core.isDown
      && (core.agent.epoch == nil
        || core.agent.historyAcknowledged == core.agent.historySequence)
  }
}
