/// One number that only grows while the process lives (`show isakmp counters`).
public struct Counter: Codable, Hashable, Sendable {
  /// Stable, e.g. `malformedPayloads`.
  public var name: String
  public var value: UInt64

  public init(name: String, value: UInt64) {
    self.name = name
    self.value = value
  }
}
