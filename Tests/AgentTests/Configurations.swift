import Cryptography
import Endpoint
import Gateway
import IKE
import L2TP
import PPP
import Primitives

/// What gateway and agents of these tests are configured with.
enum Configurations {
  static let secret = Secret(text: "group secret")

  static func isakmp(
    secret: Secret = secret, groups: [KeyExchangeGroup] = [.ecp256],
    esp: ESPTransform = .aesGCM128, isGateway: Bool = false,
    _ change: (inout ISAKMPPolicy) -> Void = { _ in }
  ) throws -> ISAKMPConfiguration {
    let peer: PeerSelector = isGateway ? .any : .address(Wire.gatewayAddress)
    var policy = ISAKMPPolicy(
      name: "isakmp", peer: peer,
      transforms: groups.map { ISAKMPTransform(.aesCBC128, .sha256, $0) })
    change(&policy)
    return try ISAKMPConfiguration(
      isakmpPolicies: [policy],
      ipsecPolicies: [
        IPsecPolicy(name: "ipsec", peer: peer, isakmpPolicy: "isakmp", transforms: [esp])
      ],
      preSharedKeys: [PreSharedKey(peer: .any, secret: secret)])
  }

  /// A gateway with the users 0 to 3 and a pool of `addresses` addresses.
  static func gateway(
    rules: TunnelRules = TunnelRules(), addresses: UInt8 = 10, pool: String = "pool",
    users: [UserDirectory.User] = (0..<4).map(user), sessionsMax: Int = 100
  ) throws -> GatewayConfiguration {
    var link = PPPConfiguration(role: .authenticator)
    link.authentication = [.msCHAPv2]
    let host = RemoteHostProfile(
      hostName: nil, rules: rules, tunnel: TunnelConfiguration(hostName: "gateway"),
      ppp: PPPProfile(name: "users", link: link))
    return GatewayConfiguration(
      isakmp: try isakmp(isGateway: true),
      destinations: [
        DestinationProfile(name: "all", remote: nil, hosts: [host], sessionsMax: sessionsMax)
      ],
      users: users, pools: [pool: IPv4Address(10, 0, 0, 2)...IPv4Address(10, 0, 0, 1 + addresses)],
      networks: ["users": .init(pool: pool, localAddress: IPv4Address(10, 0, 0, 1))])
  }

  static func user(_ index: Int) -> UserDirectory.User {
    UserDirectory.User(name: "user\(index)", password: Secret(text: "password\(index)"))
  }

  static func address(_ index: Int) -> IPv4Address {
    IPv4Address(198, 51, 100, UInt8(truncatingIfNeeded: 10 + index))
  }

  /// What agent `index` dials, as user `index` unless it is told otherwise.
  static func request(
    _ index: Int = 0, user: Int? = nil, password: String? = nil, isSingleShot: Bool = true,
    inactivityTimeout: Duration? = nil
  ) -> DialRequest {
    var link = PPPConfiguration(role: .peer)
    link.userName = "user\(user ?? index)"
    link.password = Secret(text: password ?? "password\(user ?? index)")
    link.authentication = [.msCHAPv2]
    let host = RemoteHostProfile(
      hostName: nil,
      rules: TunnelRules(
        idleTimeout: .zero, destructTimeout: .seconds(10), isSingleShot: isSingleShot),
      tunnel: TunnelConfiguration(hostName: "agent"), ppp: PPPProfile(name: "dial", link: link))
    return DialRequest(
      connection: ConnectionRequest(
        policy: "ipsec", local: SocketAddress(.v4(address(index)), port: 500),
        remote: SocketAddress(Wire.gatewayAddress, port: 500)),
      host: host, inactivityTimeout: inactivityTimeout)
  }
}

extension Wire {
  /// Agent `index` dials as the configurations have it.
  func dial(
    _ index: Int = 0, user: Int? = nil, password: String? = nil, isSingleShot: Bool = true,
    isakmp: ISAKMPConfiguration? = nil, inactivityTimeout: Duration? = nil
  ) throws -> End {
    try dial(
      Configurations.request(
        index, user: user, password: password, isSingleShot: isSingleShot,
        inactivityTimeout: inactivityTimeout),
      isakmp: isakmp ?? Configurations.isakmp(), from: Configurations.address(index))
  }
}
