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
