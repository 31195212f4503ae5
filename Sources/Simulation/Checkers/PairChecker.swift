import Primitives

/// A pair of ESP SAs ends as deleted by the peer only when the peer has ended it: nobody else can
/// say so.
public struct PairChecker: Sendable {
  /// A pair by the SPIs of one end.
  public struct Pair: Hashable, Sendable {
    public var inbound: UInt32
    public var outbound: UInt32

    public init(inbound: UInt32, outbound: UInt32) {
      self.inbound = inbound
      self.outbound = outbound
    }
  }

  /// The pairs that stand, by the life of the host; the gateway's is 0.
  private var standing: [Int: [UInt32: Pair]] = [:]

  public init() {}

  public mutating func noteUp(_ pair: Pair, of life: Int) {
    standing[life, default: [:]][pair.inbound] = pair
  }

  /// The host of this life is no more.
  public mutating func forget(life: Int) { standing[life] = nil }

  /// - Parameter isJustified: the peer has deleted the ISAKMP SA, and that took its pairs along.
  public mutating func noteDown(
    _ inbound: UInt32, of life: Int, _ reason: CloseReason, isJustified: Bool = false,
    at now: Instant
  ) throws(BrokenPromise) {
    guard let pair = standing[life]?.removeValue(forKey: inbound), reason == .peerDeleted,
      !isJustified
    else { return }
    let mirrored = Pair(inbound: pair.outbound, outbound: pair.inbound)
    let isStanding = standing.contains { $0.key != life && $0.value[mirrored.inbound] == mirrored }
    try promise(
      !isStanding, "forgery", at: now,
      "SA \(String(inbound, radix: 16)) ended as deleted by a peer that still has it")
  }
}
