import ConnectionService
import Hummingbird
import NIOCore
import Synchronization

/// Writes server-sent events to one connection, and finds out when its other end is gone.
struct EventStreamWriter {
  var writer: any ResponseBodyWriter

  mutating func send(_ event: ServerSentEvent) async throws {
    try await writer.write(ByteBuffer(string: event.text))
  }

  mutating func send(_ text: ByteBuffer) async throws { try await writer.write(text) }

  mutating func heartbeat() async throws {
    try await writer.write(ByteBuffer(string: ServerSentEvent.heartbeat))
  }

  /// The last line before the stream ends: why it does.
  mutating func farewell(_ reason: String) async throws {
    try await writer.write(ByteBuffer(string: ": \(reason)\n\n"))
  }
}

extension Answer {
  /// A stream that lasts until `body` returns or the other end goes.
  ///
  /// - Parameter leaving: called once, whatever happens to the stream.
  static func stream(
    on channel: any Channel, place: StreamPlace,
    leaving: @escaping @Sendable () async -> Void,
    _ body: @escaping @Sendable (inout EventStreamWriter, Bell) async throws -> Void
  ) -> Response {
    let ticket = StreamTicket(leaving: leaving)
    StreamEnd.watch(channel, place.bell)
    return stream { writer in
      var stream = EventStreamWriter(writer: writer)
      do {
        try await body(&stream, place.bell)
        await ticket.leave()
        try await writer.finish(nil)
        channel.close(promise: nil)
      } catch {
        await ticket.leave()
        channel.close(promise: nil)
      }
    }
  }

  /// What every stream begins with: it takes its connection with it, so that the next request does
  /// not go out on one that is about to end.
  static func stream(
    _ body: @escaping @Sendable (inout any ResponseBodyWriter) async throws -> Void = { _ in }
  ) -> Response {
    Response(
      status: .ok,
      headers: [
        .contentType: "text/event-stream", .cacheControl: "no-store", .connection: "close",
      ],
      body: ResponseBody(body))
  }
}

/// Leaves once: after the stream, or when its response is thrown away before it began.
private final class StreamTicket: Sendable {
  private let leaving: Mutex<(@Sendable () async -> Void)?>

  init(leaving: @escaping @Sendable () async -> Void) { self.leaving = Mutex(leaving) }

  func leave() async { await take()?() }

  private func take() -> (@Sendable () async -> Void)? {
    leaving.withLock { leaving in
      defer { leaving = nil }
      return leaving
    }
  }

  deinit {
    guard let leaving = take() else { return }
    Task { await leaving() }
  }
}

/// Rings when the other end of a stream is gone: an idle stream would not notice until it writes.
final class StreamEnd: ChannelInboundHandler, Sendable {
  typealias InboundIn = NIOAny

  private let bell: Bell

  private init(_ bell: Bell) { self.bell = bell }

  static func watch(_ channel: any Channel, _ bell: Bell) {
    channel.closeFuture.whenComplete { _ in bell.ring(.end) }
    bell.whenStuck { channel.close(promise: nil) }
    // Below TLS for an end of TCP that comes without good-bye, above it for one that comes with it.
    for position in [ChannelPipeline.Position.first, .last] {
      channel.pipeline.addHandler(StreamEnd(bell), position: position)
        .whenFailure { _ in bell.ring(.end) }
    }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case ChannelEvent.inputClosed? = event as? ChannelEvent { context.close(promise: nil) }
    context.fireUserInboundEventTriggered(event)
  }
}
