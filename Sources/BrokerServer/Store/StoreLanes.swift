import Broker
import ConnectionService
import NIOPosix
import Synchronization

/// Threads of their own for the broker's rules, which block as long as the database does.
///
/// Asynchronous code never waits for a database on the threads that it shares with everything
/// else. The lanes are few, and so is what may wait for one: more is refused as `overloaded`.
final class StoreLanes: Sendable {
  /// Requests that may wait for a lane.
  static let waitingMax = 8192

  let rules: ServedRules
  private let pool: NIOThreadPool
  private let waiting = Atomic(0)
  private let transactions = Atomic<UInt64>(0)
  private let failures = Atomic<UInt64>(0)

  /// - Parameter lanes: how many calls are carried out at once.
  init(rules: ServedRules, lanes: Int) {
    self.rules = rules
    pool = NIOThreadPool(numberOfThreads: lanes)
    pool.start()
  }

  /// Calls that were carried out, and those of them that the database failed.
  var counts: (transactions: UInt64, failures: UInt64) {
    (transactions.load(ordering: .relaxed), failures.load(ordering: .relaxed))
  }

  /// Calls that are carried out or wait.
  var load: Int { waiting.load(ordering: .relaxed) }

  /// Carries out `body` on one of the lanes.
  func run<Result: Sendable>(
    _ body: @escaping @Sendable (ServedRules) throws(Refusal) -> Result
  ) async throws(Refusal) -> Result {
    guard waiting.add(1, ordering: .relaxed).newValue <= Self.waitingMax else {
      waiting.subtract(1, ordering: .relaxed)
      throw .serverBusy
    }
    defer { waiting.subtract(1, ordering: .relaxed) }
    let outcome: Swift.Result<Result, Refusal>
    do {
      outcome = try await pool.runIfActive { [self] in carryOut(body) }
    } catch {
      throw .serverEnding
    }
    return try outcome.get()
  }

  private func carryOut<Result>(
    _ body: (ServedRules) throws(Refusal) -> Result
  ) -> Swift.Result<Result, Refusal> {
    transactions.add(1, ordering: .relaxed)
    do throws(Refusal) {
      return .success(try body(rules))
    } catch {
      if error.code == .storeUnavailable { failures.add(1, ordering: .relaxed) }
      return .failure(error)
    }
  }

  /// Ends the threads once they have done what waits.
  func shutDown() async { try? await pool.shutdownGracefully() }
}
