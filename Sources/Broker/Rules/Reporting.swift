import ConnectionService
import Primitives

extension Broker {
  /// What a device tells of itself: answers, history and state. It touches nothing but the device's
  /// own rows, and telling it again changes nothing.
  /// - Throws: `epochOutdated` for a report of an attachment that is over, `tooLarge` for more than
  ///   any right report holds.
  public func receive(
    _ report: DeviceReport, from caller: Caller
  ) throws(Refusal) -> DeviceReportReceipt {
    try report.requireBounds()
    return try transact { (work) throws(Refusal) -> DeviceReportReceipt in
      var ledger = try DeviceLedger(of: caller, in: work)
      guard ledger.device.epoch == report.epoch else { throw .epochOutdated }
      try ledger.take(report)
      ledger.device.reportedAt = work.now
      ledger.extendLease()
      try ledger.save()
      return DeviceReportReceipt(
        historyAcknowledged: ledger.device.histories[report.historyID])
    }
  }
}

extension DeviceReport {
  fileprivate func requireBounds() throws(Refusal) {
    guard answers.count <= Self.answersMax, history.count <= Self.historyMax,
      state.connections.count <= Self.connectionsMax
    else {
      throw .tooLarge(
        "The report holds more than a report may.",
        nextStep: "Send at most \(Self.answersMax) answers and \(Self.historyMax) lines at once.")
    }
  }
}

extension DeviceLedger {
  /// History first, each line behind the answers that it presupposes, so that the events tell the
  /// story in the order in which it happened; the state last, since it is how the story ended.
  fileprivate mutating func take(_ report: DeviceReport) throws(Refusal) {
    var answers = report.answers
    let news = takeNews(of: report)
    for line in news {
      for answer in answers where line.presupposes(answer) { try take(answer) }
      answers.removeAll(where: line.presupposes)
      try take(line)
    }
    for answer in answers { try take(answer) }
    // The line that tells why something is missing may be in the part that comes next.
    let moreHistoryFollows = !news.isEmpty && report.history.count == DeviceReport.historyMax
    try take(report.state, moreHistoryFollows: moreHistoryFollows)
  }

  /// The lines that are new here, in ascending order; they are never new again.
  private mutating func takeNews(of report: DeviceReport) -> [HistoryEvent] {
    var told = device.histories[report.historyID]
    var news: [HistoryEvent] = []
    for line in report.history where line.sequence > told {
      guard line.sequence - told <= Limits.historyGapMax else { break }
      told = line.sequence
      news.append(line)
    }
    if told > 0 { device.histories.set(told, of: report.historyID) }
    return news
  }

  private mutating func take(_ line: HistoryEvent) throws(Refusal) {
    switch line.kind {
    case .tunnelEstablished: recordTunnel(.tunnelOpened, line)
    case .tunnelClosed, .unexpectedClose:
      for record in live where record.view.upAt != nil && record.view.tunnel == line.tunnel {
        try end(record.view.id, reason: line.reason, actor: "device")
      }
      recordTunnel(line.kind == .tunnelClosed ? .tunnelClosed : .tunnelUnexpectedClose, line)
    case .connectionClosed:
      guard let id = line.connection else { return }
      try end(id, reason: line.reason, actor: "device")
    case .agentStarted, .establishmentFailed, .connectionOpened, .connectRefused:
      // The answers tell these.
      return
    }
  }

  private func recordTunnel(_ kind: ServiceEvent.Kind, _ line: HistoryEvent) {
    var event = event(kind, actor: "device")
    event.tunnel = line.tunnel
    event.reason = line.reason
    event.durationSeconds = line.lastedSeconds.map { max(0, $0) }
    event.bytes = line.bytes.map { min($0, UInt64(Int64.max)) }
    work.record(event)
  }
}

extension HistoryEvent {
  /// The line is about a connection, or the end of a tunnel, that the answer tells the beginning of.
  fileprivate func presupposes(_ answer: DeviceAnswer) -> Bool {
    guard case .connected(let facts) = answer.outcome else { return false }
    switch kind {
    case .tunnelClosed, .unexpectedClose: return tunnel == facts.tunnel
    case .connectionOpened, .connectionClosed: return connection == facts.connection
    case .agentStarted, .tunnelEstablished, .establishmentFailed, .connectRefused: return false
    }
  }
}
