import Primitives

/// What a `PPPLink` tells its owner, in order.
public enum PPPEvent: Sendable, Equatable {
  /// LCP is Opened; again after the peer negotiated anew.
  case lcpUp(LCPResult)
  /// Authenticator: answer with `completeAuthentication`.
  case authenticate(AuthenticationRequest)
  /// The user (authenticator) or we (peer) are let in; the name is printable.
  case authenticated(user: String)
  /// Authenticator: answer with `assignAddress`, or `close` to refuse. Asked once in a link's life.
  case needsAddress(user: String)
  /// IPCP is Opened: packets may pass. Again after `networkDown`.
  case up(NetworkFacts)
  /// IPCP left Opened while the link lives, because it closes or the peer negotiates anew: no
  /// packet may pass until the next `up`.
  case networkDown
  /// The link is over; exactly once, and the last event.
  case down(CloseReason, detail: String)
}

/// What LCP settled.
public struct LCPResult: Sendable, Equatable {
  /// Largest information field that the peer takes: 576…65535 bytes.
  public var peerMRUBytes: Int
  /// We may leave out address and control fields when sending.
  public var peerAcceptsACFC: Bool
  /// We may send protocol fields of one byte.
  public var peerAcceptsPFC: Bool
  /// Protocol in use; `nil` for none.
  public var authentication: AuthenticationProtocol?

  public init(
    peerMRUBytes: Int, peerAcceptsACFC: Bool, peerAcceptsPFC: Bool,
    authentication: AuthenticationProtocol?
  ) {
    self.peerMRUBytes = peerMRUBytes
    self.peerAcceptsACFC = peerAcceptsACFC
    self.peerAcceptsPFC = peerAcceptsPFC
    self.authentication = authentication
  }
}

/// What IPCP settled.
public struct NetworkFacts: Sendable, Equatable {
  public var localAddress: IPv4Address
  /// 0.0.0.0 when a gateway does not name its own.
  public var peerAddress: IPv4Address
  /// Assigned name servers, at most two, the primary first.
  public var dns: [IPv4Address]
  /// Assigned NetBIOS name servers, at most two, the primary first.
  public var nbns: [IPv4Address]
  /// Largest IP packet to send towards the peer.
  public var mtuBytes: Int

  public init(
    localAddress: IPv4Address, peerAddress: IPv4Address, dns: [IPv4Address] = [],
    nbns: [IPv4Address] = [], mtuBytes: Int
  ) {
    self.localAddress = localAddress
    self.peerAddress = peerAddress
    self.dns = dns
    self.nbns = nbns
    self.mtuBytes = mtuBytes
  }

  /// What TCP's maximum segment size is clamped to on this link.
  public var mssClamp: MSSClamp { MSSClamp(mtuBytes: mtuBytes) }
}

/// The largest TCP segments that fit an MTU: less 20 bytes of TCP and the IP header without
/// options (RFC 9293 §3.7.1).
public struct MSSClamp: Sendable, Equatable {
  public var ipv4Bytes: Int
  public var ipv6Bytes: Int

  public init(mtuBytes: Int) {
    ipv4Bytes = max(0, mtuBytes - 40)
    ipv6Bytes = max(0, mtuBytes - 60)
  }
}

/// What an authenticator assigns to its peer.
public struct AddressOffer: Sendable, Equatable {
  /// Our own address on the link.
  public var local: IPv4Address
  public var peer: IPv4Address
  /// The first two are handed out (RFC 1877 §1).
  public var dns: [IPv4Address]
  /// The first two are handed out.
  public var nbns: [IPv4Address]

  public init(
    local: IPv4Address, peer: IPv4Address, dns: [IPv4Address] = [], nbns: [IPv4Address] = []
  ) {
    self.local = local
    self.peer = peer
    self.dns = dns
    self.nbns = nbns
  }
}
