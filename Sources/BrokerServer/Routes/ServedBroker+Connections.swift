import Broker
import ConnectionService
import Cryptography
import Hummingbird
import Primitives

extension ServedBroker {
  /// How long a connect waits for its device, and a close.
  static let connectWait = Duration.seconds(65)
  static let closeWait = Duration.seconds(10)

  func connect(_ asked: Asked) async throws(Refusal) -> Response {
    let product = try asked.product()
    let key = try asked.idempotencyKey()
    let request = try asked.decode(ConnectRequest.self, emptyAsObject: true)
    let isAsync = asked.prefersAsync
    // Before anything is asked of the device: a place to wait for it.
    let place = isAsync ? nil : try streams.enter(.wait, for: Self.connectWait)
    defer { if let place { streams.leave(place) } }
    let start = ContinuousClock.now
    let (view, caller) = try await change(asked, about: product) {
      (rules, caller) throws(Refusal) in
      var random = SystemRandom()
      return (
        try rules.connect(product, request, key: key, by: caller, using: &random), caller
      )
    }
    guard let place else { return try Answer.json(view, status: 202) }
    let settled = try await settle(view, caller, place) { $0.isDecided }
    metrics.countConnect(settled, took: .now - start)
    if let failure = settled.failure { throw failure }
    // The broker is ending: the connection goes on without us.
    return try Answer.json(settled, status: settled.isDecided ? 201 : 202)
  }

  func connections(_ asked: Asked) async throws(Refusal) -> Response {
    var filter = ConnectionFilter()
    filter.live = try asked.value("live", Bool.self, called: "true or false")
    filter.product = try asked.value("productID", ProductID.self, called: "product id")
    filter.user = try asked.value("user", Name.self, called: "name")
    filter.reason = try asked.choice("reason", CloseReason.self)
    filter.after = try asked.value("after", ConnectionID.self, called: "connection id")
    filter.limit = try asked.limit()
    let wanted = filter
    return try Answer.json(
      try await perform(asked) { (rules, caller) throws(Refusal) in
        try rules.connections(wanted, by: caller)
      })
  }

  func connection(_ asked: Asked) async throws(Refusal) -> Response {
    let id = try asked.connectionID()
    return try Answer.json(
      try await perform(asked) { (rules, caller) throws(Refusal) in
        try rules.connection(id, by: caller)
      })
  }

  func close(_ asked: Asked) async throws(Refusal) -> Response {
    let id = try asked.connectionID()
    let key = try asked.idempotencyKey()
    let place = try streams.enter(.wait, for: Self.closeWait)
    defer { streams.leave(place) }
    let (view, caller) = try await change(asked) { (rules, caller) throws(Refusal) in
      (try rules.close(id, key: key, by: caller), caller)
    }
    streams.signal(.commands, to: view.productID)
    let settled = try await settle(view, caller, place, mayTimeOut: true) {
      $0.phase == .closed || $0.failure != nil
    }
    // A carrier's policy does not allow it (CS-23).
    if settled.phase == .closing, let failure = settled.failure { throw failure }
    return try Answer.json(settled)
  }

  func closeAll(_ asked: Asked) async throws(Refusal) -> Response {
    let product = try asked.product()
    let key = try asked.idempotencyKey()
    let page = try await change(asked, about: product) { (rules, caller) throws(Refusal) in
      try rules.closeAll(product, key: key, by: caller)
    }
    return try Answer.json(page, status: 202)
  }

  /// The connection once it is as wanted, or as it is when the server ends.
  ///
  /// - Throws: `deviceTimeout` when it takes too long, unless that is no failure.
  private func settle(
    _ view: ConnectionView, _ caller: Caller, _ place: StreamPlace, mayTimeOut: Bool = false,
    until isSettled: (ConnectionView) -> Bool
  ) async throws(Refusal) -> ConnectionView {
    var view = view
    guard !isSettled(view) else { return view }
    let id = view.id
    hub.watch(id, place.bell)
    defer { hub.unwatch(id, place.bell) }
    while true {
      // Looked at after the watch is set, so that nothing is missed in between.
      view = try await lanes.run { rules throws(Refusal) in try rules.connection(id, by: caller) }
      if isSettled(view) { return view }
      let signals = await place.bell.next()
      if signals.contains(.end) { return view }
      if signals.contains(.deadline) {
        guard mayTimeOut else { throw .deviceSilent }
        return view
      }
    }
  }
}

extension ConnectionView {
  /// It stands, stood, or never will; one that is closed before it stood has its failure then.
  fileprivate var isDecided: Bool {
    switch phase {
    case .requested: false
    case .up, .closed: true
    case .closing: upAt != nil
    }
  }
}
