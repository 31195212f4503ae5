import Dispatch
import Primitives
import Synchronization

/// A flag that one thread waits for and any thread raises; raised twice is raised once.
final class ChangeSignal: Sendable {
  private let isRaised = Mutex(false)
  private let semaphore = DispatchSemaphore(value: 0)

  func raise() {
    let wasRaised = isRaised.withLock { isRaised in
      defer { isRaised = true }
      return isRaised
    }
    if !wasRaised { semaphore.signal() }
  }

  /// Lowers the flag once it is up; `false` when `timeout` passed without.
  func wait(timeout: Duration) -> Bool {
    let nanoseconds = Int(clamping: max(0, timeout.wholeNanoseconds))
    guard semaphore.wait(timeout: .now() + .nanoseconds(nanoseconds)) == .success else {
      return false
    }
    isRaised.withLock { $0 = false }
    return true
  }
}
