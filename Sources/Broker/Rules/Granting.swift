import ConnectionService

extension Broker {
  /// What gateways are to allow now, in every organisation (CS-25).
  public func grants() throws(Refusal) -> [Grant] {
    try transact { (work) throws(Refusal) in
      try work.rows.grantedConnections().compactMap(\.grant)
    }
  }

  /// What the asker may see of them: a gateway all of them, an administrator those of its own
  /// organisation.
  public func grants(by caller: Caller) throws(Refusal) -> [Grant] {
    guard caller.role != .gateway else { return try grants() }
    try caller.requireAdministrator()
    return try transact { (work) throws(Refusal) in
      try work.rows.grantedConnections()
        .filter { $0.organisation == caller.organisation }.compactMap(\.grant)
    }
  }

  /// What `event` means to a gateway; `nil` when nothing.
  ///
  /// A grant is told only while it is good, and its end with the request for the close: a gateway
  /// that applies the changes in the order of the events never allows what is over.
  public func grantChange(for event: ServiceEvent) throws(Refusal) -> GrantChange? {
    guard let id = event.connection else { return nil }
    switch event.kind {
    case .connectionOpened:
      return try transact { (work) throws(Refusal) in
        try work.rows.connection(id)?.grant.map { .granted(grant: $0) }
      }
    case .closeRequested, .connectionClosed: return .revoked(connection: id)
    default: return nil
    }
  }

  /// A gateway's stream begins.
  public func gatewayAttached(_ caller: Caller) throws(Refusal) {
    try record(.gatewayAttached, gateway: caller)
  }

  /// A gateway's stream has ended.
  public func gatewayDetached(_ caller: Caller) throws(Refusal) {
    try record(.gatewayDetached, gateway: caller)
  }

  private func record(_ kind: ServiceEvent.Kind, gateway caller: Caller) throws(Refusal) {
    guard caller.role == .gateway else { throw .forbidden(caller.role) }
    try transact { (work) throws(Refusal) in
      var event = ServiceEvent(
        kind, actor: caller.user.text, organisation: caller.organisation)
      event.note = work.broker.text
      work.record(event)
    }
  }
}
