import ConnectionService
import Primitives

// The agent's side of the broker's stream, and its reports.
extension AgentNode {
  // The stream (CS-20)

  func attach(after pause: Duration, in world: ServiceWorld) {
    later(pause, in: world) { (world, process) throws(BrokenPromise) in
      guard process.stream == nil, !process.isSuperseded else { return }
      let way = Way(
        party: .agent(self.index),
        broker: Int.random(in: 0..<world.brokers.count, using: &world.random))
      let token = self.token
      let (life, instance) = (process.life, process.instance)
      // Of two agents the late request of one would stop the other for good (CS-21).
      world.ask(
        way, waiting: Self.silenceMax, mayBeLate: !self.hasTwin
      ) { world, broker, exchange in
        broker.serveStream(exchange, token: token, agentLife: life, as: instance, in: world)
      } done: { (world, result) throws(BrokenPromise) in
        guard let process = self.process, process.life == life else {
          if case .success(let stream) = result { world.cut(stream) }
          return
        }
        switch result {
        case .success(let stream):
          process.stream = stream
          process.heardAt = world.now
          self.watch(stream, in: world)
        case .failure(let refusal):
          world.count("attach failed: \(refusal.code.rawValue)")
          self.attach(after: process.pause.next(using: &world.random), in: world)
        }
      }
    }
  }

  /// A stream that is silent for three heartbeats is given up.
  private func watch(_ stream: DeviceStream, in world: ServiceWorld) {
    guard let process else { return }
    let left = process.heardAt + Self.silenceMax - world.now
    later(max(left, .milliseconds(1)), in: world) { world, process in
      guard process.stream === stream else { return }
      guard process.heardAt + Self.silenceMax <= world.now else {
        return self.watch(stream, in: world)
      }
      world.cut(stream)
      self.streamEnded(stream, in: world)
    }
  }

  /// The agent notices that the stream is gone; that closes nothing.
  func streamEnded(_ stream: DeviceStream, in world: ServiceWorld) {
    guard let process, process.stream === stream else { return }
    process.stream = nil
    process.engine.detached()
    world.note("agent \(index) detached")
    attach(after: process.pause.next(using: &world.random), in: world)
  }

  // Reports

  func reportSoon(in world: ServiceWorld) {
    guard let process, process.isReportDue, !process.isPosting else { return }
    later(.milliseconds(1), in: world) { world, process in
      guard process.isReportDue else { return }
      self.post(process, in: world)
    }
  }

  private func post(_ process: Process, in world: ServiceWorld) {
    guard !process.isPosting, let epoch = process.engine.epoch, let stream = process.stream else {
      return
    }
    process.isPosting = true
    process.isReportDue = false
    process.reports += 1
    var state = process.engine.state
    state.number = process.reports
    if world.fault == .hidesConnection { state.connections = Array(state.connections.dropFirst()) }
    let report = DeviceReport(
      epoch: epoch, answers: Array(process.answers.prefix(DeviceReport.answersMax)), state: state,
      historyID: process.engine.historyMark.id,
      history: file.lines(
        after: process.engine.historyAcknowledged, limit: DeviceReport.historyMax))
    let life = process.life
    let token = token
    world.ask(stream.way, waiting: Self.requestWait) { world, broker, exchange in
      broker.serveReport(exchange, token: token, report, in: world)
    } done: { (world, result) throws(BrokenPromise) in
      guard let process = self.process, process.life == life else { return }
      process.isPosting = false
      switch result {
      case .success(let receipt): self.posted(report, receipt, process, in: world)
      case .failure(let refusal):
        world.count("report failed: \(refusal.code.rawValue)")
        process.isReportDue = true
        // Of a former attachment: the present one reports for itself.
        let isPresent = report.epoch == process.engine.epoch
        let pause = isPresent ? process.reportPause.next(using: &world.random) : .milliseconds(1)
        self.later(pause, in: world) { world, process in self.post(process, in: world) }
      }
    }
  }

  private func posted(
    _ report: DeviceReport, _ receipt: DeviceReportReceipt, _ process: Process,
    in world: ServiceWorld
  ) {
    process.reportPause.reset()
    process.answers.removeAll { report.answers.contains($0) }
    let before = process.engine.historyMark
    posted(report, receipt, process)
    let after = process.engine.historyMark
    let isBehind = before.acknowledged > after.acknowledged
    let isMoving =
      after != before && !isBehind
      && process.engine.historyAcknowledged < process.engine.historySequence
    if !process.answers.isEmpty || isMoving { process.isReportDue = true }
    reportSoon(in: world)
    let reports = process.reports
    later(Self.reportInterval, in: world) { world, process in
      if process.reports == reports { self.post(process, in: world) }
    }
  }
}
