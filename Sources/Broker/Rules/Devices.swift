import ConnectionService
import Primitives

extension Broker {
  /// Devices of the asker's organisation, in order of product id.
  ///
  /// - Parameter search: leaves out the others.
  public func devices(
    by caller: Caller, matching search: DeviceSearch? = nil, after: ProductID?, limit: Int
  ) throws(Refusal) -> Page<DeviceView> {
    try caller.requireReader()
    let limit = Limits.page(limit)
    return try transact { (work) throws(Refusal) -> Page<DeviceView> in
      let records = try work.rows.devices(
        of: caller.organisation, matching: search, after: after, limit: limit + 1)
      var views: [DeviceView] = []
      for record in records.prefix(limit) { views.append(try work.view(of: record)) }
      return Page(items: views, next: records.count > limit ? views.last?.productID.text : nil)
    }
  }

  /// One device of the asker's organisation.
  public func device(_ product: ProductID, by caller: Caller) throws(Refusal) -> DeviceView {
    try caller.requireReader()
    return try transact { (work) throws(Refusal) -> DeviceView in
      guard let device = try work.rows.device(product, locking: false), device.removedAt == nil,
        device.organisation == caller.organisation
      else { throw .deviceUnknown(product) }
      return try work.view(of: device)
    }
  }

  /// Removes a device: its connections are closed, its tokens revoked, its stream ends.
  public func removeDevice(_ product: ProductID, by caller: Caller) throws(Refusal) {
    try caller.requireAdministrator()
    try transact { (work) throws(Refusal) in
      var ledger = try DeviceLedger(locking: product, for: caller, in: work)
      for record in ledger.live {
        try ledger.end(record.view.id, reason: .administrator, actor: caller.user.text)
      }
      for command in try work.rows.commands(of: product, limit: Limits.commandsMax) {
        try work.rows.removeCommand(command.id, of: product)
      }
      try work.revokeTokens(of: product, in: caller.organisation)
      try ledger.endAttachment(reason: .administrator)
      // No stream of the device has this epoch.
      ledger.device.epoch += 1
      ledger.device.removedAt = work.now
      ledger.device.state = nil
      try ledger.save()
      work.record(ledger.event(.deviceRemoved, actor: caller.user.text))
    }
  }
}

extension Work {
  fileprivate func view(of device: DeviceRecord) throws(Refusal) -> DeviceView {
    let live = try rows.liveConnections(of: device.product)
    return device.view(liveConnections: live.count, at: now)
  }

  fileprivate func revokeTokens(
    of product: ProductID, in organisation: Name
  ) throws(Refusal) {
    var last: String?
    repeat {
      let page = try rows.tokens(of: organisation, after: last, limit: 200)
      for var token in page where token.product == product && token.revokedAt == nil {
        token.revokedAt = now
        try rows.update(token)
      }
      last = page.last?.id
    } while last != nil
  }
}
