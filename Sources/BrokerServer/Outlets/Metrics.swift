import ConnectionService
import Primitives
import Synchronization

/// What the server counts for `/metrics`.
final class Metrics: Sendable {
  /// Upper bounds of the connect histogram, in seconds.
  static let connectBounds: [Double] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
  ]

  struct Counts: Sendable {
    var requests: [Int: UInt64] = [:]
    /// By `up` or the code of the failure.
    var connects: [String: UInt64] = [:]
    var connectBuckets = [UInt64](repeating: 0, count: Metrics.connectBounds.count + 1)
    var connectSeconds = 0.0
    var events: UInt64 = 0
    var closes: [CloseReason: UInt64] = [:]
    var deliveries: [String: UInt64] = [:]
  }

  private let state = Mutex(Counts())

  var counts: Counts { state.withLock { $0 } }

  func countRequest(status: Int) { state.withLock { $0.requests[status, default: 0] += 1 } }

  func countConnect(_ view: ConnectionView, took duration: Duration) {
    let seconds = duration / .seconds(1)
    let bucket = Self.connectBounds.firstIndex { seconds <= $0 } ?? Self.connectBounds.count
    state.withLock { counts in
      counts.connects[view.failure?.code.rawValue ?? view.phase.rawValue, default: 0] += 1
      counts.connectBuckets[bucket] += 1
      counts.connectSeconds += seconds
    }
  }

  func count(_ event: ServiceEvent) {
    state.withLock { counts in
      counts.events += 1
      if event.kind == .connectionClosed, let reason = event.reason {
        counts.closes[reason, default: 0] += 1
      }
    }
  }

  /// - Parameter outcome: `delivered`, `failed` or `dead`.
  func countDelivery(_ outcome: String) {
    state.withLock { $0.deliveries[outcome, default: 0] += 1 }
  }
}
