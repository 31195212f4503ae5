/// Devices that are reached through a carrier's broker (`relays[]`).
public struct RelayConfiguration: Equatable, Sendable {
  /// The carrier's broker, and our token there.
  public var carrier: BrokerLink
  /// The user of that token; `nil` for the name of this broker.
  public var user: String?
  /// Product ids, the same at both brokers.
  public var devices: [String] = []

  public init(carrier: BrokerLink) { self.carrier = carrier }
}
