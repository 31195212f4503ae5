import ConnectionService
import Synchronization
import Testing

@testable import BrokerStore

@Suite("What is tried again", .timeLimit(.minutes(5)))
struct RetryTests {
  /// Fails as it is told to.
  private final class Faulty: SQLDatabase {
    let attempts = Mutex(0)
    let fault: @Sendable (_ attempt: Int) -> SQLFault?

    init(_ fault: @escaping @Sendable (Int) -> SQLFault?) { self.fault = fault }

    func attempt<Result>(
      _ body: (any SQLConnection) throws(SQLFailure) -> Result
    ) throws(SQLFailure) -> Result {
      let number = attempts.withLock { attempts in
        attempts += 1
        return attempts
      }
      if let fault = fault(number) { throw .fault(fault) }
      return try body(Unused())
    }

    func waitForChange(timeout: Duration) -> Bool { false }
  }

  private final class Unused: SQLConnection {
    let dialect = SQLDialect(engine: .sqlite)
    func now() throws(SQLFault) -> Timestamp { throw .ours("unused") }
    func rows(_: String, _: [SQLValue]) throws(SQLFault) -> [SQLRow] { throw .ours("unused") }
    func run(_: String, _: [SQLValue]) throws(SQLFault) {}
    var isNews = false
    var isLasting = false
  }

  /// How often it was tried, and how it ended.
  private func outcome(
    _ fault: @escaping @Sendable (Int) -> SQLFault?
  ) -> (attempts: Int, code: Refusal.Code?) {
    let database = Faulty(fault)
    var code: Refusal.Code?
    do throws(Refusal) {
      try database.transact { (_) throws(SQLFailure) in }
    } catch {
      code = error.code
    }
    return (database.attempts.withLock { $0 }, code)
  }

  @Test func aConflictIsTriedEightTimesAtMost() {
    #expect(outcome { $0 < 8 ? .conflict("") : nil } == (8, nil))
    #expect(outcome { _ in .conflict("") } == (8, .overloaded))
  }

  @Test func aBrokenConnectionIsReplacedTwiceAtMost() {
    #expect(outcome { $0 < 3 ? .broken("") : nil } == (3, nil))
    #expect(outcome { _ in .broken("") } == (3, .storeUnavailable))
  }

  @Test func whatMayHaveHappenedOrCannotHelpIsNotTriedAgain() {
    #expect(outcome { _ in .commitUnknown("") } == (1, .storeUnavailable))
    #expect(outcome { _ in .unreachable("") } == (1, .storeUnavailable))
    #expect(outcome { _ in .busy("") } == (1, .overloaded))
    #expect(outcome { _ in .unstorable("") } == (1, .badRequest))
    #expect(outcome { _ in .ours("") } == (1, .internalError))
  }
}
