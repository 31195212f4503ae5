import Primitives

/// Everything that a client needs to dial one gateway.
public struct DialConfiguration: Equatable, Sendable {
  public static let defaultControlSocket = "/run/drawbridge/dial.sock"

  /// The gateway to dial.
  public var gateway: IPAddress
  public var preSharedKey: Secret
  public var user: String
  public var password: Secret
  /// Our end; a port 0 takes a free one.
  public var listen = ListenAddresses()
  /// The interface is made for the session and goes with it.
  public var tun = TunInterface(name: "drawbridge%d")
  /// Networks that are reached through the tunnel, besides the gateway's own address.
  public var routes: [IPPrefix] = []
  /// Time without user activity after which the tunnel is closed; zero for never.
  public var inactivity = Duration.seconds(20 * 60)
  /// Keep the tunnel when its session is over, until somebody closes it; otherwise one session is
  /// the tunnel's whole life.
  public var keepsTunnel = false
  public var controlSocket = Self.defaultControlSocket
  /// A folder to write the keys of ISAKMP and ESP into, for reading captures; `nil`, the default,
  /// writes none.
  public var captureKeys: String?
  public var logLevel = LogLevel.info
  /// Its peer is the gateway.
  public var isakmpPolicy: ISAKMPPolicy
  /// Its peer is the gateway.
  public var ipsecPolicy: IPsecPolicy
  /// For L2TP's tunnel authentication; `nil` asks for none.
  public var tunnelSecret: Secret?
  public var localHostName = "drawbridge"
  /// Silence after which a Hello is sent; zero for never.
  public var helloInterval = Duration.seconds(60)
  public var ppp: DialPPP

  init(gateway: IPAddress, preSharedKey: Secret, user: String, password: Secret) {
    self.gateway = gateway
    self.preSharedKey = preSharedKey
    self.user = user
    self.password = password
    isakmpPolicy = ISAKMPPolicy(name: "dial", peer: .address(gateway))
    ipsecPolicy = IPsecPolicy(name: "dial", peer: .address(gateway), isakmpPolicy: "dial")
    ppp = DialPPP()
  }
}

/// How the client runs PPP (`ppp`).
public struct DialPPP: Hashable, Sendable {
  /// What the gateway may ask for; anything else is refused.
  public var authentication: [PPPAuthentication] = [.mschapv2, .chap, .pap]
  /// Whether name servers are asked for.
  public var askDNS = true
  /// 128 to 1500.
  public var mruBytes = 1400
  /// Silence after which an LCP Echo-Request is sent; zero for never.
  public var echoInterval = Duration.seconds(30)
  /// Unanswered Echo-Requests after which the gateway counts as dead, 1 to 100.
  public var echoFailuresMax = 4
  /// Whether TCP's MSS is lowered to what the link carries.
  public var clampMSS = true

  init() {}
}
