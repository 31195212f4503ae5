import ConnectionService
import Foundation

/// Wall clock at the start, and the time that has passed since: a step of the wall clock moves no
/// lease and no deadline (bad input 63). Time asleep counts, as it does for everybody else.
struct StoreClock: Sendable {
  private let startedAt: Timestamp
  private let started: ContinuousClock.Instant

  init() {
    startedAt = Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
    started = .now
  }

  func now() -> Timestamp { startedAt + (ContinuousClock.now - started) }
}
