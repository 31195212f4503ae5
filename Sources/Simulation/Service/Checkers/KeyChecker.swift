import ConnectionService
import Primitives

/// CS-8: one idempotency key never makes two connections.
public struct KeyChecker: Sendable {
  /// Tags of wishes that came with a key begin so; the tag is the note of the connect.
  static let mark = "k"
  private var made: [String: ConnectionID] = [:]

  public init() {}

  /// A connection exists for the wish with this tag.
  public mutating func note(
    _ connection: ConnectionID, for tag: String, at now: Instant
  ) throws(BrokenPromise) {
    guard tag.hasPrefix(Self.mark) else { return }
    let first = made[tag] ?? connection
    try promise(
      first == connection, "CS-8", at: now, "\(tag) made \(first) and \(connection)")
    made[tag] = first
  }
}
