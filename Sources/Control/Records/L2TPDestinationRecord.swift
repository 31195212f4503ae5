/// A remote address with tunnels, or with records of tunnels (`show l2tp destination`).
public struct L2TPDestinationRecord: Codable, Hashable, Sendable {
  public enum State: String, Codable, Sendable { case up, draining, lockedOut, closed }

  /// Never given twice while the process lives.
  public var id: UInt64
  /// The destination profile's name.
  public var profile: String
  public var remoteAddress: String
  public var state: State
  public var tunnels: Int
  public var sessions: Int
  public var sessionsLimit: Int
  public var ageSeconds: Double
  /// Absent while it may be dialled.
  public var lockoutRemainingSeconds: Double?
  /// Present once it is closed.
  public var closing: Closing?

  public init(
    id: UInt64, profile: String, remoteAddress: String, state: State, tunnels: Int, sessions: Int,
    sessionsLimit: Int, ageSeconds: Double, lockoutRemainingSeconds: Double? = nil,
    closing: Closing? = nil
  ) {
    self.id = id
    self.profile = profile
    self.remoteAddress = remoteAddress
    self.state = state
    self.tunnels = tunnels
    self.sessions = sessions
    self.sessionsLimit = sessionsLimit
    self.ageSeconds = ageSeconds
    self.lockoutRemainingSeconds = lockoutRemainingSeconds
    self.closing = closing
  }
}
