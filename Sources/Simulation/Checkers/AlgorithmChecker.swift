import Cryptography
import IKE
import Primitives

/// What two ends negotiate is the responder's first choice among what both have, whatever happens
/// to the proposals on the way: never anything weaker.
public struct AlgorithmChecker: Sendable {
  /// What must come out when one of the two is the responder; `nil` when they have nothing in
  /// common.
  public struct Choice: Sendable {
    public var isakmp: ISAKMPTransform?
    public var esp: ESPTransform?

    public init(isakmp: ISAKMPTransform?, esp: ESPTransform?) {
      self.isakmp = isakmp
      self.esp = esp
    }
  }

  private let asResponder: Choice
  private let asInitiator: Choice

  /// - Parameters:
  ///   - asResponder: of the host that is watched.
  ///   - asInitiator: of its peer.
  public init(asResponder: Choice, asInitiator: Choice) {
    self.asResponder = asResponder
    self.asInitiator = asInitiator
  }

  public func check(
    _ transform: ISAKMPTransform?, as role: Role, at now: Instant
  ) throws(BrokenPromise) {
    try promise(
      transform == choice(role).isakmp, "algorithms", at: now,
      "an ISAKMP SA has \(transform.map { "\($0)" } ?? "none")")
  }

  public func check(
    _ transform: ESPTransform, as role: Role, at now: Instant
  ) throws(BrokenPromise) {
    try promise(
      transform == choice(role).esp, "algorithms", at: now, "an ESP SA has \(transform)")
  }

  private func choice(_ role: Role) -> Choice {
    switch role {
    case .initiator: asInitiator
    case .responder: asResponder
    }
  }
}
