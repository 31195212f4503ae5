import Primitives

/// What the broker asks of a device, over the device's stream.
public struct DeviceCommand: Hashable, Sendable, Codable {
  /// Counts up for each device and is never used twice: a command that is sent again after a
  /// reconnection is answered from memory.
  public var id: UInt64
  /// The attachment that it was sent on; an older one is refused (CS-21).
  public var epoch: UInt64
  public var action: Action

  public enum Action: Hashable, Sendable, Codable {
    case connect(order: ConnectOrder)
    /// Close one connection; unknown ids are answered as closed.
    case close(connection: ConnectionID, reason: CloseReason)
    /// Close all connections and the tunnel.
    case closeAll(reason: CloseReason)
  }

  public init(id: UInt64, epoch: UInt64, action: Action) {
    self.id = id
    self.epoch = epoch
    self.action = action
  }
}

/// A user's request for a connection.
///
/// The broker chooses the id, so that a request that is sent twice makes one connection.
public struct ConnectOrder: Hashable, Sendable, Codable {
  public var connection: ConnectionID
  public var organisation: Name
  public var user: Name
  public var parameters: VPNParameters
  /// Why the user wants it, in the user's words.
  public var note: String?

  public init(
    connection: ConnectionID, organisation: Name, user: Name, parameters: VPNParameters,
    note: String? = nil
  ) {
    self.connection = connection
    self.organisation = organisation
    self.user = user
    self.parameters = parameters
    self.note = note
  }
}
