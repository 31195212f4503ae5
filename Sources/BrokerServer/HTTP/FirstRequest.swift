import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore

/// Reads a connection's first request as far as is needed to know whether a device opens its stream.
///
/// What is not just that, in the plainest form of a request, is passed on untouched.
final class FirstRequest: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  typealias Requests = HTTP1Channel.Value

  private enum Phase {
    case reading(EventLoopPromise<BrokerChannel.Start>)
    /// Handlers for whatever comes are being made; what is read meanwhile is theirs.
    case passingOn
    /// Nothing more is expected from the device.
    case streaming
  }

  private static let firstLine = "GET \(Route.agentStream.path) HTTP/1.1\r\n"
  private static let end = Array("\r\n\r\n".utf8)

  private var phase: Phase
  private var received = ByteBuffer()
  private var deadline: Scheduled<Void>?
  private let makeRequests: (any Channel) -> EventLoopFuture<Requests>

  /// - Parameter makeRequests: adds the handlers of ordinary requests behind this one.
  init(
    start: EventLoopPromise<BrokerChannel.Start>,
    _ makeRequests: @escaping (any Channel) -> EventLoopFuture<Requests>
  ) {
    phase = .reading(start)
    self.makeRequests = makeRequests
  }

  func handlerAdded(context: ChannelHandlerContext) {
    let channel = context.channel
    deadline = context.eventLoop.scheduleTask(in: .seconds(BrokerServer.idleSeconds)) {
      channel.close(promise: nil)
    }
  }

  func handlerRemoved(context: ChannelHandlerContext) { giveUp() }

  func channelInactive(context: ChannelHandlerContext) {
    giveUp()
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // Whoever comes behind decides for itself.
    guard case .passingOn = phase else { return context.close(promise: nil) }
    context.fireErrorCaught(error)
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    switch phase {
    case .reading:
      let isOver =
        event is ChannelShouldQuiesceEvent || event as? ChannelEvent == .inputClosed
      if isOver { context.close(promise: nil) }
    // Before the stream has begun, too: nobody waits for it any more.
    case .streaming:
      if event as? ChannelEvent == .inputClosed { context.close(promise: nil) }
    case .passingOn: break
    }
    context.fireUserInboundEventTriggered(event)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch phase {
    case .reading(let start):
      var part = unwrapInboundIn(data)
      received.writeBuffer(&part)
      decide(start, context: context)
    case .passingOn:
      var part = unwrapInboundIn(data)
      received.writeBuffer(&part)
    case .streaming: break
    }
  }

  private func decide(
    _ start: EventLoopPromise<BrokerChannel.Start>, context: ChannelHandlerContext
  ) {
    let bytes = received.readableBytesView
    let mayBeStream = zip(bytes, Self.firstLine.utf8).allSatisfy { $0 == $1 }
    guard mayBeStream, bytes.count <= BrokerServer.headBytesMax else {
      return passOn(start, context: context)
    }
    guard let end = bytes.firstRange(of: Self.end) else { return }
    guard end.upperBound == bytes.endIndex,
      let head = Self.head(String(decoding: bytes, as: UTF8.self))
    else { return passOn(start, context: context) }
    phase = .streaming
    received = ByteBuffer()
    deadline?.cancel()
    deadline = nil
    start.succeed(.deviceStream(head))
  }

  /// - Returns: `nil` for anything out of the ordinary.
  private static func head(_ text: String) -> HTTPRequest? {
    guard text.utf8.allSatisfy({ (0x20...0x7E).contains($0) || $0 == 0x0D || $0 == 0x0A }) else {
      return nil
    }
    var fields = HTTPFields()
    var host: String?
    let lines = text.split(separator: "\r\n", omittingEmptySubsequences: false).dropFirst()
    for line in lines.dropLast(2) {
      guard fields.count < BrokerServer.headFieldsMax, let colon = line.firstIndex(of: ":"),
        let name = HTTPField.Name(String(line[..<colon])), !isOutOfOrdinary(name)
      else { return nil }
      let value = line[line.index(after: colon)...].drop { $0 == " " }
      guard HTTPField.isValidValue(String(value)) else { return nil }
      if name.canonicalName == "host" {
        guard host == nil else { return nil }
        host = String(value)
      } else {
        fields.append(HTTPField(name: name, value: String(value)))
      }
    }
    guard let host else { return nil }
    return HTTPRequest(
      method: .get, scheme: nil, authority: host, path: Route.agentStream.path,
      headerFields: fields)
  }

  private static func isOutOfOrdinary(_ name: HTTPField.Name) -> Bool {
    [.connection, .contentLength, .expect, .transferEncoding, .upgrade].contains(name)
  }

  /// Gives the connection to the handlers of ordinary requests, with all that was read.
  private func passOn(
    _ start: EventLoopPromise<BrokerChannel.Start>, context: ChannelHandlerContext
  ) {
    phase = .passingOn
    deadline?.cancel()
    deadline = nil
    makeRequests(context.channel).assumeIsolated().whenComplete { [self] result in
      switch result {
      case .success(let requests):
        start.succeed(.requests(requests))
        context.fireChannelRead(wrapInboundOut(received))
        context.fireChannelReadComplete()
        received = ByteBuffer()
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
      case .failure:
        start.succeed(.nothing)
        context.close(promise: nil)
      }
    }
  }

  private func giveUp() {
    deadline?.cancel()
    deadline = nil
    guard case .reading(let start) = phase else { return }
    phase = .streaming
    start.succeed(.nothing)
  }
}
