import IKE
import Primitives

/// IK-10 to IK-14: retries follow after their pause and no more often than allowed.
public struct RetryChecker: Checker {
  /// The most retries of one connection.
  private let retriesMax: Int
  private var retries: [ConnectionID: Int] = [:]

  public init(retriesMax: Int) { self.retriesMax = retriesMax }

  public mutating func note(_ occurrence: Occurrence, at now: Instant) throws(BrokenPromise) {
    switch occurrence {
    case .attemptFailed(let id, _, let retryAt?):
      let number = (retries[id] ?? 0) + 1
      retries[id] = number
      try promise(number <= retriesMax, "IK-13", at: now, "\(id) retries \(number) times")
      let pause = min(Duration.seconds(60), .seconds(1 << min(number - 1, 6)))
      let allowed = pause * 8 / 10...pause * 12 / 10
      try promise(
        allowed.contains(retryAt - now), "IK-14", at: now,
        "retry \(number) of \(id) after \(retryAt - now)")
    case .pairUp(_, let id): retries[id] = 0
    default: break
    }
  }
}
