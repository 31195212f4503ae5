/// A device's answer to one command.
public struct DeviceAnswer: Hashable, Sendable, Codable {
  public var command: UInt64
  public var outcome: Outcome

  public enum Outcome: Hashable, Sendable, Codable {
    case connected(facts: ConnectedFacts)
    /// Closed, or never was.
    case closed
    case refused(refusal: Refusal)
  }

  public init(command: UInt64, outcome: Outcome) {
    self.command = command
    self.outcome = outcome
  }
}

/// What the user learns of a connection that stands (CS-2).
public struct ConnectedFacts: Hashable, Sendable, Codable {
  public var connection: ConnectionID
  public var tunnel: TunnelID
  /// The device's address inside the VPN, e.g. `10.99.0.7`.
  public var vpnAddress: String
  /// The timeout in force on this tunnel; later connects do not change it (CS-10).
  public var inactivity: InactivityTimeout

  public init(
    connection: ConnectionID, tunnel: TunnelID, vpnAddress: String, inactivity: InactivityTimeout
  ) {
    self.connection = connection
    self.tunnel = tunnel
    self.vpnAddress = vpnAddress
    self.inactivity = inactivity
  }
}
