/// A device, as the API shows it.
public struct DeviceView: Hashable, Sendable, Codable {
  public var productID: ProductID
  public var name: String
  public var online: Bool
  public var enrolledAt: Timestamp
  public var attachedAt: Timestamp?
  /// When the device last reported.
  public var reportedAt: Timestamp?
  public var phase: DeviceState.Phase?
  /// As last reported; the time left was so at `reportedAt`.
  public var tunnel: TunnelState?
  /// Live connections, those still waiting for the tunnel included.
  public var connections: Int
  public var connectionsMax: Int

  public init(productID: ProductID, name: String, online: Bool, enrolledAt: Timestamp) {
    self.productID = productID
    self.name = name
    self.online = online
    self.enrolledAt = enrolledAt
    connections = 0
    connectionsMax = 10
  }
}
