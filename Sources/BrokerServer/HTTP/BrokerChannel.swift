import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOSSL

/// How a connection begins: with TLS, and with a look at its first request.
///
/// The streams of devices are many and last for weeks, with next to nothing on them. What a
/// connection needs for requests yet to come, and the task that would wait for them, are never made
/// for such a stream; everything else is Hummingbird's.
struct BrokerChannel: ServerChildChannel {
  /// What the first request has turned out to be.
  enum Start: Sendable {
    case deviceStream(HTTPRequest)
    case requests(HTTP1Channel.Value)
    /// The connection ended before it asked for anything.
    case nothing
  }

  struct Value: ServerChildChannelValue {
    let channel: any Channel
    let start: EventLoopFuture<Start>
  }

  let http: HTTP1Channel
  let tls: NIOSSLContext?
  let served: ServedBroker

  /// A connection keeps the last buffer that it read into: a device's stream the smallest. They grow
  /// and shrink with what comes.
  private static let readBuffers = AdaptiveRecvByteBufferAllocator(
    minimum: 512, initial: 512, maximum: 65_536)

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
    channel.eventLoop.makeCompletedFuture {
      try channel.syncOptions?.setOption(.recvAllocator, value: Self.readBuffers)
      let pipeline = channel.pipeline.syncOperations
      if let tls { try pipeline.addHandler(NIOSSLServerHandler(context: tls)) }
      let promise = channel.eventLoop.makePromise(of: Start.self)
      let http = http
      try pipeline.addHandler(
        FirstRequest(start: promise) { channel in http.setup(channel: channel, logger: logger) })
      return Value(channel: channel, start: promise.futureResult)
    }
  }

  func handle(value: Value, logger: Logger) async {
    switch try? await value.start.get() {
    case .deviceStream(let head):
      await DeviceStream.open(head, on: value.channel, served: served, logger: logger)
    case .requests(let requests): await http.handle(value: requests, logger: logger)
    case .nothing, nil: break
    }
  }
}
