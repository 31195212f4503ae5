/// "This user may reach this device while this connection lives" (CS-25).
public struct Grant: Hashable, Sendable, Codable {
  public var connection: ConnectionID
  /// The PPP user name of the operator's own sessions on the gateway.
  public var operatorUser: String
  /// The PPP user name of the device's session.
  public var deviceUser: String
  /// The device's VPN address, as the device told it; a session with another address is not meant.
  public var deviceAddress: String

  /// What one may weigh as JSON, in bytes, with its comma: names of 100 and 64 bytes, every one of
  /// them escaped where it can be, and the longest address.
  public static let bytesMax = 420

  public init(
    connection: ConnectionID, operatorUser: String, deviceUser: String, deviceAddress: String
  ) {
    self.connection = connection
    self.operatorUser = operatorUser
    self.deviceUser = deviceUser
    self.deviceAddress = deviceAddress
  }
}

/// What the broker tells a gateway, over the gateway's stream.
public enum GrantChange: Hashable, Sendable, Codable {
  /// All grants there are; first on every stream.
  case all(grants: [Grant])
  case granted(grant: Grant)
  case revoked(connection: ConnectionID)
}

extension GrantChange {
  /// Grants that a gateway keeps, and the most that `all` has: what is beyond stays denied.
  public static let grantsMax = 100_000
  /// What one change may weigh as JSON, in bytes: 42 MB.
  public static let bytesMax = grantsMax * Grant.bytesMax + 100
}
