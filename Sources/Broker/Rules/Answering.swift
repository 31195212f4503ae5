import ConnectionService
import Primitives

extension DeviceLedger {
  /// An answer to a command; one that nobody waits for is ignored.
  mutating func take(_ answer: DeviceAnswer) throws(Refusal) {
    // Numbers that no command ever has, since stores count in 63 bits.
    guard answer.command <= UInt64(Int64.max),
      let command = try work.rows.command(answer.command, of: product)
    else { return }
    if case .refused(let refusal) = answer.outcome, refusal.code == .epochOutdated {
      // It came over an older stream, and comes again over this one.
      return
    }
    try work.rows.removeCommand(answer.command, of: product)
    switch command.command.action {
    case .connect(let order): try take(answer.outcome, of: order)
    case .close(let id, _):
      // One that was not closed stays in the device's state, and is asked for again.
      if case .refused(let refusal) = answer.outcome { try keep(id, refused: refusal) }
      guard answer.outcome == .closed else { return }
      try end(id, reason: nil, actor: "device")
    case .closeAll:
      if case .refused(let refusal) = answer.outcome {
        for record in live where record.view.reason == .closeAll {
          try keep(record.view.id, refused: refusal)
        }
      }
      guard answer.outcome == .closed else { return }
      for record in live where record.view.phase == .closing && record.view.reason == .closeAll {
        try end(record.view.id, reason: nil, actor: "device")
      }
    }
  }

  /// A carrier does not close it, by its policy (CS-23). Whoever asked is told; the grant stays over.
  private mutating func keep(_ id: ConnectionID, refused refusal: Refusal) throws(Refusal) {
    guard var record = connection(id), record.view.phase == .closing else { return }
    let failure = refusal.sanitised(secrets: nil)
    record.view.failure = failure
    try update(record)
    var event = event(.requestRefused, actor: record.view.closedBy ?? "device")
    event.connection = id
    event.code = failure.code
    event.reason = failure.reason
    event.note = failure.detail
    work.record(event)
  }

  private mutating func take(
    _ outcome: DeviceAnswer.Outcome, of order: ConnectOrder
  ) throws(Refusal) {
    let id = order.connection
    switch outcome {
    case .connected(let facts):
      guard facts.connection == id, IPAddress(facts.vpnAddress) != nil else {
        try end(id, reason: .internalError, actor: "device", failure: .answerMisfits)
        return try queueClose(id, reason: .internalError)
      }
      try open(id, facts)
    case .closed:
      try end(id, reason: .requested, actor: "device", failure: .closedBeforeUp(.requested))
    case .refused(let refusal):
      let failure = refusal.sanitised(secrets: order.parameters.credentials)
      try end(
        id, reason: failure.reason ?? .policyRefused, actor: "device", failure: failure)
    }
  }

  /// The connection stands (CS-2).
  private mutating func open(_ id: ConnectionID, _ facts: ConnectedFacts) throws(Refusal) {
    guard var record = connection(id), record.view.phase == .requested else { return }
    let range = InactivityTimeout.secondsRange
    record.view.phase = .up
    record.view.upAt = work.now
    record.view.vpnAddress = facts.vpnAddress
    record.view.tunnel = facts.tunnel
    record.view.inactivitySeconds =
      min(max(facts.inactivity.seconds, range.lowerBound), range.upperBound)
    record.view.inactivityWasClamped = facts.inactivity.wasClamped
    record.answerDueAt = nil
    try update(record)
    var event = event(.connectionOpened, actor: record.view.user.text)
    event.connection = id
    event.tunnel = facts.tunnel
    work.record(event)
  }
}
