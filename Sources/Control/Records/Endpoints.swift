import ConnectionService
import Primitives

/// Both ends of a UDP path, as every record with a peer shows them.
public struct Endpoints: Codable, Hashable, Sendable {
  public enum NATState: String, Codable, Sendable {
    /// Not known yet, or nobody looked.
    case unknown
    case none
    /// A NAT before us, before the peer, or before both.
    case local, remote, both
    /// UDP encapsulation without a NAT, by configuration.
    case forced
  }

  public var localAddress: String
  public var localPort: Int
  public var peerAddress: String
  public var peerPort: Int
  public var natState: NATState

  public init(
    localAddress: String, localPort: Int, peerAddress: String, peerPort: Int, natState: NATState
  ) {
    self.localAddress = localAddress
    self.localPort = localPort
    self.peerAddress = peerAddress
    self.peerPort = peerPort
    self.natState = natState
  }
}

/// Which side began.
public enum ExchangeRole: String, Codable, Sendable { case initiator, responder }
