import Glibc
import LinuxIO
import Primitives
import Testing

@Suite(.timeLimit(.minutes(5))) struct PollerTests {
  @Test func readableSocketWakesWithItsToken() async throws {
    try await NetworkNamespace.run {
      var poller = try Poller()
      var sender = try UDPSocket(bindingTo: .literal("127.0.0.1"))
      var receiver = try UDPSocket(bindingTo: .literal("127.0.0.1"))
      try poller.add(receiver.descriptor, token: 7)
      var events: [ReadyEvent] = []
      try poller.wait(until: .zero, into: &events)
      #expect(events.isEmpty)
      let arena = TestArena(slots: 1, slotBytes: 64)
      _ = try arena.send([[1]], to: receiver.local, through: &sender)
      try poller.wait(until: nil, into: &events)
      #expect(events == [ReadyEvent(token: 7, readiness: .readable)])
      _ = try arena.receive(from: &receiver)
      try poller.wait(until: .zero, into: &events)
      #expect(events.isEmpty)
    }
  }

  @Test func deadlinesFireNotBeforeTheirInstantAndAgain() throws {
    var poller = try Poller()
    var events = [ReadyEvent(token: 1, readiness: .readable)]
    for _ in 0..<3 {
      let deadline = MonotonicClock.now() + .milliseconds(2)
      try poller.wait(until: deadline, into: &events)
      let after = MonotonicClock.now()
      #expect(after >= deadline)
      #expect(events.isEmpty)
    }
  }

  @Test func badInput63DeadlinesRunOnTheClockThatCountsSuspension() async throws {
    try await NetworkNamespace.run {
      var time = timespec()
      clock_gettime(CLOCK_BOOTTIME, &time)
      let before = Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
      let now = MonotonicClock.now()
      clock_gettime(CLOCK_BOOTTIME, &time)
      let after = Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
      #expect(before <= now && now <= after)

      let timersBefore = Self.bootClockTimers()
      let poller = try Poller()
      #expect(Self.bootClockTimers() == timersBefore + 1)
      _ = consume poller
    }
  }

  /// How many of this thread's descriptors are timers on CLOCK_BOOTTIME, from /proc.
  private static func bootClockTimers() -> Int {
    (0..<256).count { number in
      guard let file = fopen("/proc/thread-self/fdinfo/\(number)", "r") else { return false }
      defer { fclose(file) }
      var bytes = [UInt8](repeating: 0, count: 512)
      let count = fread(&bytes, 1, bytes.count, file)
      return String(decoding: bytes.prefix(count), as: UTF8.self)
        .contains("clockid: \(CLOCK_BOOTTIME)\n")
    }
  }

  @Test func deadlineThatIsTakenBackDoesNotFire() throws {
    var poller = try Poller()
    let waker = try Waker()
    try poller.add(waker.descriptor, token: 3)
    var events: [ReadyEvent] = []
    waker.wake()
    try poller.wait(until: MonotonicClock.now() + .milliseconds(1), into: &events)
    #expect(events == [ReadyEvent(token: 3, readiness: .readable)])
    // Still readable: returns at once and disarms the timer on the way.
    try poller.wait(until: nil, into: &events)
    #expect(events == [ReadyEvent(token: 3, readiness: .readable)])
  }

  @Test func wakesOfAnotherThreadEndAWaitAndCountAsOne() async throws {
    let waker = try Waker()
    let waiting = Task.detached {
      var poller = try Poller()
      try poller.add(waker.descriptor, token: 1)
      var events: [ReadyEvent] = []
      try poller.wait(until: nil, into: &events)
      waker.drain()
      let woken = events
      try poller.wait(until: .zero, into: &events)
      return (woken, events)
    }
    waker.wake()
    let (woken, later) = try await waiting.value
    #expect(woken == [ReadyEvent(token: 1, readiness: .readable)])
    // The second wake below may not have come yet; one wake leaves nothing after the drain.
    #expect(later.isEmpty)
    waker.wake()
    waker.wake()
    waker.drain()
    var poller = try Poller()
    try poller.add(waker.descriptor, token: 1)
    var events: [ReadyEvent] = []
    try poller.wait(until: .zero, into: &events)
    #expect(events.isEmpty)
  }

  @Test func removedAndModifiedDescriptorsAreQuiet() throws {
    var poller = try Poller()
    let waker = try Waker()
    waker.wake()
    var events: [ReadyEvent] = []
    try poller.add(waker.descriptor, token: 1)
    try poller.modify(waker.descriptor, token: 2, for: [.readable, .writable])
    try poller.wait(until: nil, into: &events)
    #expect(events == [ReadyEvent(token: 2, readiness: [.readable, .writable])])
    try poller.modify(waker.descriptor, token: 2, for: [])
    try poller.wait(until: .zero, into: &events)
    #expect(events.isEmpty)
    try poller.remove(waker.descriptor)
    #expect(throws: SystemError.self) { try poller.remove(waker.descriptor) }
  }

  @Test func moreReadyThanOneWaitReportsComesWithTheNext() throws {
    var poller = try Poller()
    let wakers = try (0...Poller.eventsMax).map { _ in try Waker() }
    for (token, waker) in wakers.enumerated() {
      try poller.add(waker.descriptor, token: UInt64(token))
      waker.wake()
    }
    var events: [ReadyEvent] = []
    var seen: Set<UInt64> = []
    try poller.wait(until: nil, into: &events)
    #expect(events.count == Poller.eventsMax)
    for event in events {
      seen.insert(event.token)
      wakers[Int(event.token)].drain()
    }
    try poller.wait(until: nil, into: &events)
    seen.formUnion(events.map(\.token))
    #expect(seen.count == Poller.eventsMax + 1)
  }

  @Test func memoryPollerJumpsToTheDeadlineWhenNothingIsReady() throws {
    var poller = MemoryPoller()
    var events: [ReadyEvent] = []
    try poller.wait(until: .zero + .seconds(5), into: &events)
    let now = poller.clock.now()
    #expect(now == .zero + .seconds(5))
    #expect(events.isEmpty)
    poller.signal(4)
    try poller.wait(until: .zero + .seconds(9), into: &events)
    let later = poller.clock.now()
    #expect(later == now)
    #expect(events == [ReadyEvent(token: 4, readiness: .readable)])
  }
}
