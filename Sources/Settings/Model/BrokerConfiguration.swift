import Primitives

/// Everything that a broker needs to run.
public struct BrokerConfiguration: Equatable, Sendable {
  /// Which broker this is among those on one database.
  public var name = "broker"
  public var address = IPAddress.v4(IPv4Address(127, 0, 0, 1))
  public var port: UInt16 = 8443
  /// Names and addresses that a certificate made by the broker itself is good for.
  public var hostNames: [String] = []
  /// Both PEM; `nil` makes a certificate in the data folder at the first start.
  public var certificate: CertificateFiles?
  /// Plain HTTP; only on a loopback address.
  public var isPlain = false
  /// Where the database, the certificate and the first token lie.
  public var dataFolder = "/var/lib/drawbridge-broker"
  /// A libpq connection string; `nil` for SQLite in the data folder.
  public var postgreSQL: Secret?
  /// The name of the credentials that devices use when a connect names none.
  public var vpnCredentials = "default"
  /// The gateway that devices dial when a connect names none; `nil` for the credentials' own.
  public var vpnGateway: String?
  /// A file that every event is appended to.
  public var eventsFile: String?
  /// Whether anybody may read `/metrics`.
  public var metricsArePublic = false
  /// Devices that are reached through other brokers.
  public var relays: [RelayConfiguration] = []
  public var policy = RequestPolicy()
  public var limits = BrokerLimits()
  public var logLevel = LogLevel.info

  public init() {}
}

/// A certificate with its key, as paths of PEM files.
public struct CertificateFiles: Equatable, Sendable {
  public var certificate: String
  public var key: String
}

/// What one broker process takes upon itself (`limits`).
public struct BrokerLimits: Equatable, Sendable {
  /// TCP connections at once.
  public var connections = 20_000
  /// Attached devices at once.
  public var devices = 12_000
  /// Streams of events at once.
  public var eventStreams = 256

  public init() {}
}
