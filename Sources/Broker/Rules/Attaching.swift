import ConnectionService
import Primitives

extension Broker {
  /// A device's stream begins; an older one of the same device is over from now on (CS-21).
  /// - Parameter instance: the run of the agent that asks; `nil` when it does not say.
  /// - Returns: the epoch of this attachment, greater than that of any before.
  public func attach(
    _ caller: Caller, as instance: AgentInstance?
  ) throws(Refusal) -> UInt64 {
    try transact { (work) throws(Refusal) -> UInt64 in
      var ledger = try DeviceLedger(of: caller, in: work)
      guard let token = try work.rows.token(id: caller.tokenID), try work.isGood(token) else {
        throw .unauthenticated
      }
      ledger.device.epoch += 1
      // Reports are counted anew.
      ledger.device.state?.number = nil
      ledger.beginAttachment(of: instance)
      try ledger.save()
      return ledger.device.epoch
    }
  }

  /// The stream of this epoch is alive.
  /// - Throws: `epochOutdated` when another has taken its place, or the device is removed: the stream
  ///   ends.
  public func renew(
    _ product: ProductID, epoch: UInt64, as instance: AgentInstance?
  ) throws(Refusal) {
    try transact { (work) throws(Refusal) in
      var ledger = try DeviceLedger(attached: product, epoch: epoch, in: work)
      if ledger.device.attachment == nil {
        // The lease ran out while nobody could write it down; the stream never broke.
        ledger.beginAttachment(of: instance)
      }
      ledger.extendLease()
      try ledger.save()
    }
  }

  /// Whether another agent has the device, now that an attachment of this one is over (CS-21).
  ///
  /// It has not when the newer attachment is the agent's own, of a request that was handled late, or
  /// when nobody is attached: the device may be removed, or its token revoked.
  public func isSuperseded(
    _ instance: AgentInstance?, on product: ProductID
  ) throws(Refusal) -> Bool {
    try transact { (work) throws(Refusal) -> Bool in
      guard let device = try work.rows.device(product, locking: false),
        let newest = device.attachment?.instance
      else { return false }
      return newest != instance
    }
  }

  /// The stream of this epoch has ended. Nothing else ends with it (CS-20).
  public func detach(_ product: ProductID, epoch: UInt64) throws(Refusal) {
    try transact { (work) throws(Refusal) in
      guard var ledger = try DeviceLedger(locking: product, in: work),
        ledger.device.epoch == epoch
      else { return }
      try ledger.endAttachment(reason: .peerClosed)
    }
  }

  /// What the device has not answered, in order; all of it goes on a new stream again, and what was
  /// not sent before on one that stands. The device knows a command by its id.
  public func commands(
    for product: ProductID, epoch: UInt64
  ) throws(Refusal) -> [DeviceCommand] {
    try transact { (work) throws(Refusal) in
      _ = try DeviceLedger(attached: product, epoch: epoch, in: work)
      let pending = try work.rows.commands(of: product, limit: Limits.commandsMax)
      return pending.map { DeviceCommand(id: $0.id, epoch: epoch, action: $0.command.action) }
    }
  }
}

extension DeviceLedger {
  /// The device that asks.
  init(of caller: Caller, in work: Work) throws(Refusal) {
    let product = try caller.requireDevice()
    guard let ledger = try DeviceLedger(locking: product, in: work),
      ledger.device.organisation == caller.organisation
    else { throw .unauthenticated }
    self = ledger
  }

  /// The device, if `epoch` is that of its newest attachment.
  fileprivate init(attached product: ProductID, epoch: UInt64, in work: Work) throws(Refusal) {
    guard let ledger = try DeviceLedger(locking: product, in: work), ledger.device.epoch == epoch
    else { throw .epochOutdated }
    self = ledger
  }

  fileprivate mutating func beginAttachment(of instance: AgentInstance?) {
    device.attachment = DeviceRecord.Attachment(
      broker: work.broker, attachedAt: work.now, leaseUntil: work.now + work.policy.lease,
      instance: instance)
    var event = event(.deviceAttached, actor: "device")
    event.note = work.broker.text
    work.record(event)
  }

  /// A sign of life; an attachment that has ended stays so.
  mutating func extendLease() {
    device.attachment?.leaseUntil = work.now + work.policy.lease
  }

  mutating func endAttachment(reason: CloseReason) throws(Refusal) {
    guard let attachment = device.attachment else { return }
    device.attachment = nil
    try save()
    var event = event(.deviceDetached, actor: "device")
    event.reason = reason
    event.note = attachment.broker.text
    event.durationSeconds = max(0, (work.now - attachment.attachedAt).wholeSeconds)
    work.record(event)
  }
}
