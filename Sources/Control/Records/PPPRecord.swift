/// The PPP link of a session (`show ppp`).
public struct PPPRecord: Codable, Hashable, Sendable {
  public enum Role: String, Codable, Sendable { case authenticator, peer }

  /// The session's id.
  public var session: UInt64
  public var role: Role
  /// The state of RFC 1661 §4.2, e.g. `opened`.
  public var lcpState: String
  /// The method agreed on; absent until then.
  public var authentication: String?
  public var authenticated: Bool
  /// The state of RFC 1661 §4.2.
  public var ipcpState: String
  /// Absent until the peer has said so.
  public var user: String?
  /// Absent until IPCP has opened, like the next two.
  public var localAddress: String?
  public var peerAddress: String?
  public var dns: [String]
  /// What we receive.
  public var mruBytes: Int
  /// What the peer receives.
  public var peerMRUBytes: Int
  /// What a user's packet may have, all headers considered.
  public var effectiveMTUBytes: Int
  /// `off`, `alive` or `probing`.
  public var echoState: String
  public var echoesUnanswered: Int
  /// Absent where none is sent.
  public var nextEchoInSeconds: Double?
  /// Absent while nothing went wrong.
  public var lastError: String?

  public init(
    session: UInt64, role: Role, lcpState: String, authentication: String? = nil,
    authenticated: Bool, ipcpState: String, user: String? = nil, localAddress: String? = nil,
    peerAddress: String? = nil, dns: [String] = [], mruBytes: Int, peerMRUBytes: Int,
    effectiveMTUBytes: Int, echoState: String, echoesUnanswered: Int = 0,
    nextEchoInSeconds: Double? = nil, lastError: String? = nil
  ) {
    self.session = session
    self.role = role
    self.lcpState = lcpState
    self.authentication = authentication
    self.authenticated = authenticated
    self.ipcpState = ipcpState
    self.user = user
    self.localAddress = localAddress
    self.peerAddress = peerAddress
    self.dns = dns
    self.mruBytes = mruBytes
    self.peerMRUBytes = peerMRUBytes
    self.effectiveMTUBytes = effectiveMTUBytes
    self.echoState = echoState
    self.echoesUnanswered = echoesUnanswered
    self.nextEchoInSeconds = nextEchoInSeconds
    self.lastError = lastError
  }
}
