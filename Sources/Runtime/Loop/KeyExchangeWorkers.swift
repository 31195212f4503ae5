import Dispatch
import IKE
import Synchronization

/// Threads for Diffie–Hellman: a millisecond each that the loop must not spend.
///
/// The queue is bounded by the ISAKMP engine, which has a limited number of jobs in the air.
final class KeyExchangeWorkers: Sendable {
  private struct State: Sendable {
    var jobs: [KeyExchangeJob] = []
    var isEnding = false
  }

  private let state = Mutex(State())
  private let available = DispatchSemaphore(value: 0)
  private let deliver: @Sendable (KeyExchangeResult) -> Void
  private let threads = Mutex<[LoopThread]>([])

  /// - Parameter deliver: takes each result, on a worker's thread.
  init(deliver: @escaping @Sendable (KeyExchangeResult) -> Void) { self.deliver = deliver }

  /// Starts the threads; `false` when the system has no room for a single one.
  func start(threads count: Int) -> Bool {
    let started = (0..<count).compactMap { _ in
      LoopThread { [self] in work() }
    }
    threads.withLock { $0 += started }
    return !started.isEmpty
  }

  /// Queues a job.
  func submit(_ job: KeyExchangeJob) {
    state.withLock { $0.jobs.append(job) }
    available.signal()
  }

  /// Ends the threads after the jobs they are at; the rest is dropped.
  func stop() {
    let ended = threads.withLock { threads in
      defer { threads = [] }
      return threads
    }
    state.withLock { state in
      state.isEnding = true
      state.jobs = []
    }
    for _ in ended { available.signal() }
    for thread in ended { thread.join() }
  }

  private func work() {
    while true {
      available.wait()
      let (job, isEnding) = state.withLock { state in
        (state.jobs.isEmpty ? nil : state.jobs.removeFirst(), state.isEnding)
      }
      if isEnding { return }
      if let job { deliver(job.run()) }
    }
  }
}
