import Primitives

/// CS-25: sessions talk only while a connection of one on the other lives, and then they do.
///
/// Both follow within the time, counted from when the gateway hears its broker.
public struct GrantChecker: Sendable {
  static let revokedWithin = Duration.seconds(1)
  static let allowedWithin = Duration.seconds(2)

  private var followingSince: Instant?
  private var unjustified: [String: Instant] = [:]
  private var missing: [String: Instant] = [:]

  public init() {}

  /// Whether there is something that becomes a broken promise with time.
  public var isWaiting: Bool { !unjustified.isEmpty || !missing.isEmpty }

  /// - Parameters:
  ///   - unjustified: pairs that talk without a live connection.
  ///   - missing: pairs that have one and do not talk.
  ///   - isFollowing: whether the gateway hears its broker.
  public mutating func note(
    unjustified: Set<String>, missing: Set<String>, isFollowing: Bool, at now: Instant
  ) throws(BrokenPromise) {
    followingSince = isFollowing ? followingSince ?? now : nil
    Self.update(&self.unjustified, to: unjustified, at: now)
    Self.update(&self.missing, to: missing, at: now)
    guard let followingSince else { return }
    try Self.check(
      self.unjustified, followingSince, Self.revokedWithin, "talk without a connection", at: now)
    try Self.check(
      self.missing, followingSince, Self.allowedWithin, "do not talk in spite of one", at: now)
  }

  private static func update(
    _ table: inout [String: Instant], to pairs: Set<String>, at now: Instant
  ) {
    table = table.filter { pairs.contains($0.key) }
    for pair in pairs where table[pair] == nil { table[pair] = now }
  }

  private static func check(
    _ table: [String: Instant], _ followingSince: Instant, _ limit: Duration, _ words: String,
    at now: Instant
  ) throws(BrokenPromise) {
    for pair in table.keys.sorted() {
      let since = max(table[pair] ?? now, followingSince)
      try promise(now - since <= limit, "CS-25", at: now, "\(pair) \(words) since \(since.seconds)")
    }
  }
}
