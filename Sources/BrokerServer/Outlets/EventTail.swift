import Broker
import ConnectionService

/// Reads every event in order from any place on, for what must not miss one.
struct EventTail: Sendable {
  static let batch = 200
  private static let retry = Duration.seconds(1)

  let served: ServedBroker
  private let bell = Bell()
  /// The last sequence that was read.
  private(set) var cursor: UInt64

  init(served: ServedBroker, after sequence: UInt64) {
    self.served = served
    cursor = sequence
  }

  /// The next events, as soon as there are any; `nil` once the task is cancelled.
  mutating func next() async -> [ServiceEvent]? {
    served.hub.listen(bell)
    defer { served.hub.ignore(bell) }
    while !Task.isCancelled {
      let cursor = cursor
      do throws(Refusal) {
        let events = try await served.lanes.run { rules throws(Refusal) in
          try rules.follow(after: cursor, limit: Self.batch)
        }
        if let last = events.last {
          self.cursor = last.sequence
          return events
        }
      } catch {
        try? await Task.sleep(for: Self.retry)
        continue
      }
      if await bell.next().contains(.end) { return nil }
    }
    return nil
  }
}
