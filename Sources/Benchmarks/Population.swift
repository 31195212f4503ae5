import Agent
import CBenchmarks
import Cryptography
import Dataplane
import Endpoint
import Gateway
import IKE
import L2TP
import PPP
import Primitives
import Simulation

/// A gateway that many clients have dialled, in virtual time; the clients are thrown away as soon
/// as they are up, so that what is left is the gateway's own.
final class Population {
  /// How far the clients get.
  enum Stage {
    /// ISAKMP SA and ESP SA pair.
    case connection
    /// An L2TP tunnel whose sessions are refused.
    case tunnel
    /// A PPP link with its address.
    case session
  }

  /// Clients that dial at once; more would meet the limits on half-open exchanges.
  private static let crowd = 100
  /// The gateway acknowledges and forgets what it keeps for retransmission.
  private static let settling = Duration.seconds(2)
  /// No sign of life is asked for, as nobody is left to give it; what idles waits for its timers.
  private static let hour = Duration.seconds(3_600)
  private static let gatewayAddress = IPAddress.v4(IPv4Address(192, 0, 2, 1))
  private static let firstAddress = IPv4Address(10, 0, 0, 1)

  private let count: Int
  private let stage: Stage
  private var gateway: VirtualHost<Gateway>
  private var random = SystemRandom()
  private var now = Instant.zero

  /// - Parameter count: the gateway's tables are made for so many clients.
  init?(count: Int, stage: Stage) {
    self.count = count
    self.stage = stage
    guard let isakmp = try? Self.isakmpConfiguration(count: count),
      let host = Self.makeHost(isakmp, [Self.destination(stage)], count: count, controlMax: 512)
    else { return nil }
    let configuration = GatewayConfiguration(
      isakmp: isakmp, destinations: [Self.destination(stage)],
      users: [.init(name: "user", password: Secret(text: "password"))],
      pools: ["users": IPv4Address(10, 64, 0, 1)...IPv4Address(10, 127, 255, 254)],
      networks: ["users": .init(pool: "users", localAddress: IPv4Address(10, 64, 0, 1))])
    gateway = VirtualHost(
      Gateway(configuration, host: host), address: Self.gatewayAddress)
  }

  /// Lets all clients dial and go, and then some minutes pass, so that what was kept for
  /// retransmission and for repeated messages is gone.
  func fill() {
    for first in stride(from: 0, to: count, by: Self.crowd) {
      dial(first..<min(first + Self.crowd, count))
    }
    let end = now + .seconds(300)
    while let next = gateway.nextTimeout, next <= end {
      now = max(now, next)
      gateway.handleTimeout(at: now, using: &random)
      _ = takePackets()
    }
    precondition(standing == count, "\(count - standing) of \(count) clients are not up")
  }

  /// Clients that are as far as they shall get, by the gateway's tables.
  private var standing: Int {
    let endpoint = gateway.owner.host.endpoint.liveCounts
    switch stage {
    case .connection: return gateway.residue.connections
    case .tunnel: return endpoint.tunnels
    case .session: return min(endpoint.sessions, gateway.owner.leaseCount)
    }
  }

  private final class Client {
    var host: VirtualHost<VPNAgent>
    init(_ host: consuming VirtualHost<VPNAgent>) { self.host = host }
  }

  private func dial(_ indices: Range<Int>) {
    var clients: [IPAddress: Client] = [:]
    var packets: [VirtualPacket] = []
    for index in indices {
      let address = IPAddress.v4(IPv4Address(Self.firstAddress.value + UInt32(index)))
      guard let client = Self.makeClient(at: address) else { continue }
      client.host.act(at: now, using: &random) {
        $0.dial(Self.request(from: address), at: now, using: &$1)
      }
      clients[address] = client
      packets += client.host.takePackets().map(\.packet)
    }
    let end = now + Self.settling
    while now <= end {
      while !packets.isEmpty {
        packets = packets.flatMap { deliver($0, to: clients[$0.destination.address]) }
      }
      guard let next = clients.values.reduce(gateway.nextTimeout, earliestTimeout), next <= end
      else { break }
      now = max(now, next)
      packets = handleTimeouts(of: clients.values)
    }
    now = end
  }

  private func earliestTimeout(_ other: Instant?, _ client: Client) -> Instant? {
    earliest(other, client.host.nextTimeout)
  }

  /// Delivers a packet; what it causes.
  private func deliver(_ packet: VirtualPacket, to client: Client?) -> [VirtualPacket] {
    if case .esp = packet.payload, stage == .connection { return [] }
    guard let client else {
      gateway.receive(packet, at: now, using: &random)
      return takePackets()
    }
    client.host.receive(packet, at: now, using: &random)
    return client.host.takePackets().map(\.packet)
  }

  private func handleTimeouts(of clients: some Sequence<Client>) -> [VirtualPacket] {
    var packets: [VirtualPacket] = []
    for client in clients {
      guard let due = client.host.nextTimeout, due <= now else { continue }
      client.host.handleTimeout(at: now, using: &random)
      packets += client.host.takePackets().map(\.packet)
    }
    if let due = gateway.nextTimeout, due <= now {
      gateway.handleTimeout(at: now, using: &random)
      packets += takePackets()
    }
    return packets
  }

  private func takePackets() -> [VirtualPacket] {
    _ = gateway.takeEvents()
    return gateway.takePackets().map(\.packet)
  }

  // Who takes part

  private static func isakmpConfiguration(count: Int) throws -> ISAKMPConfiguration {
    var phase1 = ISAKMPPolicy(
      name: "phase1", peer: .any, transforms: [ISAKMPTransform(.aesCBC256, .sha256, .ecp256)])
    phase1.deadPeerDetection = DeadPeerDetection(interval: hour, timeout: hour * 2)
    let phase2 = IPsecPolicy(
      name: "phase2", peer: .any, isakmpPolicy: "phase1", transforms: [.aesGCM256])
    var limits = ISAKMPLimits()
    limits.isakmpSAsMax = 2 * count
    return try ISAKMPConfiguration(
      isakmpPolicies: [phase1], ipsecPolicies: [phase2],
      preSharedKeys: [PreSharedKey(peer: .any, secret: Secret(text: "benchmark"))],
      limits: limits)
  }

  private static func destination(_ stage: Stage) -> DestinationProfile {
    var link = PPPConfiguration(role: .authenticator)
    link.echoInterval = hour
    return DestinationProfile(
      name: "everybody", remote: nil, hosts: [remoteHost("gateway", link)],
      sessionsMax: stage == .session ? .max : 0)
  }

  private static func remoteHost(_ name: String, _ link: PPPConfiguration) -> RemoteHostProfile {
    var tunnel = TunnelConfiguration(hostName: name)
    tunnel.helloInterval = hour
    return RemoteHostProfile(
      hostName: nil, rules: TunnelRules(idleTimeout: .zero), tunnel: tunnel,
      ppp: PPPProfile(name: "users", link: link))
  }

  /// Tables as large as the runtime makes them for so many connections.
  private static func makeHost(
    _ isakmp: ISAKMPConfiguration, _ destinations: [DestinationProfile], count: Int,
    controlMax: Int
  ) -> Host? {
    var limits = DataplaneLimits()
    limits.carriersMax = 2 * count
    limits.sessionsMax = count
    limits.inboundSAsMax = 3 * count
    limits.routesMax = 2 * count
    limits.batchPacketsMax = 64
    if count == 1 {
      limits.pairsMax = 1
      limits.puntBytesMax = 1 << 14
    }
    guard let engine = ESPCryptoEngine(countMax: limits.batchPacketsMax) else { return nil }
    return Host(
      endpoint: Endpoint(isakmp: isakmp, destinations: destinations),
      dataplane: Dataplane(limits: limits, engine: engine), controlPacketsMax: controlMax)
  }

  private static func makeClient(at address: IPAddress) -> Client? {
    guard let isakmp = try? isakmpConfiguration(count: 1),
      let host = makeHost(isakmp, [], count: 1, controlMax: 16)
    else { return nil }
    return Client(VirtualHost(VPNAgent(host: host), address: address))
  }

  private static func request(from address: IPAddress) -> DialRequest {
    var link = PPPConfiguration(role: .peer)
    link.userName = "user"
    link.password = Secret(text: "password")
    return DialRequest(
      connection: ConnectionRequest(
        policy: "phase2", local: SocketAddress(address, port: 500),
        remote: SocketAddress(gatewayAddress, port: 500)),
      host: remoteHost("client", link), inactivityTimeout: nil)
  }
}
