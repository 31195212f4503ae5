import ConnectionService
import Primitives

extension Broker {
  /// Makes a new store usable.
  /// - Returns: the first administrator's token; `nil` when the store has tokens already.
  public func start(using random: inout some RandomNumberGenerator) throws(Refusal) -> String? {
    let token = Tokens.make(using: &random)
    let id = Tokens.makeID("k-", using: &random)
    return try transact { (work) throws(Refusal) -> String? in
      // Of several brokers that start at once, one is first.
      _ = try work.rows.lockEventHead()
      guard try work.rows.tokenCount() == 0 else { return nil }
      let record = TokenRecord(
        id: id, hash: Tokens.hash(token), organisation: work.policy.ownOrganisation,
        user: .firstAdministrator, role: .admin, createdAt: work.now)
      try work.insert(record, actor: work.broker.text)
      return token
    }
  }

  /// Makes an organisation by making its first administrator; for administrators of the broker's own.
  public func createAdministrator(
    of organisation: Name, by caller: Caller, using random: inout some RandomNumberGenerator
  ) throws(Refusal) -> TokenReply {
    try requireOwnAdministrator(caller)
    let request = TokenRequest(user: .firstAdministrator, role: .admin)
    return try makeToken(
      request, of: organisation, actor: caller.user.text, using: &random)
  }

  /// Makes a token for a user or a gateway; it is shown this once.
  public func createToken(
    _ request: TokenRequest, by caller: Caller, using random: inout some RandomNumberGenerator
  ) throws(Refusal) -> TokenReply {
    try caller.requireAdministrator()
    try request.requireSound()
    // A gateway sees the grants of every organisation.
    if request.role == .gateway { try requireOwnAdministrator(caller) }
    return try makeToken(
      request, of: caller.organisation, actor: caller.user.text, using: &random)
  }

  /// Tokens of the asker's organisation, in order of id.
  public func tokens(
    by caller: Caller, after: String?, limit: Int
  ) throws(Refusal) -> Page<TokenView> {
    try caller.requireAdministrator()
    if let after, Name(after) == nil {
      throw .badRequest("This is no token's id.", nextStep: "Give the `next` of the page before.")
    }
    let limit = Limits.page(limit)
    return try transact { (work) throws(Refusal) in
      Page(
        try work.rows.tokens(of: caller.organisation, after: after, limit: limit + 1),
        limit: limit, item: { $0.view }, next: { $0.id })
    }
  }

  /// The token is good no longer; a device's stream ends with its token. Doing it again does nothing.
  public func revokeToken(_ id: String, by caller: Caller) throws(Refusal) {
    try caller.requireAdministrator()
    guard Name(id) != nil else { throw .notFound("token") }
    try transact { (work) throws(Refusal) in
      guard let found = try work.rows.token(id: id), found.organisation == caller.organisation
      else { throw .notFound("token") }
      let ledger: DeviceLedger? =
        if let product = found.product { try DeviceLedger(locking: product, in: work) } else { nil }
      guard var token = try work.rows.token(id: id), token.revokedAt == nil else { return }
      token.revokedAt = work.now
      try work.rows.update(token)
      if var ledger {
        try ledger.endAttachment(reason: .administrator)
        ledger.device.epoch += 1
        try ledger.save()
      }
      work.recordToken(.tokenRevoked, token, actor: caller.user.text)
    }
  }

  private func requireOwnAdministrator(_ caller: Caller) throws(Refusal) {
    try caller.requireAdministrator()
    guard caller.organisation == policy.ownOrganisation else { throw .forbidden(caller.role) }
  }

  private func makeToken(
    _ request: TokenRequest, of organisation: Name, actor: String,
    using random: inout some RandomNumberGenerator
  ) throws(Refusal) -> TokenReply {
    let token = Tokens.make(using: &random)
    let id = Tokens.makeID("k-", using: &random)
    return try transact { (work) throws(Refusal) in
      var record = TokenRecord(
        id: id, hash: Tokens.hash(token), organisation: organisation, user: request.user,
        role: request.role, createdAt: work.now)
      record.vpnUser = request.vpnUser
      record.expiresAt = request.lifetimeSeconds.map { work.now + .seconds($0) }
      try work.insert(record, actor: actor)
      return TokenReply(token: token, view: record.view)
    }
  }
}

extension Work {
  fileprivate func insert(_ token: TokenRecord, actor: String) throws(Refusal) {
    try rows.insert(token)
    recordToken(.tokenCreated, token, actor: actor)
  }

  fileprivate func recordToken(_ kind: ServiceEvent.Kind, _ token: TokenRecord, actor: String) {
    var event = ServiceEvent(
      kind, actor: actor, organisation: token.organisation, product: token.product)
    event.note = "\(token.id) of \(token.user), \(token.role.rawValue)"
    record(event)
  }
}

extension TokenRequest {
  fileprivate func requireSound() throws(Refusal) {
    guard role != .device else {
      throw .badRequest(
        "Devices get their tokens when they are enrolled.",
        nextStep: "Make an enrolment code with `drawbridge device enrol`.")
    }
    try vpnUser?.requireText("VPN user name", bytesMax: Limits.nameBytesMax)
    guard let lifetimeSeconds else { return }
    guard (1...Limits.tokenLifetimeSecondsMax).contains(lifetimeSeconds) else {
      throw .badRequest(
        "The lifetime is \(lifetimeSeconds) seconds.", nextStep: "Give 1 second to 10 years.")
    }
  }
}
