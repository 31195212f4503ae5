import Synchronization
import Testing

@testable import AgentService

@Suite(.timeLimit(.minutes(5))) struct DoorbellTests {
  /// Time does not pass; a sleep ends when it is called off.
  private static let frozen = AgentClock(
    now: AgentClock.system.now, time: AgentClock.system.time,
    sleep: { _ in try? await Task.sleep(for: .seconds(3600)) })

  @Test func aTimerThatIsCalledOffDoesNotRing() async {
    let bell = Doorbell()
    bell.ring()
    await bell.wait(atMost: .seconds(5), Self.frozen)
    let flag = Flag()
    let waiting = Task {
      await bell.wait(atMost: .seconds(5), Self.frozen)
      flag.isRaised.withLock { $0 = true }
    }
    for _ in 0..<10_000 { await Task.yield() }
    let isTooEarly = flag.isRaised.withLock(\.self)
    #expect(!isTooEarly)
    bell.ring()
    await waiting.value
  }

  private final class Flag: Sendable {
    let isRaised = Mutex(false)
  }

  @Test func ringsWhileNobodyWaitsAreOne() async {
    let bell = Doorbell()
    for _ in 0..<100 { bell.ring() }
    await bell.wait(atMost: .seconds(5), Self.frozen)
    let immediate = AgentClock(
      now: AgentClock.system.now, time: AgentClock.system.time, sleep: { _ in })
    await bell.wait(atMost: .zero, immediate)
  }
}
