import ConnectionService
import Primitives

/// No credential appears in any event, nor in what is shown of a connection.
public struct SecretChecker: Sendable {
  /// Every token begins with this one; every credential of a story holds the other.
  static let marks = ["dbt_", credentialMark]
  static let credentialMark = "secret-"

  public init() {}

  public func check(_ event: ServiceEvent, at now: Instant) throws(BrokenPromise) {
    try check([event.actor, event.note], event.summary, at: now)
  }

  public func check(_ view: ConnectionView, at now: Instant) throws(BrokenPromise) {
    let failure = view.failure
    try check(
      [view.note, view.closedBy, failure?.detail, failure?.cause, failure?.nextStep],
      "\(view.id)", at: now)
  }

  private func check(
    _ texts: [String?], _ place: String, at now: Instant
  ) throws(BrokenPromise) {
    for case let text? in texts {
      try promise(
        !Self.marks.contains { text.contains($0) }, "secrets", at: now, "a secret in \(place)")
    }
  }
}
