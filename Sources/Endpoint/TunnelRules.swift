/// What a remote host's profile demands of the tunnels it opens (LT-1 to LT-8).
public struct TunnelRules: Sendable, Equatable {
  /// How long a standard tunnel outlives its last session; 0…86400 s, zero means until somebody
  /// closes it (LT-1). A single-shot tunnel ignores it (LT-5).
  public var idleTimeout: Duration
  /// How long the records of something closed stay; 10…3600 s (LT-2).
  public var destructTimeout: Duration
  /// No more than one session in the tunnel's life and, over IPsec, no more than one tunnel in the
  /// life of its IPsec connection (LT-4, LT-6).
  public var isSingleShot: Bool

  public init(
    idleTimeout: Duration = .seconds(60), destructTimeout: Duration = .seconds(600),
    isSingleShot: Bool = false
  ) {
    self.idleTimeout = idleTimeout
    self.destructTimeout = destructTimeout
    self.isSingleShot = isSingleShot
  }
}
