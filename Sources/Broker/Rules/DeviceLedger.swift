import ConnectionService
import Primitives

/// A device, locked until the transaction ends, with its live connections: whatever begins or ends a
/// connection does it here, so that no two ways keep different books.
struct DeviceLedger {
  let work: Work
  var device: DeviceRecord
  /// In order of slot.
  private(set) var live: [ConnectionRecord]

  /// `nil` when there is no such device, or no longer.
  init?(locking product: ProductID, in work: Work) throws(Refusal) {
    guard let device = try work.rows.device(product, locking: true), device.removedAt == nil else {
      return nil
    }
    self.work = work
    self.device = device
    live = try work.rows.liveConnections(of: product)
  }

  /// The device, for a person of its own organisation.
  init(locking product: ProductID, for caller: Caller, in work: Work) throws(Refusal) {
    guard let ledger = try DeviceLedger(locking: product, in: work),
      ledger.device.organisation == caller.organisation
    else { throw .deviceUnknown(product) }
    self = ledger
  }

  var product: ProductID { device.product }

  /// Keeps what was changed in ``device``.
  func save() throws(Refusal) { try work.rows.update(device) }

  /// An event that is about this device.
  func event(_ kind: ServiceEvent.Kind, actor: String) -> ServiceEvent {
    ServiceEvent(kind, actor: actor, organisation: device.organisation, product: product)
  }

  func connection(_ id: ConnectionID) -> ConnectionRecord? { live.first { $0.view.id == id } }

  // The life of a connection.

  /// The smallest slot that no live connection holds; `nil` when there is none (CS-3).
  var freeSlot: Int? {
    (1...Limits.connectionsMax).first { slot in !live.contains { $0.slot == slot } }
  }

  mutating func insert(_ record: ConnectionRecord) throws(Refusal) {
    try work.rows.insert(record)
    live.append(record)
    live.sort { $0.slot < $1.slot }
  }

  /// Keeps a change of a connection that lives on.
  mutating func update(_ record: ConnectionRecord) throws(Refusal) {
    guard let index = live.firstIndex(where: { $0.view.id == record.view.id }) else { return }
    live[index] = record
    try work.rows.update(record)
  }

  /// Somebody wants the connection to end: the grant is over now, the slot is free when the device
  /// has answered.
  mutating func beginClosing(
    _ id: ConnectionID, reason: CloseReason, actor: String
  ) throws(Refusal) {
    guard var record = connection(id), record.view.phase != .closing else { return }
    if record.view.phase == .requested { try dropConnect(id) }
    record.view.phase = .closing
    record.view.reason = reason
    record.view.closedBy = actor
    record.answerDueAt = work.now + work.policy.answerDue
    try update(record)
    var event = event(.closeRequested, actor: actor)
    event.connection = id
    event.tunnel = record.view.tunnel
    event.reason = reason
    work.record(event)
  }

  /// The connection is over; nothing happens when it was before.
  /// - Parameters:
  ///   - reason: as the device tells it; `nil` for the one that the close asked for.
  ///   - actor: who ended it, unless somebody had asked for this very end.
  ///   - failure: why it never stood.
  mutating func end(
    _ id: ConnectionID, reason: CloseReason?, actor: String, failure: Refusal? = nil
  ) throws(Refusal) {
    guard let index = live.firstIndex(where: { $0.view.id == id }) else { return }
    var record = live.remove(at: index)
    let final = reason ?? record.view.reason ?? .internalError
    if record.view.reason != final { record.view.closedBy = nil }
    let stood = record.view.upAt != nil
    if !stood {
      record.view.failure = failure ?? .closedBeforeUp(final)
      try dropConnect(id)
    } else {
      // A close that was refused at first.
      record.view.failure = nil
    }
    record.view.phase = .closed
    record.view.reason = final
    record.view.closedAt = work.now
    record.answerDueAt = nil
    try work.rows.update(record)

    var event = event(
      stood ? .connectionClosed : .connectionFailed, actor: record.view.closedBy ?? actor)
    event.connection = id
    event.tunnel = record.view.tunnel
    event.code = record.view.failure?.code
    event.reason = final
    event.durationSeconds = record.view.upAt.map { max(0, (work.now - $0).wholeSeconds) }
    work.record(event)
  }

  // Commands.

  /// Sees to it that the device closes the connection. Nothing is queued twice, nor beyond the limit:
  /// the device's next report shows what is still open.
  func queueClose(_ id: ConnectionID, reason: CloseReason) throws(Refusal) {
    let pending = try work.rows.commands(of: product, limit: Limits.commandsMax)
    guard pending.count < Limits.commandsMax else { return }
    let isQueued = pending.contains { command in
      switch command.command.action {
      case .close(let connection, _): connection == id
      case .closeAll: connection(id)?.view.phase == .closing
      case .connect: false
      }
    }
    guard !isQueued else { return }
    try queue(.close(connection: id, reason: reason))
  }

  /// Whether the device is yet to answer that it has closed everything.
  func isClosingAll() throws(Refusal) -> Bool {
    let pending = try work.rows.commands(of: product, limit: Limits.commandsMax)
    return pending.contains(where: \.closesAll)
  }

  func queue(_ action: DeviceCommand.Action) throws(Refusal) {
    _ = try work.rows.insert(
      NewCommand(product: product, action: action, createdAt: work.now, actor: work.broker.text))
  }

  /// A connect that nobody waits for is not sent again, and its credentials are forgotten.
  private func dropConnect(_ id: ConnectionID) throws(Refusal) {
    for pending in try work.rows.commands(of: product, limit: Limits.commandsMax) {
      guard case .connect(let order) = pending.command.action, order.connection == id else {
        continue
      }
      try work.rows.removeCommand(pending.id, of: product)
    }
  }
}

extension CommandRecord {
  /// It asks the device to close everything.
  var closesAll: Bool {
    if case .closeAll = command.action { true } else { false }
  }
}
