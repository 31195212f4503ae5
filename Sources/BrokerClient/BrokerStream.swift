import AsyncHTTPClient
import ConnectionService
import Foundation

/// One of the broker's streams, turned into a sequence of what it says.
enum BrokerStream {
  /// What may wait for a reader that is busy; one that falls behind further has to reconnect.
  static let waitingMax = 1024

  /// Opens the stream when it is first read, and closes it when nobody reads any more.
  ///
  /// It ends without an error when the broker ends it, and throws a ``Refusal``: what the broker
  /// refused, or `brokerUnreachable` when the connection broke or was silent for too long.
  ///
  /// - Parameter eventBytesMax: what one event may weigh, in bytes.
  static func open<Element: Sendable>(
    _ call: BrokerCall, on transport: BrokerTransport,
    eventBytesMax: Int = ServerSentEventReader.eventBytesMax,
    reading: @escaping @Sendable (ServerSentEventReader.Item) throws -> Element?
  ) -> AsyncThrowingStream<Element, any Error> {
    let (stream, continuation) = AsyncThrowingStream<Element, any Error>.makeStream(
      bufferingPolicy: .bufferingOldest(waitingMax))
    let task = Task {
      do {
        try await pass(
          call, on: transport, eventBytesMax: eventBytesMax, to: continuation, reading: reading)
        continuation.finish()
      } catch {
        continuation.finish(throwing: transport.unreachable(error))
      }
    }
    continuation.onTermination = { _ in task.cancel() }
    return stream
  }

  private static func pass<Element: Sendable>(
    _ call: BrokerCall, on transport: BrokerTransport, eventBytesMax: Int,
    to continuation: AsyncThrowingStream<Element, any Error>.Continuation,
    reading: @Sendable (ServerSentEventReader.Item) throws -> Element?
  ) async throws {
    var reader = ServerSentEventReader(eventBytesMax: eventBytesMax)
    for try await chunk in try await transport.openStream(call) {
      for item in try reader.read(chunk.readableBytesView) {
        guard let element = try reading(item) else { continue }
        if case .dropped = continuation.yield(element) { throw tooSlow }
      }
    }
  }

  private static let tooSlow = Refusal(
    .overloaded, "more than \(waitingMax) messages of the stream wait to be read",
    cause: "their reader is too slow", nextStep: "open the stream again where it stopped")
}

extension BrokerClient {
  /// The device's own stream (CS-20); its token names the device.
  ///
  /// - Parameter instance: the run of the agent that asks, the same for all its streams.
  public func deviceStream(
    as instance: AgentInstance
  ) -> AsyncThrowingStream<DeviceStreamEvent, any Error> {
    let call = BrokerCall(.get, "/v1/agent/stream")
      .with(header: AgentInstance.headerName, instance.text)
    return BrokerStream.open(call, on: transport, reading: DeviceStreamEvent.read)
  }

  /// The gateway's own stream (CS-25).
  public func gatewayStream() -> AsyncThrowingStream<GatewayStreamEvent, any Error> {
    // All grants are one event. The field's name comes on top of them.
    BrokerStream.open(
      BrokerCall(.get, "/v1/gateway/stream"), on: transport,
      eventBytesMax: GrantChange.bytesMax + 100, reading: GatewayStreamEvent.read)
  }

  /// Everything that happens in the organisation, live.
  ///
  /// - Parameter after: the sequence of the last event that is known already; `nil` begins with
  ///   what happens next.
  public func events(
    after: UInt64? = nil, matching selection: EventSelection = EventSelection()
  ) -> AsyncThrowingStream<ServiceEvent, any Error> {
    let call = BrokerCall(.get, "/v1/events")
      .with(query: selection.streamQuery)
      .with(header: "last-event-id", after.map { String($0) })
    return BrokerStream.open(call, on: transport, reading: ServiceEvent.read)
  }
}
