import Broker
import ConnectionService
import Hummingbird
import Primitives

extension ServedBroker {
  /// How many events are written at once.
  static let streamBatch = 64

  func events(_ asked: Asked) async throws(Refusal) -> Response {
    var filter = EventFilter()
    filter.product = try asked.value("productID", ProductID.self, called: "product id")
    filter.kind = try asked.choice("type", ServiceEvent.Kind.self)
    filter.reason = try asked.choice("reason", CloseReason.self)
    filter.actor = asked.query["actor"]
    filter.after = try asked.sequence("after")
    filter.before = try asked.sequence("before")
    filter.limit = try asked.limit()
    let known = try asked.lastEventID() ?? filter.after
    if asked.acceptsEventStream { return try await eventStream(asked, filter, after: known) }
    let wanted = filter
    let page = try await perform(asked) { (rules, caller) throws(Refusal) in
      try rules.events(wanted, by: caller)
    }
    return try Answer.json(
      Page(items: page.items.map { CloudEvent($0, broker: name) }, next: page.next))
  }

  private func eventStream(
    _ asked: Asked, _ filter: EventFilter, after known: UInt64?
  ) async throws(Refusal) -> Response {
    guard filter.before == nil else { throw .badParameter("before", "is for lists only") }
    let caller = try await perform(asked) { (_, caller) throws(Refusal) in
      try caller.requireReading()
      return caller
    }
    guard let head = hub.head else { throw .storeNotRead }
    let reading = EventStream(
      served: self, caller: caller, token: asked.credential?.token ?? "", filter: filter,
      cursor: known ?? head)
    let place = try streams.enter(.events(tokenID: caller.tokenID))
    hub.listen(place.bell)
    return Answer.stream(on: asked.context.channel, place: place) { [self] in
      hub.ignore(place.bell)
      streams.leave(place)
    } _: { [reading] stream, bell in
      var reading = reading
      try await reading.run(&stream, bell)
    }
  }
}

/// One reader of events: where it is, and what it may and wants to see.
struct EventStream: Sendable {
  static let tokenEnded = "the token has ended"

  let served: ServedBroker
  let caller: Caller
  let token: String
  let filter: EventFilter
  /// The last sequence that was written or passed over.
  var cursor: UInt64
  /// It has been at the end once: falling behind again means that its reader is too slow.
  var hasCaughtUp = false

  mutating func run(_ stream: inout EventStreamWriter, _ bell: Bell) async throws {
    try await stream.farewell("events after \(cursor)")
    while true {
      switch served.hub.events(after: cursor, limit: ServedBroker.streamBatch) {
      case .events(let events) where events.isEmpty:
        hasCaughtUp = true
        let signals = await bell.next()
        if signals.contains(.end) { return try await stream.farewell("the broker is ending") }
        guard signals.contains(.heartbeat) else { continue }
        guard await isWelcome() else { return try await stream.farewell(Self.tokenEnded) }
        try await stream.heartbeat()
      case .events(let events):
        if events.contains(where: \.mayEndStreams), await !isWelcome() {
          return try await stream.farewell(Self.tokenEnded)
        }
        try await write(events, to: &stream)
      case .forgotten where hasCaughtUp:
        return try await stream.farewell("too slow; go on with Last-Event-ID: \(cursor)")
      case .forgotten: try await catchUp(&stream)
      }
    }
  }

  private mutating func write(
    _ events: [HubEvent], to stream: inout EventStreamWriter
  ) async throws {
    for event in events {
      if wants(event.event) { try await stream.send(event.text) }
      cursor = event.event.sequence
    }
  }

  /// Reads from the store what the hub does not keep any more.
  private mutating func catchUp(_ stream: inout EventStreamWriter) async throws {
    let head = served.hub.head ?? cursor
    var missed = filter
    missed.after = cursor
    missed.limit = Page<ServiceEvent>.itemsMax
    let wanted = missed
    let caller = caller
    let page = try await served.lanes.run { rules throws(Refusal) in
      try rules.events(wanted, by: caller)
    }
    for event in page.items {
      try await stream.send(try HubEvent(event, broker: served.name).text)
      cursor = event.sequence
    }
    if page.next == nil { cursor = max(cursor, head) }
  }

  private func wants(_ event: ServiceEvent) -> Bool {
    guard event.organisation == caller.organisation else { return false }
    return (filter.product == nil || filter.product == event.product)
      && (filter.kind == nil || filter.kind == event.kind)
      && (filter.reason == nil || filter.reason == event.reason)
      && (filter.actor == nil || filter.actor == event.actor)
  }

  /// The token still counts.
  private func isWelcome() async -> Bool { await served.isWelcome(token) }
}

extension HubEvent {
  /// The token of a stream may be the one that was revoked; its text is not in the event.
  var mayEndStreams: Bool { event.kind == .tokenRevoked }
}

extension ServedBroker {
  /// Whether a token still counts; a database that is down changes nothing.
  func isWelcome(_ token: String) async -> Bool {
    do throws(Refusal) {
      _ = try await lanes.run { rules throws(Refusal) in try rules.authenticate(token) }
      return true
    } catch {
      return error.code != .unauthenticated
    }
  }
}
