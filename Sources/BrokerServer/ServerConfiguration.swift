import ConnectionService

/// What a broker's server needs to know.
public struct ServerConfiguration: Sendable {
  /// How the connections are secured.
  public enum Security: Hashable, Sendable {
    /// Certificate chain and key, as paths of PEM files.
    case files(certificate: String, key: String)
    /// A certificate that is made at the first start and kept in this folder.
    case selfSigned(folder: String, hostNames: [String])
    /// Plain HTTP; only on a loopback address.
    case plain
  }

  /// An IPv4 or IPv6 address.
  public var address: String
  /// Zero takes a free one.
  public var port: Int
  public var security: Security
  /// A file that every event is appended to.
  public var eventsFile: String?
  /// A file for events that a webhook never took.
  public var deadLetterFile: String?
  /// Whether anybody may read `/metrics`.
  public var metricsArePublic = false
  public var limits = ServerLimits()

  /// Served without TLS.
  var isPlain: Bool { security == .plain }

  public init(address: String, port: Int, security: Security) {
    self.address = address
    self.port = port
    self.security = security
  }
}

/// What one broker process takes upon itself; one more is refused as `overloaded`.
public struct ServerLimits: Hashable, Sendable {
  /// TCP connections at once; more wait in the socket's backlog.
  public var connections = 20_000
  /// Attached devices at once.
  public var devices = 12_000
  /// Streams of events at once, and of one token.
  public var eventStreams = 256
  public var eventStreamsPerToken = 16
  /// Gateways' streams at once.
  public var gateways = 64
  /// Connects and closes that wait for a device at once.
  public var waiting = 4096
  /// Requests of one token: so many a second in the long run, so many at once.
  public var requestsPerSecond = 500.0
  public var requestsBurst = 4000.0
  /// The same for failed authentications of one address.
  public var failuresPerSecond = 1.0
  public var failuresBurst = 20.0
  /// Database calls at once.
  public var storeLanes = 4

  public init() {}
}
