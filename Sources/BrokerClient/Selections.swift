import ConnectionService
import Primitives

/// Which connections to list; the newest first.
public struct ConnectionSelection: Hashable, Sendable {
  /// `true`: those not closed; `false`: closed ones; `nil`: both.
  public var live: Bool?
  public var productID: ProductID?
  public var user: Name?
  public var reason: CloseReason?
  /// The `next` of the page before.
  public var after: String?
  /// At most 200; the broker's default when missing.
  public var limit: Int?

  public init() {}

  var query: [(name: String, value: String?)] {
    [
      ("live", live.map { String($0) }), ("productID", productID?.text), ("user", user?.text),
      ("reason", reason?.rawValue), ("after", after), ("limit", limit.map { String($0) }),
    ]
  }
}

/// Which events to list.
public struct EventSelection: Hashable, Sendable {
  public var productID: ProductID?
  public var kind: ServiceEvent.Kind?
  public var reason: CloseReason?
  public var actor: String?
  /// The oldest first, from the one after this sequence.
  public var after: UInt64?
  /// The newest first, from the one before this sequence.
  public var before: UInt64?
  /// At most 200; the broker's default when missing.
  public var limit: Int?

  public init() {}

  var query: [(name: String, value: String?)] {
    streamQuery + [
      ("after", after.map { String($0) }), ("before", before.map { String($0) }),
      ("limit", limit.map { String($0) }),
    ]
  }

  /// A stream has no pages.
  var streamQuery: [(name: String, value: String?)] {
    [
      ("productID", productID?.text), ("type", kind?.rawValue), ("reason", reason?.rawValue),
      ("actor", actor),
    ]
  }
}
