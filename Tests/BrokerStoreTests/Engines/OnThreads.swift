import Foundation
import Synchronization

/// Runs `work` on so many threads at once and waits for all; rethrows the first error.
func onThreads(_ count: Int, _ work: @escaping @Sendable (Int) throws -> Void) throws {
  let errors = Mutex<[any Error]>([])
  let group = DispatchGroup()
  for number in 0..<count {
    group.enter()
    Thread.detachNewThread {
      do { try work(number) } catch { errors.withLock { $0.append(error) } }
      group.leave()
    }
  }
  group.wait()
  if let first = errors.withLock({ $0.first }) { throw first }
}
