import Primitives

/// A connection, as the API shows it.
public struct ConnectionView: Hashable, Sendable, Codable {
  public enum Phase: String, CaseIterable, Hashable, Sendable, Codable {
    /// Waits for the device.
    case requested
    case up
    /// The device was told to close it and has not answered yet.
    case closing
    /// Over; `reason` says why. One that never stood has `failure`, too.
    case closed
  }

  public var id: ConnectionID
  public var productID: ProductID
  public var user: Name
  public var phase: Phase
  public var note: String?
  public var requestedAt: Timestamp
  public var upAt: Timestamp?
  public var closedAt: Timestamp?
  public var vpnAddress: String?
  public var tunnel: TunnelID?
  public var inactivitySeconds: Int64?
  public var inactivityWasClamped: Bool?
  public var reason: CloseReason?
  /// Who closed it, where somebody did.
  public var closedBy: String?
  /// Why it never stood; of one that is `closing`, why it was not closed at once.
  public var failure: Refusal?

  public init(
    id: ConnectionID, productID: ProductID, user: Name, phase: Phase, requestedAt: Timestamp
  ) {
    self.id = id
    self.productID = productID
    self.user = user
    self.phase = phase
    self.requestedAt = requestedAt
  }
}
