import ConnectionService
import Foundation

extension SQLDatabase {
  /// Attempts of one transaction against others that are in its way.
  static var conflictAttemptsMax: Int { 8 }
  /// Attempts over connections that turn out to be broken: those of before a restart of the
  /// database are found by using them.
  static var brokenAttemptsMax: Int { 3 }

  /// Runs `body` in a transaction, again from the beginning when that is safe and may help.
  ///
  /// Blocks for at most half a second more than its attempts take. A commit whose outcome is unknown
  /// is never tried again: `body` might happen twice.
  func transact<Result>(
    _ body: (any SQLConnection) throws(SQLFailure) -> Result
  ) throws(Refusal) -> Result {
    var conflicts = 0
    var breaks = 0
    while true {
      do throws(SQLFailure) {
        return try attempt(body)
      } catch {
        switch error {
        case .refused(let refusal):
          throw refusal
        case .fault(.conflict) where conflicts + 1 < Self.conflictAttemptsMax:
          conflicts += 1
          // Two that stopped each other should not meet again: the pause is random and grows.
          Thread.sleep(forTimeInterval: .random(in: 0...0.008) * Double(conflicts))
        case .fault(.broken) where breaks + 1 < Self.brokenAttemptsMax:
          breaks += 1
        case .fault(let fault):
          throw fault.refusal
        }
      }
    }
  }
}
