import Primitives

/// Wakes one task that waits, from anywhere; rings that come while nobody waits are one.
struct Doorbell: Sendable {
  private let continuation: AsyncStream<Void>.Continuation
  private let stream: AsyncStream<Void>

  init() {
    (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  func ring() { continuation.yield() }

  /// Waits for a ring, or for so long, or for the task's cancellation.
  func wait(atMost duration: Duration, _ clock: AgentClock) async {
    let timer = Task {
      await clock.sleep(duration)
      // Called off: somebody rang before.
      if !Task.isCancelled { continuation.yield() }
    }
    var rings = stream.makeAsyncIterator()
    await rings.next()
    timer.cancel()
  }
}
