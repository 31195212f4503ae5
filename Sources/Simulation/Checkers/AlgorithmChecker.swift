import Cryptography
import IKE
import Primitives

/// Both ends come to the best algorithms that both have, whatever happens to their proposals on the
/// way: never to weaker ones.
public struct AlgorithmChecker: Sendable {
  private let isakmp: ISAKMPTransform?
  private let esp: ESPTransform?

  /// - Parameters:
  ///   - isakmp: the best of the policies of both ends; `nil` when they have nothing in common.
  ///   - esp: the same for ESP.
  public init(isakmp: ISAKMPTransform?, esp: ESPTransform?) {
    self.isakmp = isakmp
    self.esp = esp
  }

  public func check(_ transform: ISAKMPTransform?, at now: Instant) throws(BrokenPromise) {
    try promise(
      transform == isakmp, "algorithms", at: now,
      "an ISAKMP SA has \(transform.map { "\($0)" } ?? "none")")
  }

  public func check(_ transform: ESPTransform, at now: Instant) throws(BrokenPromise) {
    try promise(transform == esp, "algorithms", at: now, "an ESP SA has \(transform)")
  }
}
