import CLinux
import Dispatch
import Glibc
import LinuxIO
import Synchronization

/// A thread of its own that runs one asynchronous test body in an empty network namespace. Threads
/// that the body starts share it, and it goes away with them, so a failing test leaves no interface
/// and no route behind. The descriptor table is the process's: tasks elsewhere wake the body's loops.
final class NamespaceThread: TaskExecutor {
  private struct State {
    var jobs: [UnownedJob] = []
    var isEnding = false
  }

  private let state = Mutex(State())
  private let pending = DispatchSemaphore(value: 0)

  /// Runs `body` in a new namespace whose loopback interface is up. Unstructured tasks in it must
  /// prefer the thread that it is given: others run outside.
  static func run<Result: Sendable>(
    _ body: @Sendable @escaping (NamespaceThread) async throws -> Result
  ) async throws -> Result {
    let thread = NamespaceThread()
    try thread.start()
    defer { thread.end() }
    return try await withTaskExecutorPreference(thread) {
      var netlink = try Netlink()
      try netlink.configure(netlink.link(named: "lo").index, isUp: true)
      return try await body(thread)
    }
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    state.withLock { $0.jobs.append(job) }
    pending.signal()
  }

  private func end() {
    state.withLock { $0.isEnding = true }
    pending.signal()
  }

  private func start() throws {
    let reference = Unmanaged.passRetained(self).toOpaque()
    var thread = pthread_t()
    let result = pthread_create(
      &thread, nil,
      { reference in
        guard let reference else { return nil }
        Unmanaged<NamespaceThread>.fromOpaque(reference).takeRetainedValue().runJobs()
        return nil
      }, reference)
    guard result == 0 else { throw SystemError("start a thread", errno: result) }
    pthread_detach(thread)
  }

  private func runJobs() {
    let entered = clinux_enter_new_namespace()
    precondition(entered >= 0, "these tests run as root or in a user namespace")
    while true {
      pending.wait()
      let (job, isEnding) = state.withLock { state in
        (state.jobs.isEmpty ? nil : state.jobs.removeFirst(), state.isEnding)
      }
      if let job {
        job.runSynchronously(on: asUnownedTaskExecutor())
      } else if isEnding {
        return
      }
    }
  }
}
