import ConnectionService

extension Broker {
  /// Events of the asker's organisation (CS-26).
  public func events(
    _ filter: EventFilter, by caller: Caller
  ) throws(Refusal) -> Page<ServiceEvent> {
    try caller.requireReader()
    if let actor = filter.actor, actor.hasControlCharacters {
      throw .badRequest("The actor has control characters.", nextStep: "Leave them out.")
    }
    let limit = Limits.page(filter.limit)
    // Stores count in 63 bits.
    let highest = UInt64(Int64.max)
    let order: EventQuery.Order =
      if let after = filter.after {
        .ascending(after: min(after, highest))
      } else {
        .descending(before: filter.before.map { min($0, highest) })
      }
    var query = EventQuery(organisation: caller.organisation, order: order, limit: limit + 1)
    query.product = filter.product
    query.kind = filter.kind
    query.reason = filter.reason
    query.actor = filter.actor
    let wanted = query
    return try transact { (work) throws(Refusal) in
      Page(
        try work.rows.events(wanted), limit: limit, item: { $0 }, next: { String($0.sequence) })
    }
  }

  /// Events of every organisation, for the broker's own streams, files and webhooks.
  public func follow(after sequence: UInt64, limit: Int) throws(Refusal) -> [ServiceEvent] {
    let order = EventQuery.Order.ascending(after: min(sequence, UInt64(Int64.max)))
    return try transact { (work) throws(Refusal) in
      try work.rows.events(
        EventQuery(organisation: nil, order: order, limit: Limits.page(limit)))
    }
  }

  /// Records that a request was refused. The server bounds how often it does: refusals cost the one
  /// who asks nothing. That the record cannot be made is no reason to refuse otherwise.
  public func refuse(_ refusal: Refusal, caller: Caller?, product: ProductID?) {
    var event = ServiceEvent(
      .requestRefused, actor: caller?.user.text ?? "unknown", organisation: caller?.organisation,
      product: product)
    event.code = refusal.code
    event.reason = refusal.reason
    // A policy's words are its own; others may hold what the asker had sent.
    if refusal.code == .policyRefused {
      event.note = refusal.detail.sanitised(bytesMax: ConnectRequest.noteBytesMax)
    }
    let refused = event
    try? transact { (work) throws(Refusal) in work.record(refused) }
  }

  /// Records that the broker runs with another configuration.
  /// - Parameter note: what is different, without secrets.
  public func configurationChanged(_ note: String) throws(Refusal) {
    try transact { (work) throws(Refusal) in
      var event = ServiceEvent(
        .configurationChanged, actor: work.broker.text,
        organisation: work.policy.ownOrganisation)
      event.note = note.sanitised(bytesMax: ConnectRequest.noteBytesMax)
      work.record(event)
    }
  }
}
