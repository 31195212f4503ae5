import CLinux
import Glibc
import LinuxIO

/// A thread of its own that runs one synchronous test body in an empty network namespace with a
/// descriptor table of its own. All of it goes away with the thread, so a failing test leaves nothing
/// behind.
///
/// Tests that need privileges fail with a clear error where they have none; they are not skipped,
/// for a skipped test looks like a passed one.
final class NetworkNamespace: TaskExecutor, @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var jobs: [UnownedJob] = []
  private var isEnding = false
  private var thread = pthread_t()

  /// Runs `body` in a new namespace whose loopback interface is up.
  static func run<Result: Sendable>(
    _ body: @Sendable @escaping () throws -> Result
  ) async throws -> Result {
    let namespace = NetworkNamespace()
    namespace.start()
    defer { namespace.end() }
    return try await withTaskExecutorPreference(namespace) {
      let alone = clinux_start_descriptor_table()
      guard alone >= 0 else {
        throw SystemError("start a descriptor table for the test", errno: -alone)
      }
      let entered = clinux_enter_new_namespace()
      guard entered >= 0 else {
        throw SystemError(
          "create a network namespace for the test", errno: -entered,
          advice: "run the tests as root or in a user namespace")
      }
      var netlink = try Netlink()
      try netlink.configure(netlink.link(named: "lo").index, isUp: true)
      return try body()
    }
  }

  private init() {
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(changed, nil)
  }

  deinit {
    pthread_cond_destroy(changed)
    pthread_mutex_destroy(mutex)
    changed.deallocate()
    mutex.deallocate()
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    pthread_mutex_lock(mutex)
    jobs.append(job)
    pthread_cond_signal(changed)
    pthread_mutex_unlock(mutex)
  }

  private func start() {
    let reference = Unmanaged.passRetained(self).toOpaque()
    let result = pthread_create(
      &thread, nil,
      { reference in
        guard let reference else { return nil }
        Unmanaged<NetworkNamespace>.fromOpaque(reference).takeRetainedValue().runJobs()
        return nil
      }, reference)
    precondition(result == 0, "no thread for the test")
    pthread_detach(thread)
  }

  private func end() {
    pthread_mutex_lock(mutex)
    isEnding = true
    pthread_cond_signal(changed)
    pthread_mutex_unlock(mutex)
  }

  private func runJobs() {
    while let job = nextJob() { job.runSynchronously(on: asUnownedTaskExecutor()) }
  }

  private func nextJob() -> UnownedJob? {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while jobs.isEmpty, !isEnding { pthread_cond_wait(changed, mutex) }
    return jobs.isEmpty ? nil : jobs.removeFirst()
  }
}
