/// A session of a tunnel (`show l2tp session`).
public struct L2TPSessionRecord: Codable, Hashable, Sendable {
  public enum State: String, Codable, Sendable {
    case waitTunnel, waitReply, waitConnect, established, closed
  }

  /// Never given twice while the process lives; `close session` takes it.
  public var id: UInt64
  /// The tunnel's id.
  public var tunnel: UInt64
  public var localSessionID: Int
  /// 0 until the peer has said so.
  public var remoteSessionID: Int
  public var state: State
  /// Absent until it is authenticated.
  public var user: String?
  /// The VPN address; absent until IPCP has opened.
  public var address: String?
  public var ageSeconds: Double
  /// Absent before the first user's packet.
  public var sinceUserActivitySeconds: Double?
  /// Absent without an inactivity timeout.
  public var inactivityRemainingSeconds: Double?
  public var packetsIn: UInt64
  public var bytesIn: UInt64
  public var packetsOut: UInt64
  public var bytesOut: UInt64
  /// The one session of a single-shot tunnel, over (LT-4).
  public var spent: Bool
  /// Present once it is closed.
  public var closing: Closing?

  public init(
    id: UInt64, tunnel: UInt64, localSessionID: Int, remoteSessionID: Int, state: State,
    user: String? = nil, address: String? = nil, ageSeconds: Double,
    sinceUserActivitySeconds: Double? = nil, inactivityRemainingSeconds: Double? = nil,
    packetsIn: UInt64 = 0, bytesIn: UInt64 = 0, packetsOut: UInt64 = 0, bytesOut: UInt64 = 0,
    spent: Bool, closing: Closing? = nil
  ) {
    self.id = id
    self.tunnel = tunnel
    self.localSessionID = localSessionID
    self.remoteSessionID = remoteSessionID
    self.state = state
    self.user = user
    self.address = address
    self.ageSeconds = ageSeconds
    self.sinceUserActivitySeconds = sinceUserActivitySeconds
    self.inactivityRemainingSeconds = inactivityRemainingSeconds
    self.packetsIn = packetsIn
    self.bytesIn = bytesIn
    self.packetsOut = packetsOut
    self.bytesOut = bytesOut
    self.spent = spent
    self.closing = closing
  }
}
