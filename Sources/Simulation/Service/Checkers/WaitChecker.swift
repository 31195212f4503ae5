import Primitives

/// Nothing waits longer than it may, whatever the wall clocks do.
public struct WaitChecker: Sendable {
  private var since: [String: Instant] = [:]

  public init() {}

  /// - Parameter waiting: what waits now, and how long it may.
  public mutating func note(
    _ waiting: [String: Duration], at now: Instant
  ) throws(BrokenPromise) {
    since = since.filter { waiting[$0.key] != nil }
    for what in waiting.keys.sorted() {
      let begun = since[what] ?? now
      since[what] = begun
      try promise(
        now - begun <= waiting[what] ?? .zero, "clock", at: now,
        "\(what) waits since \(begun.seconds)")
    }
  }
}
