/// A user who may reach a device while a connection lives (`show grants`).
public struct GrantRecord: Codable, Hashable, Sendable {
  /// Why nothing passes at the moment.
  public enum Obstacle: String, Codable, Sendable, CaseIterable {
    case operatorNotConnected, deviceNotConnected, addressDiffers, limitReached
  }

  /// The connection's id, as the broker gave it.
  public var connection: String
  /// The PPP user of the operator's own sessions.
  public var operatorUser: String
  /// The PPP user of the device's session.
  public var deviceUser: String
  /// The VPN address that the device told the broker.
  public var deviceAddress: String
  /// Ids of the operator's sessions, oldest first.
  public var operatorSessions: [UInt64]
  /// The id of the device's session with that address; absent while there is none.
  public var deviceSession: UInt64?
  /// Time since this gateway learned of it.
  public var ageSeconds: Double
  /// Whether packets pass between the device and a session of the operator.
  public var forwarding: Bool
  /// Absent while packets pass.
  public var obstacle: Obstacle?

  public init(
    connection: String, operatorUser: String, deviceUser: String, deviceAddress: String,
    operatorSessions: [UInt64] = [], deviceSession: UInt64? = nil, ageSeconds: Double,
    forwarding: Bool, obstacle: Obstacle? = nil
  ) {
    self.connection = connection
    self.operatorUser = operatorUser
    self.deviceUser = deviceUser
    self.deviceAddress = deviceAddress
    self.operatorSessions = operatorSessions
    self.deviceSession = deviceSession
    self.ageSeconds = ageSeconds
    self.forwarding = forwarding
    self.obstacle = obstacle
  }
}
