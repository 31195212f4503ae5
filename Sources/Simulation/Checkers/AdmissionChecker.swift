import Primitives

/// Who has the wrong secret gets no connection, who has the wrong password no session.
public struct AdmissionChecker: Checker {
  /// How far a client may get.
  public enum Welcome: Sendable, Equatable {
    case whole
    case connectionOnly
    case none
  }

  private let welcome: Welcome

  public init(_ welcome: Welcome) { self.welcome = welcome }

  public mutating func note(_ occurrence: Occurrence, at now: Instant) throws(BrokenPromise) {
    switch occurrence {
    case .connectionUp(let id):
      try promise(welcome != .none, "admission", at: now, "\(id) is up with a wrong secret")
    case .sessionUp(let id, _):
      try promise(welcome == .whole, "admission", at: now, "\(id) is up with a wrong password")
    default: break
    }
  }
}
