import ConnectionService

extension TokenRecord {
  var view: TokenView {
    TokenView(
      id: id, user: user, role: role, vpnUser: vpnUser, createdAt: createdAt, expiresAt: expiresAt,
      revokedAt: revokedAt)
  }
}

extension DeviceRecord {
  /// Attached, and heard of within the lease.
  func isOnline(at now: Timestamp) -> Bool { attachment.map { $0.leaseUntil > now } ?? false }

  func view(liveConnections: Int, at now: Timestamp) -> DeviceView {
    let online = isOnline(at: now)
    var view = DeviceView(
      productID: product, name: name, online: online, enrolledAt: enrolledAt)
    view.attachedAt = online ? attachment?.attachedAt : nil
    view.reportedAt = reportedAt
    view.phase = state?.phase
    view.tunnel = state?.tunnel
    view.connections = liveConnections
    view.connectionsMax = Limits.connectionsMax
    return view
  }
}

extension ConnectionRecord {
  /// What the gateway is to allow; `nil` while the connection is not up.
  var grant: Grant? {
    guard view.phase == .up, let address = view.vpnAddress else { return nil }
    return Grant(
      connection: view.id, operatorUser: operatorVPNUser, deviceUser: view.productID.text,
      deviceAddress: address)
  }
}

extension Page {
  /// - Parameter rows: one more than the page holds, when there are more.
  init<Row>(
    _ rows: [Row], limit: Int, item: (Row) -> Item, next: (Item) -> String
  ) {
    let items = rows.prefix(limit).map(item)
    self.init(items: items, next: rows.count > limit ? items.last.map(next) : nil)
  }
}
