import Primitives

/// A promise that was broken, with the moment; a run with one has failed.
public struct BrokenPromise: Error, Sendable, Equatable, CustomStringConvertible {
  /// The rule's id where it has one (`LT-6`), else a word.
  public var rule: String
  public var at: Instant
  public var detail: String

  public init(_ rule: String, at: Instant, _ detail: String) {
    self.rule = rule
    self.at = at
    self.detail = detail
  }

  public var description: String { "\(rule) broken at \(at.seconds) s: \(detail)" }
}

/// Throws the promise when it does not hold.
func promise(
  _ holds: Bool, _ rule: String, at now: Instant, _ detail: @autoclosure () -> String
) throws(BrokenPromise) {
  guard holds else { throw BrokenPromise(rule, at: now, detail()) }
}

extension Instant {
  /// Seconds since the beginning with six digits behind the point.
  var seconds: String {
    let microseconds = nanoseconds / 1_000
    let fraction = String(1_000_000 + microseconds % 1_000_000).dropFirst()
    return "\(microseconds / 1_000_000).\(fraction)"
  }
}
