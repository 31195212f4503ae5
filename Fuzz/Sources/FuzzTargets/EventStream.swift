import ConnectionService
import Foundation

@testable import BrokerClient

extension FuzzTarget {
  /// What a broker streams: cut anywhere, lines and events of any length, events of any content.
  static let eventStream = FuzzTarget(
    name: "event-stream", inputBytesMax: 4_096,
    seeds: { streams().flatMap { stream in [0, 1, 7].map { [$0] + Array(stream.utf8) } } },
    words: [
      "data: ", "event: ", "id: ", "data\n", "\r\n", "\n\n", ": ", "attached", "command", "change",
      "superseded", "\"epoch\":", "\"heartbeatSeconds\":", "\"granted\":", "\"revoked\":",
    ] + BrokerWords.fields,
    run: { input in
      guard let step = input.first else { return }
      let bytes = Array(input.dropFirst())
      // Small, so that an input of some kilobytes gets there.
      let eventBytesMax = 512
      let length = Int(step) + 1
      let cut = stride(from: 0, to: bytes.count, by: length).map {
        Array(bytes[$0..<min($0 + length, bytes.count)])
      }
      let inParts = items(of: cut, eventBytesMax: eventBytesMax)
      let whole = items(of: [bytes], eventBytesMax: eventBytesMax)
      require((whole == nil) == (inParts == nil), "where a stream is cut decides what is too long")
      require(whole == nil || whole == inParts, "where a stream is cut is heard")
      for item in inParts ?? [] { check(item, eventBytesMax: eventBytesMax) }
    })

  /// `nil` when the reader refuses to go on.
  private static func items(
    of chunks: [[UInt8]], eventBytesMax: Int
  ) -> [ServerSentEventReader.Item]? {
    var reader = ServerSentEventReader(eventBytesMax: eventBytesMax)
    return try? chunks.flatMap { try reader.read($0) }
  }

  private static func check(_ item: ServerSentEventReader.Item, eventBytesMax: Int) {
    switch item {
    case .comment(let text):
      require(text.unicodeScalars.count <= eventBytesMax, "a comment beyond the limit")
    case .event(let id, let name, let data):
      // A byte that is no UTF-8 becomes one character of three bytes.
      for text in [id ?? "", name ?? "", data] {
        require(text.unicodeScalars.count <= eventBytesMax, "an event beyond the limit")
      }
    }
    _ = try? DeviceStreamEvent.read(item)
    _ = try? GatewayStreamEvent.read(item)
    _ = try? ServiceEvent.read(item)
  }

  private static func streams() -> [String] {
    let grant = BrokerWords.grant
    return [
      ": 1\n\nevent: attached\ndata: {\"epoch\":3,\"heartbeatSeconds\":15}\n\n"
        + "event: superseded\r\ndata: {}\r\n\r\n",
      "event: change\ndata: {\"all\":{\"grants\":[\(grant)]}}\n\n"
        + "event: change\ndata: {\"granted\":{\"grant\":\(grant)}}\n\n",
      "id: 7\nevent: org.drawbridge.device.attached\ndata: {\ndata: }\n\nretry: 5\n:\n\n",
      // Found while this was written: lines without a value were kept without end.
      String(repeating: "data\n", count: 600) + "\n",
    ] + BrokerConversation.made.commands.map { "event: command\ndata: \($0)\n\n" }
  }
}
