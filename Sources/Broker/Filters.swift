import ConnectionService
import Primitives

/// Which connections the asker wants to see; everything of the organisation when nothing is said.
public struct ConnectionFilter: Hashable, Sendable {
  public var product: ProductID?
  public var user: Name?
  public var reason: CloseReason?
  /// `true`: those not closed; `false`: closed ones; `nil`: both.
  public var live: Bool?
  /// The last one of the page before.
  public var after: ConnectionID?
  /// At most ``Page/itemsMax``.
  public var limit = 50

  public init() {}
}

/// Which events the asker wants to see.
public struct EventFilter: Hashable, Sendable {
  public var product: ProductID?
  public var kind: ServiceEvent.Kind?
  public var reason: CloseReason?
  public var actor: String?
  /// The oldest first, from the one after this sequence; wins over ``before``.
  public var after: UInt64?
  /// The newest first, from the one before this sequence; from the end when both are missing.
  public var before: UInt64?
  /// At most ``Page/itemsMax``.
  public var limit = 50

  public init() {}
}
