import ConnectionService
import NIOCore

/// One message of an event stream (HTML Living Standard §9.2).
struct ServerSentEvent: Hashable, Sendable {
  /// A comment that keeps the stream alive and is no event.
  static let heartbeat = ": heartbeat\n\n"

  var id: String?
  var event: String?
  /// One line of JSON.
  var data: String

  /// As it travels.
  var text: String {
    var lines = ""
    if let id { lines += "id: \(id)\n" }
    if let event { lines += "event: \(event)\n" }
    return lines + "data: \(data)\n\n"
  }
}

extension ServerSentEvent {
  /// `value` as JSON, under a name.
  init(_ event: String, _ value: some Encodable) throws(Refusal) {
    self.init(event: event, data: String(decoding: try Answer.encode(value), as: UTF8.self))
  }
}

extension HubEvent {
  /// As every stream of events writes it: its id is the sequence, for `Last-Event-ID`.
  init(_ event: ServiceEvent, broker: Name) throws(Refusal) {
    let json = try Answer.encode(CloudEvent(event, broker: broker))
    let message = ServerSentEvent(
      id: "\(event.sequence)", data: String(decoding: json, as: UTF8.self))
    self.init(event: event, text: ByteBuffer(string: message.text))
  }
}
