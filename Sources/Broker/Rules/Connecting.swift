import ConnectionService
import Primitives

extension Broker {
  /// Asks a device for a connection; the device's answer completes it (CS-1 to CS-3).
  /// - Parameter key: a request that comes again under its key gets the same connection, as it is now.
  public func connect(
    _ product: ProductID, _ request: ConnectRequest, key: String?, by caller: Caller,
    using random: inout some RandomNumberGenerator
  ) throws(Refusal) -> ConnectionView {
    try caller.requireOperator()
    try request.note?.requireText("note", bytesMax: ConnectRequest.noteBytesMax)
    try request.parameters?.requireSound()
    let named = try NamedRequest(
      key: key, by: caller, fields: ["connect", product.text] + request.fields)
    let id = ConnectionID(using: &random)
    return try transact { (work) throws(Refusal) -> ConnectionView in
      // The lock comes first: the same request may be at work at this moment.
      var ledger = try DeviceLedger(locking: product, for: caller, in: work)
      if let view = try named?.connection(in: work) { return view }
      try work.requirePolicy(.connect, product, note: request.note, by: caller)
      let view = try ledger.request(id, request, by: caller)
      try named?.remember(id, in: work)
      return view
    }
  }

  /// One connection of the asker's organisation.
  public func connection(_ id: ConnectionID, by caller: Caller) throws(Refusal) -> ConnectionView {
    try caller.requireReader()
    return try transact { (work) throws(Refusal) -> ConnectionView in
      guard let record = try work.rows.connection(id),
        record.organisation == caller.organisation
      else { throw .connectionUnknown(id) }
      return record.view
    }
  }

  /// Connections of the asker's organisation, the newest first.
  public func connections(
    _ filter: ConnectionFilter, by caller: Caller
  ) throws(Refusal) -> Page<ConnectionView> {
    try caller.requireReader()
    let limit = Limits.page(filter.limit)
    var query = ConnectionQuery(organisation: caller.organisation, limit: limit + 1)
    query.product = filter.product
    query.user = filter.user
    query.reason = filter.reason
    query.live = filter.live
    query.after = filter.after
    let wanted = query
    return try transact { (work) throws(Refusal) in
      Page(
        try work.rows.connections(wanted), limit: limit, item: { $0.view }, next: { $0.id.text })
    }
  }
}

extension DeviceLedger {
  fileprivate mutating func request(
    _ id: ConnectionID, _ request: ConnectRequest, by caller: Caller
  ) throws(Refusal) -> ConnectionView {
    guard device.isOnline(at: work.now) else { throw .deviceOffline(product) }
    guard var parameters = request.parameters ?? work.policy.defaultParameters else {
      throw .badRequest(
        "The request names no VPN parameters, and the broker has no default.",
        nextStep: "Name them, or set the broker's default.")
    }
    parameters.inactivitySeconds = request.inactivitySeconds ?? parameters.inactivitySeconds
    let pending = try work.rows.commands(of: product, limit: Limits.commandsMax)
    guard device.state?.phase != .closing, !pending.contains(where: \.closesAll) else {
      throw .tunnelClosing
    }
    guard let slot = freeSlot else { throw .connectionLimit }
    guard pending.count < Limits.commandsMaxForConnect else {
      throw .overloaded(
        "The device has left \(pending.count) commands unanswered.",
        nextStep: "Look at the agent's log on the device, or start the agent again.")
    }

    var view = ConnectionView(
      id: id, productID: product, user: caller.user, phase: .requested, requestedAt: work.now)
    view.note = request.note
    var record = ConnectionRecord(
      view: view, organisation: device.organisation, operatorVPNUser: caller.vpnUser, slot: slot)
    record.answerDueAt = work.now + work.policy.answerDue
    try insert(record)
    try queue(
      .connect(
        order: ConnectOrder(
          connection: id, organisation: device.organisation, user: caller.user,
          parameters: parameters, note: RelayNote.words(in: request.note))))
    var event = event(.connectRequested, actor: caller.user.text)
    event.connection = id
    event.note = request.note
    work.record(event)
    return view
  }
}

extension NamedRequest {
  /// The connection that this request was about when it came before.
  func connection(in work: Work) throws(Refusal) -> ConnectionView? {
    guard let id = try earlier(in: work)?.connection else { return nil }
    return try work.rows.connection(id)?.view
  }
}

extension ConnectRequest {
  /// Everything that makes it this request.
  fileprivate var fields: [String?] {
    [inactivitySeconds.map { String($0) }, note] + (parameters?.fields ?? [])
  }
}

extension VPNParameters {
  fileprivate var fields: [String?] {
    let common = [gateway, inactivitySeconds.map { String($0) }]
    switch credentials {
    case .named(let name): return common + ["named", name.text]
    case .given(let given):
      return common + ["given", given.preSharedKey, given.user, given.password]
    }
  }
}
