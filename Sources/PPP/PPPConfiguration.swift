import Primitives

/// Which end of the link this is.
public enum PPPRole: Sendable, Hashable {
  /// The gateway (LNS): asks who the peer is and assigns addresses.
  case authenticator
  /// The client: proves who it is and takes the address that it is given.
  case peer
}

/// How one PPP link is run.
public struct PPPConfiguration: Sendable {
  public var role: PPPRole
  /// MRU that we announce, and cap of what is sent towards the peer: 576…1500 bytes.
  public var mruBytes = 1400
  /// Protocols in order of preference; none means no authentication.
  ///
  /// MS-CHAPv2 stands first: Windows XP settles for less if less is offered before it. Nothing
  /// outside the list is ever offered or accepted.
  public var authentication: [AuthenticationProtocol] = [.msCHAPv2, .chapMD5]
  /// Peer role: whether a gateway that does not ask for authentication will do, although the list
  /// above names some. With MS-CHAPv2 it would never prove who it is.
  public var acceptsNoAuthentication = false
  /// Peer role: the name to authenticate with, possibly "DOMAIN\user"; 255 bytes at most.
  public var userName = ""
  /// Peer role: the password, UTF-8; 255 bytes at most.
  public var password = Secret([])
  /// Authenticator role: the name in CHAP Challenges; no longer than 256 bytes are sent.
  public var systemName = "drawbridge"
  /// Peer role: the address to ask for; 0.0.0.0 leaves it to the gateway.
  public var requestedAddress = IPv4Address.any
  /// Peer role: ask for DNS servers (RFC 1877 §1.1).
  public var requestsDNS = true
  /// Peer role: ask for NetBIOS name servers (RFC 1877 §1.2).
  public var requestsNBNS = false
  /// Ask the peer to send protocol fields of one byte (RFC 1661 §6.5).
  public var requestsProtocolFieldCompression = false
  /// Ask the peer to leave out address and control fields (RFC 1661 §6.6).
  public var requestsAddressControlFieldCompression = false
  public var restart = RestartParameters()
  /// Silence after which an LCP Echo-Request is sent; zero sends none.
  public var echoInterval = Duration.seconds(30)
  /// Unanswered Echo-Requests after which the peer is dead.
  public var echoFailuresMax = 4
  /// From `start`, or from the loss of the network layer, to the network layer being up; whatever
  /// the peer or a user store does, the link closes after it.
  public var setupTimeout = Duration.seconds(90)

  public init(role: PPPRole) { self.role = role }
}
