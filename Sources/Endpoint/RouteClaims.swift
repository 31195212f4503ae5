import Dataplane
import Primitives

/// Which session has the route to a prefix when several lead there: the first that claimed it; when
/// that goes, the next.
///
/// As large as what live sessions claim, which their maxima bound.
struct RouteClaims: Sendable {
  /// Claimants of each prefix, the one that has it first.
  private var claimants: [IPPrefix: [SessionID]] = [:]

  /// What becomes of a route when a claim is taken back.
  enum Outcome: Sendable, Equatable {
    /// Somebody else has it, or nobody claimed it.
    case unchanged
    case gone
    case passes(to: SessionID)
  }

  var isEmpty: Bool { claimants.isEmpty }

  /// - Returns: whether the session has the route from now on and had not before.
  mutating func claim(_ prefix: IPPrefix, for session: SessionID) -> Bool {
    let before = claimants[prefix, default: []]
    guard !before.contains(session) else { return false }
    claimants[prefix] = before + [session]
    return before.isEmpty
  }

  mutating func release(_ prefix: IPPrefix, of session: SessionID) -> Outcome {
    guard var left = claimants[prefix], let place = left.firstIndex(of: session) else {
      return .unchanged
    }
    left.remove(at: place)
    claimants[prefix] = left.isEmpty ? nil : left
    guard place == 0 else { return .unchanged }
    return left.first.map { .passes(to: $0) } ?? .gone
  }
}
