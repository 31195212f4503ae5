import ConnectionService
import Foundation

/// Wall clock at the start, and the time that has passed since: a step of the wall clock moves no
/// lease and no deadline (bad input 63). Time asleep counts, as it does for everybody else.
struct StoreClock: Sendable {
  private let startedAt: Timestamp
  private let started: ContinuousClock.Instant

  /// - Parameter wall: what the calendar said at `started`.
  init(wall: Timestamp, started: ContinuousClock.Instant) {
    startedAt = wall
    self.started = started
  }

  init() {
    let milliseconds = Int64(Date().timeIntervalSince1970 * 1000)
    self.init(wall: Timestamp(milliseconds: milliseconds), started: .now)
  }

  func now(at instant: ContinuousClock.Instant = .now) -> Timestamp {
    startedAt + (instant - started)
  }
}
