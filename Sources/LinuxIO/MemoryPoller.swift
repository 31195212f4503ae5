import Primitives

/// A poller in virtual time: what is not ready now makes the clock jump to the deadline.
public struct MemoryPoller: Polling, ~Copyable {
  /// The most signalled events it holds until the next wait.
  public static let eventsMax = 1024

  /// The virtual clock, moved by waits.
  public private(set) var clock: MemoryClock
  private var pending: BoundedQueue<ReadyEvent>
  private var failures: [SystemError] = []

  public init(at instant: Instant = .zero) {
    clock = MemoryClock(at: instant)
    pending = BoundedQueue(countMax: Self.eventsMax)
  }

  /// Makes the next wait report `token`; `false` when too many are pending.
  @discardableResult
  public mutating func signal(_ token: UInt64, _ readiness: Readiness = .readable) -> Bool {
    pending.append(ReadyEvent(token: token, readiness: readiness))
  }

  /// Makes a wait to come fail, in the order of these calls.
  public mutating func failNextWait(with error: SystemError) { failures.append(error) }

  public mutating func wait(
    until deadline: Instant?, into events: inout [ReadyEvent]
  ) throws(SystemError) {
    events.removeAll(keepingCapacity: true)
    if !failures.isEmpty { throw failures.removeFirst() }
    while let event = pending.popFirst() { events.append(event) }
    guard events.isEmpty else { return }
    guard let deadline else {
      preconditionFailure("a wait without deadline or pending event never ends")
    }
    clock.advance(to: deadline)
  }
}
