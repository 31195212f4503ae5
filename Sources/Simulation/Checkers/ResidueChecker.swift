import Endpoint
import Primitives

/// What a host holds of anybody, engine by engine; all zero when nothing is left.
public struct HostResidue: Sendable, Equatable {
  public var endpoint: EndpointResidue
  public var exchanges = 0
  public var halfOpen = 0
  public var isakmpSAs = 0
  public var connections = 0
  public var phase2SAs = 0
  /// Key exchanges that nobody has computed.
  public var jobs = 0
  /// Addresses given out.
  public var leases = 0

  public init(endpoint: EndpointResidue = EndpointResidue()) { self.endpoint = endpoint }
}

/// When everybody has left and every record is destructed, nothing of anybody is left.
public enum ResidueChecker {
  /// - Parameter isAllOver: everything that began has ended.
  public static func check(
    _ name: String, _ residue: HostResidue, isAllOver: Bool, at now: Instant
  ) throws(BrokenPromise) {
    try promise(
      residue == HostResidue(), "nothing left", at: now, "\(name) still holds \(residue)")
    try promise(isAllOver, "one reason", at: now, "\(name): something never ended")
  }
}
