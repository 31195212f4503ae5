import ConnectionService

/// What the broker says to a device.
public enum DeviceStreamEvent: Hashable, Sendable {
  /// First on every stream: what commands will carry (CS-21), and how often to expect a sign of
  /// life.
  case attached(epoch: UInt64, heartbeatSeconds: Int64)
  case command(DeviceCommand)
  /// Another agent has the device now; this one must not come back by itself.
  case superseded
  case heartbeat

  /// `nil` for an event that a later broker may send and that we do not know.
  static func read(_ item: ServerSentEventReader.Item) throws(Refusal) -> DeviceStreamEvent? {
    struct Attached: Decodable {
      var epoch: UInt64
      var heartbeatSeconds: Int64
    }
    switch item {
    case .comment: return .heartbeat
    case .event(_, "attached", let data):
      let attached = try WireJSON.decode(Attached.self, from: Array(data.utf8))
      return .attached(epoch: attached.epoch, heartbeatSeconds: attached.heartbeatSeconds)
    case .event(_, "command", let data):
      return .command(try WireJSON.decode(DeviceCommand.self, from: Array(data.utf8)))
    case .event(_, "superseded", _): return .superseded
    case .event: return nil
    }
  }
}

/// What the broker says to a gateway.
public enum GatewayStreamEvent: Hashable, Sendable {
  /// The first one is `all`.
  case change(GrantChange)
  case heartbeat

  /// `nil` for an event that a later broker may send and that we do not know.
  static func read(_ item: ServerSentEventReader.Item) throws(Refusal) -> GatewayStreamEvent? {
    switch item {
    case .comment: return .heartbeat
    case .event(_, "change", let data):
      return .change(try WireJSON.decode(GrantChange.self, from: Array(data.utf8)))
    case .event: return nil
    }
  }
}

extension ServiceEvent {
  /// What happens in the organisation; `nil` for a sign of life.
  static func read(_ item: ServerSentEventReader.Item) throws(Refusal) -> ServiceEvent? {
    guard case .event(_, _, let data) = item else { return nil }
    return try WireJSON.decode(CloudEvent.self, from: Array(data.utf8)).data
  }
}
