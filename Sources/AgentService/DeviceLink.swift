import BrokerClient
import ConnectionService

/// The way to the broker: commands come down a stream, reports go up one by one (CS-20).
public protocol DeviceLink: Sendable {
  /// Attaches; the stream begins with `attached`, and ends when the broker or the network ends it.
  ///
  /// - Parameter instance: tells the broker this agent's own older streams from another agent's.
  func attach(as instance: AgentInstance) -> AsyncThrowingStream<DeviceStreamEvent, any Error>

  /// - Throws: what the broker refused, and `brokerUnreachable`.
  func post(_ report: DeviceReport) async throws(Refusal) -> DeviceReportReceipt
}

extension BrokerClient: DeviceLink {
  public func attach(
    as instance: AgentInstance
  ) -> AsyncThrowingStream<DeviceStreamEvent, any Error> { deviceStream(as: instance) }
}
