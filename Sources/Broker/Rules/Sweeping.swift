import ConnectionService
import Primitives

extension Broker {
  /// What falls due without anybody asking: answers, leases, idempotency keys. Several transactions,
  /// each of one device; any number of brokers may sweep at once.
  public func sweep() throws(Refusal) {
    let (overdue, silent) = try transact { (work) throws(Refusal) in
      try work.rows.removeIdempotency(
        before: work.now + (.zero - work.policy.idempotencyLifetime))
      return (
        try work.rows.productsWithConnections(overdueAt: work.now, limit: Limits.sweptMax),
        try work.rows.devicesWithLease(before: work.now, limit: Limits.sweptMax)
      )
    }
    for product in overdue {
      try transact { (work) throws(Refusal) in
        guard var ledger = try DeviceLedger(locking: product, in: work) else { return }
        try ledger.endOverdue()
      }
    }
    for product in silent {
      try transact { (work) throws(Refusal) in
        guard var ledger = try DeviceLedger(locking: product, in: work),
          !ledger.device.isOnline(at: work.now)
        else { return }
        try ledger.endAttachment(reason: .deadPeer)
      }
    }
  }
}

extension DeviceLedger {
  /// Ends what the device has not answered in time, and has it undone should the answer come late.
  fileprivate mutating func endOverdue() throws(Refusal) {
    for record in live {
      guard let due = record.answerDueAt, due <= work.now else { continue }
      let id = record.view.id
      switch record.view.phase {
      case .requested:
        try end(id, reason: .retriesExhausted, actor: work.broker.text, failure: .deviceTimeout)
        try queueClose(id, reason: .retriesExhausted)
      case .closing:
        // The device is out of reach; its command waits for it, but the slot need not.
        try end(id, reason: nil, actor: work.broker.text)
      case .up, .closed: continue
      }
    }
  }
}
