import IKE
import L2TP
import PPP
import Primitives

/// A tunnel that this end shall open: keys, control connection, session, PPP link.
public struct DialRequest: Sendable {
  public var connection: ConnectionRequest
  public var host: RemoteHostProfile
  /// Our own UDP port inside the IPsec connection is 1701, and so is the peer's (RFC 3193 §3.1).
  public var peerPort: UInt16 = 1701
  /// Close the session after this long without user activity.
  public var inactivityTimeout: Duration?

  public init(
    connection: ConnectionRequest, host: RemoteHostProfile, inactivityTimeout: Duration?
  ) {
    self.connection = connection
    self.host = host
    self.inactivityTimeout = inactivityTimeout
  }
}
