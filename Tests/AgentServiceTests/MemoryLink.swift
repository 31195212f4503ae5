import AgentService
import BrokerClient
import ConnectionService
import Synchronization

/// A broker of which the test plays the other side.
final class MemoryLink: DeviceLink {
  typealias Stream = AsyncThrowingStream<DeviceStreamEvent, any Error>

  /// The agent's attachments, each as the end that the broker writes to.
  let attachments: AsyncStream<Stream.Continuation>
  /// What it posted.
  let reports: AsyncStream<DeviceReport>
  private let attached: AsyncStream<Stream.Continuation>.Continuation
  private let posted: AsyncStream<DeviceReport>.Continuation
  /// What the agent called itself, each time.
  let instances = Mutex<[AgentInstance]>([])
  /// The last line that the broker has of each history.
  private let stored: Mutex<[HistoryID?: UInt64]>

  init(stored: [HistoryID?: UInt64] = [:]) {
    self.stored = Mutex(stored)
    (attachments, attached) = AsyncStream.makeStream()
    (reports, posted) = AsyncStream.makeStream()
  }

  func attach(as instance: AgentInstance) -> Stream {
    instances.withLock { $0.append(instance) }
    let (stream, continuation) = Stream.makeStream()
    attached.yield(continuation)
    return stream
  }

  func post(_ report: DeviceReport) async throws(Refusal) -> DeviceReportReceipt {
    let acknowledged = stored.withLock { stored in
      let sequence = max(
        stored[report.historyID] ?? 0, report.history.last?.sequence ?? 0)
      stored[report.historyID] = sequence
      return sequence
    }
    posted.yield(report)
    return DeviceReportReceipt(historyAcknowledged: acknowledged)
  }
}
