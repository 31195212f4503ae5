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
  public static let gatewayAddress = IPAddress.v4(IPv4Address(203, 0, 113, 1))
  public static let natAddress = IPAddress.v4(IPv4Address(203, 0, 113, 2))
  static let innerGateway = IPv4Address(10, 66, 0, 1)
  static let secret = Secret(text: "simulation")

  public var rules = TunnelRules()
  /// Seconds; small ones make rekeying happen within a run.
  public var isakmpLifetimeSeconds: UInt64 = 28_800
  public var espLifetimeSeconds: UInt64 = 3_600
  public var authentication: [AuthenticationProtocol] = [.msCHAPv2]
  public var inactivityTimeout: Duration?
  /// `false`: the client keeps its tunnel after its session.
  public var dialsSingleShot = true

  public init() {}

  /// The address of the client with this index, inside the NAT or not.
  public static func clientAddress(_ index: Int) -> IPAddress {
    .v4(IPv4Address(192, 168, 77, UInt8(truncatingIfNeeded: 2 + index)))
  }

  public func gateway() throws -> VirtualHost<Gateway> {
    let isakmp = try isakmpConfiguration(peer: .any)
    var tunnel = TunnelConfiguration(hostName: "gateway")
    if rules.isSingleShot { tunnel.sessionsInLifeMax = 1 }
    var link = PPPConfiguration(role: .authenticator)
    link.authentication = authentication
    let host = RemoteHostProfile(
      hostName: nil, rules: rules, tunnel: tunnel, ppp: PPPProfile(name: "users", link: link))
    let configuration = GatewayConfiguration(
      isakmp: isakmp,
      destinations: [
        DestinationProfile(name: "everybody", remote: nil, hosts: [host], sessionsMax: 1_000)
      ],
      users: (0..<16).map { .init(name: "user\($0)", password: Secret(text: "password\($0)")) },
      pools: ["users": IPv4Address(10, 66, 0, 1)...IPv4Address(10, 66, 0, 254)],
      networks: ["users": .init(pool: "users", localAddress: Self.innerGateway)])
    let owner = Gateway(
      configuration, host: try virtualHost(isakmp, destinations: configuration.destinations))
    return VirtualHost(owner, address: Self.gatewayAddress)
  }

  public func client(_ index: Int) throws -> VirtualHost<VPNAgent> {
    let isakmp = try isakmpConfiguration(peer: .address(Self.gatewayAddress))
    let owner = VPNAgent(host: try virtualHost(isakmp, destinations: []))
    return VirtualHost(owner, address: Self.clientAddress(index))
  }

  /// What client `index` dials; with a wrong password where the script wants that.
  public func request(_ index: Int, password: String? = nil) -> DialRequest {
    var tunnel = TunnelConfiguration(hostName: "client\(index)")
    if dialsSingleShot { tunnel.sessionsInLifeMax = 1 }
    var link = PPPConfiguration(role: .peer)
    link.userName = "user\(index)"
    link.password = Secret(text: password ?? "password\(index)")
    link.authentication = [.msCHAPv2, .chapMD5, .pap]
    let clientRules = TunnelRules(
      idleTimeout: .zero, destructTimeout: .seconds(10), isSingleShot: dialsSingleShot)
    let host = RemoteHostProfile(
      hostName: nil, rules: clientRules, tunnel: tunnel, ppp: PPPProfile(name: "dial", link: link))
    return DialRequest(
      connection: ConnectionRequest(
        policy: "ipsec", local: SocketAddress(Self.clientAddress(index), port: 500),
        remote: SocketAddress(Self.gatewayAddress, port: 500)),
      host: host, inactivityTimeout: inactivityTimeout)
  }

  private func isakmpConfiguration(peer: PeerSelector) throws -> ISAKMPConfiguration {
    // The elliptic curve is the fastest group, and the simulation computes for real.
    var isakmp = ISAKMPPolicy(
      name: "isakmp", peer: peer, transforms: [ISAKMPTransform(.aesCBC128, .sha256, .ecp256)])
    isakmp.lifetimeSeconds = isakmpLifetimeSeconds
    var ipsec = IPsecPolicy(
      name: "ipsec", peer: peer, isakmpPolicy: "isakmp",
      transforms: [.aesGCM128])
    ipsec.lifetimeSeconds = espLifetimeSeconds
    return try ISAKMPConfiguration(
      isakmpPolicies: [isakmp], ipsecPolicies: [ipsec],
      preSharedKeys: [PreSharedKey(peer: .any, secret: Self.secret)])
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
