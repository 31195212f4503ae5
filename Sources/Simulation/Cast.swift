import Agent
import Cryptography
import Dataplane
import Endpoint
import Gateway
import IKE
import L2TP
import PPP
import Primitives

/// Who takes part in a run, and under which rules: what the script's random choices settle.
public struct Cast: Sendable {
  /// What a client may have wrong.
  public enum Mistake: Sendable, Equatable, CaseIterable {
    case password
    case secret
    /// The secret of L2TP's tunnel authentication; of consequence where there is one.
    case tunnelSecret
    /// It expects another gateway than the one that answers.
    case identity
    /// It shows another identity than the gateway wants to see, where it wants one.
    case name
    /// Somebody without the secret answers in the place of the gateway.
    case gateway
    /// It knows algorithms only that the gateway does not want.
    case algorithms
  }

  static let innerGateway = IPv4Address(10, 66, 0, 1)
  static let clientsMax = 16
  /// The host that may come without IPsec, where there is one.
  static let clearHostName = "clear"

  /// The outer network of everybody.
  public var isIPv6 = false
  public var rules = TunnelRules()
  /// In the gateway's order of preference; the elliptic curve is the fastest group, and the
  /// simulation computes for real.
  public var isakmpTransforms = [ISAKMPTransform(.aesCBC128, .sha256, .ecp256)]
  /// In the client's order.
  public var clientISAKMPTransforms = [ISAKMPTransform(.aesCBC128, .sha256, .ecp256)]
  public var espTransforms: [ESPTransform] = [.aesGCM128]
  public var clientESPTransforms: [ESPTransform] = [.aesGCM128]
  public var natTraversal = NATTraversalMode.on
  /// Of the gateway; clients insist on it. `nil`: its address, and clients take any.
  public var gatewayIdentity: Identity?
  /// Of all clients; the gateway insists on it. `nil`: their addresses, and it takes any.
  public var clientIdentity: Identity?
  /// Half-open main modes from one address; twice as many in all.
  public var halfOpenPerAddressMax = 64
  /// For tunnel authentication; `nil`: there is none.
  public var tunnelSecret: String?
  /// The gateway also has a host that may come without IPsec, with a secret that no story's
  /// client knows.
  public var hasClearHost = false
  /// `false` by a planted fault only.
  var requiresIPsec = true
  var asksTunnelSecret = true
  /// Sessions of all the clients together.
  public var sessionsMax = 1_000
  /// Seconds; small ones make rekeying happen within a run.
  public var isakmpLifetimeSeconds: UInt64 = 28_800
  public var espLifetimeSeconds: UInt64 = 3_600
  /// Small ones make users' packets bring rekeying about.
  public var espLifetimeKilobytes: UInt64?
  public var perfectForwardSecrecy: KeyExchangeGroup?
  public var rekeyLead = RekeyLead.initiator
  public var backoff = MessageBackoff()
  public var deadPeerDetection = DeadPeerDetection()
  /// Retries of the clients (IK-10).
  public var retryIkeAttempts = 0
  public var authentication: [AuthenticationProtocol] = [.msCHAPv2]
  public var inactivityTimeout: Duration?
  /// `false`: the client keeps its tunnel after its session.
  public var dialsSingleShot = true

  public init() {}

  public static func user(_ index: Int) -> String { "user\(index)" }

  /// What the tunnels of the clients are under at their own end.
  public var clientRules: TunnelRules {
    TunnelRules(idleTimeout: .zero, destructTimeout: .seconds(10), isSingleShot: dialsSingleShot)
  }

  /// - Parameter mistake: of whoever pretends to be the gateway.
  public func gatewayConfiguration(mistake: Mistake? = nil) throws -> GatewayConfiguration {
    var tunnel = TunnelConfiguration(hostName: "gateway")
    if rules.isSingleShot { tunnel.sessionsInLifeMax = 1 }
    var clearTunnel = tunnel
    clearTunnel.secret = Secret(text: "known to nobody")
    clearTunnel.requiresTunnelAuthentication = asksTunnelSecret
    tunnel.secret = tunnelSecret.map { Secret(text: $0) }
    tunnel.requiresTunnelAuthentication = tunnelSecret != nil && asksTunnelSecret
    var link = PPPConfiguration(role: .authenticator)
    link.authentication = authentication
    let ppp = PPPProfile(name: "users", link: link)
    var hosts = [
      RemoteHostProfile(
        hostName: nil, requiresIPsec: requiresIPsec, rules: rules, tunnel: tunnel, ppp: ppp)
    ]
    if hasClearHost {
      hosts.append(
        RemoteHostProfile(
          hostName: Self.clearHostName, requiresIPsec: false, rules: rules, tunnel: clearTunnel,
          ppp: ppp))
    }
    return GatewayConfiguration(
      isakmp: try isakmpConfiguration(peer: .any, mistake: mistake),
      destinations: [
        DestinationProfile(
          name: "everybody", remote: nil, hosts: hosts, sessionsMax: sessionsMax)
      ],
      users: (0..<Self.clientsMax).map {
        .init(name: Self.user($0), password: Secret(text: "password\($0)"))
      },
      pools: ["users": IPv4Address(10, 66, 0, 1)...IPv4Address(10, 66, 0, 254)],
      networks: ["users": .init(pool: "users", localAddress: Self.innerGateway)])
  }

  public func gateway(mistake: Mistake? = nil) throws -> VirtualHost<Gateway> {
    let configuration = try gatewayConfiguration(mistake: mistake)
    let host = try virtualHost(
      configuration.isakmp, destinations: configuration.destinations)
    return VirtualHost(Gateway(configuration, host: host), address: gatewayAddress)
  }

  public func client(_ index: Int, mistake: Mistake? = nil) throws -> VirtualHost<VPNAgent> {
    let isakmp = try isakmpConfiguration(peer: .address(gatewayAddress), mistake: mistake)
    let owner = VPNAgent(host: try virtualHost(isakmp, destinations: []))
    return VirtualHost(owner, address: clientAddress(index))
  }

  /// What client `index` dials.
  public func request(_ index: Int, mistake: Mistake? = nil) -> DialRequest {
    var tunnel = TunnelConfiguration(hostName: "client\(index)")
    if dialsSingleShot { tunnel.sessionsInLifeMax = 1 }
    tunnel.secret = tunnelSecret.map {
      Secret(text: mistake == .tunnelSecret ? "another secret" : $0)
    }
    var link = PPPConfiguration(role: .peer)
    link.userName = Self.user(index)
    link.password = Secret(text: mistake == .password ? "wrong" : "password\(index)")
    link.authentication = [.msCHAPv2, .chapMD5, .pap]
    let host = RemoteHostProfile(
      hostName: nil, rules: clientRules, tunnel: tunnel, ppp: PPPProfile(name: "dial", link: link))
    return DialRequest(
      connection: ConnectionRequest(
        policy: "ipsec", local: SocketAddress(clientAddress(index), port: 500),
        remote: SocketAddress(gatewayAddress, port: 500)),
      host: host, inactivityTimeout: inactivityTimeout)
  }

  /// The ISAKMP policy of everybody; only clients, whose peer has one address, try again (IK-11).
  func isakmpPolicy(peer: PeerSelector, mistake: Mistake? = nil) -> ISAKMPPolicy {
    let isGateway = peer == .any
    var isakmp = ISAKMPPolicy(
      name: "isakmp", peer: peer,
      transforms: isGateway ? isakmpTransforms : clientISAKMPTransforms)
    if mistake == .algorithms { isakmp.transforms = [ISAKMPTransform(.aesCBC128, .sha1, .ecp256)] }
    isakmp.lifetimeSeconds = isakmpLifetimeSeconds
    isakmp.rekeyLead = rekeyLead
    isakmp.backoff = backoff
    isakmp.deadPeerDetection = deadPeerDetection
    isakmp.natTraversal = natTraversal
    isakmp.localIdentity = isGateway ? gatewayIdentity : clientIdentity
    isakmp.remoteIdentity = isGateway ? clientIdentity : gatewayIdentity
    if mistake == .name, clientIdentity != nil {
      isakmp.localIdentity = Identity(text: "another@example")
    }
    if mistake == .identity { isakmp.remoteIdentity = Identity(text: "another.example") }
    if !isGateway { isakmp.retryIkeAttempts = .count(retryIkeAttempts) }
    return isakmp
  }

  private func isakmpConfiguration(
    peer: PeerSelector, mistake: Mistake? = nil
  ) throws -> ISAKMPConfiguration {
    let isGateway = peer == .any
    var ipsec = IPsecPolicy(
      name: "ipsec", peer: peer, isakmpPolicy: "isakmp",
      transforms: isGateway ? espTransforms : clientESPTransforms)
    ipsec.lifetimeSeconds = espLifetimeSeconds
    ipsec.lifetimeKilobytes = espLifetimeKilobytes
    ipsec.perfectForwardSecrecy = perfectForwardSecrecy
    var limits = ISAKMPLimits()
    limits.halfOpenPerAddressMax = halfOpenPerAddressMax
    limits.halfOpenMax = 2 * halfOpenPerAddressMax
    let secret = mistake == .secret ? "another secret" : "simulation"
    return try ISAKMPConfiguration(
      isakmpPolicies: [isakmpPolicy(peer: peer, mistake: mistake)], ipsecPolicies: [ipsec],
      preSharedKeys: [PreSharedKey(peer: .any, secret: Secret(text: secret))], limits: limits)
  }

  private func virtualHost(
    _ isakmp: ISAKMPConfiguration, destinations: [DestinationProfile]
  ) throws -> Host {
    var limits = DataplaneLimits()
    limits.batchPacketsMax = 16
    limits.carriersMax = 256
    limits.sessionsMax = 256
    limits.inboundSAsMax = 1_024
    limits.routesMax = 512
    limits.pairsMax = 64
    guard let engine = ESPCryptoEngine(.openSSL, countMax: limits.batchPacketsMax) else {
      throw SimulationError.noCryptography
    }
    return Host(
      endpoint: Endpoint(isakmp: isakmp, destinations: destinations),
      dataplane: Dataplane(limits: limits, engine: engine))
  }
}

/// Why a run could not begin.
public enum SimulationError: Error, Sendable {
  case noCryptography
}
