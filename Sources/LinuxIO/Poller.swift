import CLinux
import Glibc
import Primitives

/// An epoll set with a timer on the boot clock.
///
/// The timer is a descriptor in the set, not epoll's own timeout: that one stands still while the
/// machine is suspended. Level-triggered: what is not drained is reported again.
public struct Poller: Polling, ~Copyable {
  /// The most events one wait reports; the rest comes with the next.
  public static let eventsMax = Int(CLINUX_EVENTS_MAX)
  /// The one token that callers may not use: the poller's own timer.
  public static let reservedToken = UInt64.max

  private let epoll: FileDescriptor
  private let timer: FileDescriptor
  /// What the timer is set to, to save the call when the deadline has not changed.
  private var armedNanoseconds: Int64 = 0
  private var found: [clinux_event]

  public init() throws(SystemError) {
    let epoll = try FileDescriptor(clinux_epoll_create(), "create the poller")
    let timer = try FileDescriptor(clinux_timer_create(), "create the poller's timer")
    try check(
      clinux_epoll_add(
        epoll.number, timer.number, Self.reservedToken, Int32(Readiness.readable.rawValue)),
      "watch the poller's timer")
    self.epoll = epoll
    self.timer = timer
    found = Array(repeating: clinux_event(), count: Self.eventsMax)
  }

  /// Watches `descriptor`, which must stay open until it is removed.
  ///
  /// - Parameter token: reported with every event; not unique by force, but better so.
  public func add(
    _ descriptor: Int32, token: UInt64, for interest: Readiness = .readable
  ) throws(SystemError) {
    precondition(token != Self.reservedToken, "the poller's own token")
    try check(
      clinux_epoll_add(epoll.number, descriptor, token, Int32(interest.rawValue)),
      "watch a descriptor")
  }

  /// Changes what a watched descriptor is watched for; an empty interest leaves failures only.
  public func modify(
    _ descriptor: Int32, token: UInt64, for interest: Readiness
  ) throws(SystemError) {
    precondition(token != Self.reservedToken, "the poller's own token")
    try check(
      clinux_epoll_modify(epoll.number, descriptor, token, Int32(interest.rawValue)),
      "change the watch on a descriptor")
  }

  /// Stops watching; closing the last copy of a descriptor does so as well.
  public func remove(_ descriptor: Int32) throws(SystemError) {
    try check(clinux_epoll_remove(epoll.number, descriptor), "stop watching a descriptor")
  }

  public mutating func wait(
    until deadline: Instant?, into events: inout [ReadyEvent]
  ) throws(SystemError) {
    events.removeAll(keepingCapacity: true)
    let isDue = deadline.map { $0 <= MonotonicClock.now() } ?? false
    if !isDue { try arm(deadline) }
    let result = clinux_epoll_wait(epoll.number, &found, Int32(found.count), isDue ? 0 : 1)
    // A signal handler's interruption is a wake-up with nothing ready.
    if result == -EINTR { return }
    let count = try check(result, "wait for events")
    for event in found.prefix(Int(count)) {
      if event.token == Self.reservedToken {
        try expire()
      } else {
        events.append(
          ReadyEvent(token: event.token, readiness: Readiness(rawValue: event.readiness)))
      }
    }
  }

  private mutating func arm(_ deadline: Instant?) throws(SystemError) {
    // Zero would disarm; a deadline that is not past is after boot anyway.
    let nanoseconds = deadline.map { max($0.nanoseconds, 1) } ?? 0
    guard nanoseconds != armedNanoseconds else { return }
    try check(clinux_timer_set(timer.number, nanoseconds), "set the poller's timer")
    armedNanoseconds = nanoseconds
  }

  /// Setting a timer also takes back an expiry that was not read.
  private mutating func expire() throws(SystemError) {
    try check(clinux_timer_set(timer.number, 0), "clear the poller's timer")
    armedNanoseconds = 0
  }
}
