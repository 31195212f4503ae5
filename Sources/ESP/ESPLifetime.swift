/// How much one SA may protect. Time is the key exchange's business; this counts.
public struct ESPLifetime: Hashable, Sendable {
  /// Bytes of ESP packets after which a successor is wanted.
  public var softBytes: UInt64
  /// Bytes of ESP packets after which nothing passes any more.
  public var hardBytes: UInt64
  /// Sequence number at which a successor is wanted.
  public var softSequence: UInt32
  /// The last sequence number used or accepted.
  public var hardSequence: UInt32

  /// No limit by bytes; sequence numbers end at 2^32 − 1 (RFC 4303 §3.3.3) and ask for a successor
  /// when seven eighths are used.
  public static let unlimited = ESPLifetime(softBytes: .max, hardBytes: .max)

  public init(
    softBytes: UInt64, hardBytes: UInt64, softSequence: UInt32 = 0xE000_0000,
    hardSequence: UInt32 = .max
  ) {
    self.softBytes = softBytes
    self.hardBytes = hardBytes
    self.softSequence = softSequence
    self.hardSequence = hardSequence
  }
}

/// A limit that an SA has just reached; each is reported once.
public enum LifetimeLimit: UInt8, Hashable, Sendable {
  /// Time to negotiate a successor; traffic goes on.
  case soft
  /// Nothing passes any more.
  case hard
}

/// What has passed one SA, and the limits already reported.
public struct ESPUsage: Hashable, Sendable {
  public private(set) var packets: UInt64 = 0
  /// Bytes of whole ESP packets.
  public private(set) var bytes: UInt64 = 0
  public let lifetime: ESPLifetime
  private var reported: LifetimeLimit?

  init(lifetime: ESPLifetime) { self.lifetime = lifetime }

  /// Whether a hard limit has been reached.
  public var isExhausted: Bool { reported == .hard }

  /// Counts a packet; returns the limit that it reached, if that is news.
  mutating func count(bytes packetBytes: Int, sequence: UInt32) -> LifetimeLimit? {
    packets &+= 1
    bytes &+= UInt64(truncatingIfNeeded: packetBytes)
    if bytes >= lifetime.hardBytes || sequence >= lifetime.hardSequence {
      guard reported != .hard else { return nil }
      reported = .hard
      return .hard
    }
    guard bytes >= lifetime.softBytes || sequence >= lifetime.softSequence, reported == nil else {
      return nil
    }
    reported = .soft
    return .soft
  }
}
