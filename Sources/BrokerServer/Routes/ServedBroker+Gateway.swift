import Broker
import ConnectionService
import Hummingbird

extension ServedBroker {
  func gatewayStream(_ asked: Asked) async throws(Refusal) -> Response {
    let caller = try await perform(asked) { (rules, caller) throws(Refusal) in
      try caller.requireGateway()
      return caller
    }
    guard let head = hub.head else { throw .storeNotRead }
    let place = try streams.enter(.gateway)
    do throws(Refusal) {
      try await lanes.run { rules throws(Refusal) in try rules.gatewayAttached(caller) }
    } catch {
      streams.leave(place)
      throw error
    }
    hub.ringForChanges()
    hub.listen(place.bell)
    let following = GrantStream(served: self, token: asked.credential?.token ?? "", cursor: head)
    return Answer.stream(on: asked.context.channel, place: place) { [self] in
      hub.ignore(place.bell)
      streams.leave(place)
      try? await lanes.run { rules throws(Refusal) in try rules.gatewayDetached(caller) }
      hub.ringForChanges()
    } _: { stream, bell in
      var following = following
      try await following.run(&stream, bell)
    }
  }
}

/// What one gateway is told of grants (CS-25).
struct GrantStream: Sendable {
  let served: ServedBroker
  let token: String
  /// The last event that is taken into account.
  var cursor: UInt64

  /// All grants first; then each change, in the order of the events.
  ///
  /// `cursor` was read before the grants are: what happened in between is said twice, never missed.
  mutating func run(_ stream: inout EventStreamWriter, _ bell: Bell) async throws {
    let grants = try await served.lanes.run { rules throws(Refusal) in try rules.grants() }
    try await stream.send(try ServerSentEvent("change", GrantChange.all(grants: kept(of: grants))))
    while true {
      switch served.hub.events(after: cursor, limit: ServedBroker.streamBatch) {
      case .events(let events) where events.isEmpty:
        let signals = await bell.next()
        if signals.contains(.end) { return try await stream.farewell("the broker is ending") }
        guard signals.contains(.heartbeat) else { continue }
        guard await served.isWelcome(token) else {
          return try await stream.farewell(EventStream.tokenEnded)
        }
        try await stream.heartbeat()
      case .events(let events):
        if events.contains(where: \.mayEndStreams), await !served.isWelcome(token) {
          return try await stream.farewell(EventStream.tokenEnded)
        }
        for event in events {
          try await pass(event.event, to: &stream)
          cursor = event.event.sequence
        }
      case .forgotten:
        // A gateway that missed changes begins again with all of them.
        return try await stream.farewell("too slow")
      }
    }
  }

  /// As many as a gateway keeps; connections beyond stand, but reach nothing.
  private func kept(of grants: [Grant]) -> [Grant] {
    guard grants.count > GrantChange.grantsMax else { return grants }
    served.logger.error(
      """
      there are \(grants.count) grants, and a gateway keeps \(GrantChange.grantsMax): the \
      connections beyond reach nothing; close some, or run a second broker with its own gateway
      """)
    return Array(grants.prefix(GrantChange.grantsMax))
  }

  private func pass(_ event: ServiceEvent, to stream: inout EventStreamWriter) async throws {
    guard event.connection != nil else { return }
    let change = try await served.lanes.run { rules throws(Refusal) in
      try rules.grantChange(for: event)
    }
    if let change { try await stream.send(try ServerSentEvent("change", change)) }
  }
}
