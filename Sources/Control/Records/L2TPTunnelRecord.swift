/// A control connection (`show l2tp tunnel`).
public struct L2TPTunnelRecord: Codable, Hashable, Sendable {
  public enum Role: String, Codable, Sendable { case lns, lac }

  public enum State: String, Codable, Sendable {
    case waitReply, waitConnect, established, closing, closed
  }

  /// Never given twice while the process lives; `close tunnel` takes it.
  public var id: UInt64
  /// The destination's id.
  public var destination: UInt64
  public var localTunnelID: Int
  /// 0 until the peer has said so.
  public var remoteTunnelID: Int
  /// The peer's L2TP host name; absent until it has said so.
  public var remoteHostName: String?
  /// The remote host of the profile that it matched: a name or `default`.
  public var remoteHost: String?
  public var endpoints: Endpoints
  public var role: Role
  public var state: State
  /// The IPsec connection that carries it; absent in the clear.
  public var connection: UInt64?
  public var ipsecTransport: Bool
  public var singleShot: Bool
  /// Its one session was used up, nothing may follow (LT-4, LT-8).
  public var spent: Bool
  public var sessions: Int
  /// Sessions since it was made, failed ones included.
  public var sessionsInLife: Int
  public var sessionsLimit: Int
  public var ageSeconds: Double
  /// Zero for never.
  public var idleTimeoutSeconds: Double
  /// Runs only while there is no session (LT-1).
  public var idleTimeoutRemainingSeconds: Double?
  public var destructTimeoutSeconds: Double
  /// Time to the next Hello; absent where none is sent.
  public var helloInSeconds: Double?
  /// Of the oldest message that is not acknowledged.
  public var retransmissionsSent: Int
  public var retransmissionsLimit: Int
  /// Absent while everything is acknowledged.
  public var nextRetransmissionInSeconds: Double?
  /// Absent while nothing went wrong.
  public var lastError: String?
  /// Present once it is closed.
  public var closing: Closing?

  public init(
    id: UInt64, destination: UInt64, localTunnelID: Int, remoteTunnelID: Int,
    remoteHostName: String? = nil, remoteHost: String? = nil, endpoints: Endpoints, role: Role,
    state: State, connection: UInt64? = nil, ipsecTransport: Bool, singleShot: Bool, spent: Bool,
    sessions: Int, sessionsInLife: Int, sessionsLimit: Int, ageSeconds: Double,
    idleTimeoutSeconds: Double, idleTimeoutRemainingSeconds: Double? = nil,
    destructTimeoutSeconds: Double, helloInSeconds: Double? = nil, retransmissionsSent: Int,
    retransmissionsLimit: Int, nextRetransmissionInSeconds: Double? = nil,
    lastError: String? = nil, closing: Closing? = nil
  ) {
    self.id = id
    self.destination = destination
    self.localTunnelID = localTunnelID
    self.remoteTunnelID = remoteTunnelID
    self.remoteHostName = remoteHostName
    self.remoteHost = remoteHost
    self.endpoints = endpoints
    self.role = role
    self.state = state
    self.connection = connection
    self.ipsecTransport = ipsecTransport
    self.singleShot = singleShot
    self.spent = spent
    self.sessions = sessions
    self.sessionsInLife = sessionsInLife
    self.sessionsLimit = sessionsLimit
    self.ageSeconds = ageSeconds
    self.idleTimeoutSeconds = idleTimeoutSeconds
    self.idleTimeoutRemainingSeconds = idleTimeoutRemainingSeconds
    self.destructTimeoutSeconds = destructTimeoutSeconds
    self.helloInSeconds = helloInSeconds
    self.retransmissionsSent = retransmissionsSent
    self.retransmissionsLimit = retransmissionsLimit
    self.nextRetransmissionInSeconds = nextRetransmissionInSeconds
    self.lastError = lastError
    self.closing = closing
  }
}
