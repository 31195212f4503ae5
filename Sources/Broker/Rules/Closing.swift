import ConnectionService
import Primitives

extension Broker {
  /// Asks the device to close one connection (CS-6); the grant ends at once (CS-25).
  ///
  /// One that is being closed already is left to that.
  /// - Throws: `connectionClosed` when it is over, `connectionUnknown` for an unknown or foreign one.
  public func close(
    _ id: ConnectionID, key: String?, by caller: Caller
  ) throws(Refusal) -> ConnectionView {
    try caller.requireOperator()
    let named = try NamedRequest(key: key, by: caller, fields: ["close", id.text])
    return try transact { (work) throws(Refusal) -> ConnectionView in
      guard let found = try work.rows.connection(id), found.organisation == caller.organisation
      else { throw .connectionUnknown(id) }
      let locked = try DeviceLedger(locking: found.view.productID, in: work)
      if let view = try named?.connection(in: work) { return view }
      guard caller.role == .admin || found.view.user == caller.user else { throw .closeForbidden }
      guard var ledger = locked, ledger.connection(id) != nil else {
        throw .connectionClosed(id, reason: try work.rows.connection(id)?.view.reason)
      }
      try work.requirePolicy(.close, ledger.product, note: found.view.note, by: caller)
      try ledger.beginClosing(id, reason: .requested, actor: caller.user.text)
      try ledger.queueClose(id, reason: .requested)
      try named?.remember(id, in: work)
      return ledger.connection(id)?.view ?? found.view
    }
  }

  /// Asks the device to close all connections and its tunnel, whoever has them (CS-7).
  /// - Returns: those that are being closed.
  public func closeAll(
    _ product: ProductID, key: String?, by caller: Caller
  ) throws(Refusal) -> Page<ConnectionView> {
    try caller.requireOperator()
    let named = try NamedRequest(key: key, by: caller, fields: ["closeAll", product.text])
    return try transact { (work) throws(Refusal) -> Page<ConnectionView> in
      var ledger = try DeviceLedger(locking: product, for: caller, in: work)
      if try named?.earlier(in: work) == nil {
        try work.requirePolicy(.closeAll, product, note: nil, by: caller)
        try ledger.closeAll(by: caller)
        try named?.remember(nil, in: work)
      }
      return Page(items: ledger.live.map(\.view).filter { $0.phase == .closing })
    }
  }
}

extension DeviceLedger {
  fileprivate mutating func closeAll(by caller: Caller) throws(Refusal) {
    if live.isEmpty {
      // There may be a tunnel that this broker knows nothing of, but nobody to ask.
      guard device.isOnline(at: work.now) else { throw .deviceOffline(product) }
      var event = event(.closeRequested, actor: caller.user.text)
      event.reason = .closeAll
      work.record(event)
    }
    for record in live {
      try beginClosing(record.view.id, reason: .closeAll, actor: caller.user.text)
    }
    guard try !isClosingAll() else { return }
    try queue(.closeAll(reason: .closeAll))
  }
}
