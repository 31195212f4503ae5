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
  public enum Mistake: Sendable, Equatable {
    case password
    case secret
  }

  public static let gatewayAddress = IPAddress.v4(IPv4Address(203, 0, 113, 1))
  public static let natAddress = IPAddress.v4(IPv4Address(203, 0, 113, 2))
  static let innerGateway = IPv4Address(10, 66, 0, 1)
  static let clientsMax = 16

  public var rules = TunnelRules()
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

  /// The address of the client with this index, inside the NAT or not.
  public static func clientAddress(_ index: Int) -> IPAddress {
    .v4(IPv4Address(192, 168, 77, UInt8(truncatingIfNeeded: 2 + index)))
  }

  public static func user(_ index: Int) -> String { "user\(index)" }

  /// What the tunnels of the clients are under at their own end.
  public var clientRules: TunnelRules {
    TunnelRules(idleTimeout: .zero, destructTimeout: .seconds(10), isSingleShot: dialsSingleShot)
  }

  public func gatewayConfiguration() throws -> GatewayConfiguration {
    var tunnel = TunnelConfiguration(hostName: "gateway")
    if rules.isSingleShot { tunnel.sessionsInLifeMax = 1 }
    var link = PPPConfiguration(role: .authenticator)
    link.authentication = authentication
    let host = RemoteHostProfile(
      hostName: nil, rules: rules, tunnel: tunnel, ppp: PPPProfile(name: "users", link: link))
    return GatewayConfiguration(
      isakmp: try isakmpConfiguration(peer: .any),
      destinations: [
        DestinationProfile(name: "everybody", remote: nil, hosts: [host], sessionsMax: 1_000)
      ],
      users: (0..<Self.clientsMax).map {
        .init(name: Self.user($0), password: Secret(text: "password\($0)"))
      },
      pools: ["users": IPv4Address(10, 66, 0, 1)...IPv4Address(10, 66, 0, 254)],
      networks: ["users": .init(pool: "users", localAddress: Self.innerGateway)])
  }

  public func gateway() throws -> VirtualHost<Gateway> {
    let configuration = try gatewayConfiguration()
    let host = try virtualHost(
      configuration.isakmp, destinations: configuration.destinations)
    return VirtualHost(Gateway(configuration, host: host), address: Self.gatewayAddress)
  }

  public func client(_ index: Int, mistake: Mistake? = nil) throws -> VirtualHost<VPNAgent> {
    let secret = mistake == .secret ? "another secret" : "simulation"
    let isakmp = try isakmpConfiguration(peer: .address(Self.gatewayAddress), secret: secret)
    let owner = VPNAgent(host: try virtualHost(isakmp, destinations: []))
    return VirtualHost(owner, address: Self.clientAddress(index))
  }

  /// What client `index` dials.
  public func request(_ index: Int, mistake: Mistake? = nil) -> DialRequest {
    var tunnel = TunnelConfiguration(hostName: "client\(index)")
    if dialsSingleShot { tunnel.sessionsInLifeMax = 1 }
    var link = PPPConfiguration(role: .peer)
    link.userName = Self.user(index)
    link.password = Secret(text: mistake == .password ? "wrong" : "password\(index)")
    link.authentication = [.msCHAPv2, .chapMD5, .pap]
    let host = RemoteHostProfile(
      hostName: nil, rules: clientRules, tunnel: tunnel, ppp: PPPProfile(name: "dial", link: link))
    return DialRequest(
      connection: ConnectionRequest(
        policy: "ipsec", local: SocketAddress(Self.clientAddress(index), port: 500),
        remote: SocketAddress(Self.gatewayAddress, port: 500)),
      host: host, inactivityTimeout: inactivityTimeout)
  }

  /// The ISAKMP policy of everybody; only clients, whose peer has one address, try again (IK-11).
  func isakmpPolicy(peer: PeerSelector) -> ISAKMPPolicy {
    // The elliptic curve is the fastest group, and the simulation computes for real.
    var isakmp = ISAKMPPolicy(
      name: "isakmp", peer: peer, transforms: [ISAKMPTransform(.aesCBC128, .sha256, .ecp256)])
    isakmp.lifetimeSeconds = isakmpLifetimeSeconds
    isakmp.rekeyLead = rekeyLead
    isakmp.backoff = backoff
    isakmp.deadPeerDetection = deadPeerDetection
    if peer != .any { isakmp.retryIkeAttempts = .count(retryIkeAttempts) }
    return isakmp
  }

  private func isakmpConfiguration(
    peer: PeerSelector, secret: String = "simulation"
  ) throws -> ISAKMPConfiguration {
    var ipsec = IPsecPolicy(
      name: "ipsec", peer: peer, isakmpPolicy: "isakmp",
      transforms: [.aesGCM128])
    ipsec.lifetimeSeconds = espLifetimeSeconds
    ipsec.lifetimeKilobytes = espLifetimeKilobytes
    ipsec.perfectForwardSecrecy = perfectForwardSecrecy
    return try ISAKMPConfiguration(
      isakmpPolicies: [isakmpPolicy(peer: peer)], ipsecPolicies: [ipsec],
      preSharedKeys: [PreSharedKey(peer: .any, secret: Secret(text: secret))])
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
