import Cryptography
import Dataplane
import Endpoint
import Gateway
import IKE
import IPPacket
import L2TP
import PPP
import Primitives

/// A gateway with its packet path and clients without IPsec, on one wire in virtual time.
final class ClearSite {
  static let address = SocketAddress(.v4(IPv4Address(203, 0, 113, 1)), port: 1701)
  private static let roundsMax = 1_000

  /// This machine's library has no ciphers.
  struct NoCryptography: Error {}

  var gateway: Gateway
  var now = Instant.zero
  var random = SeededRandom(seed: 1)
  private(set) var clients: [ClearClient] = []
  private(set) var events: [EndpointEvent] = []

  init(
    rules: TunnelRules = TunnelRules(), limits: Endpoint.Limits = Endpoint.Limits(),
    pairsMax: Int = 64, users: [UserDirectory.User]? = nil,
    _ configure: (inout GatewayConfiguration) -> Void = { _ in }
  ) throws {
    var link = PPPConfiguration(role: .authenticator)
    link.authentication = [.msCHAPv2]
    let profile = RemoteHostProfile(
      hostName: nil, requiresIPsec: false, rules: rules,
      tunnel: TunnelConfiguration(hostName: "gateway"),
      ppp: PPPProfile(name: "users", link: link))
    var configuration = GatewayConfiguration(
      isakmp: try ISAKMPConfiguration(isakmpPolicies: [], ipsecPolicies: [], preSharedKeys: []),
      destinations: [
        DestinationProfile(name: "all", remote: nil, hosts: [profile], sessionsMax: 100)
      ],
      users: users ?? (0..<8).map { Self.user($0) },
      pools: ["pool": IPv4Address(10, 0, 0, 2)...IPv4Address(10, 0, 0, 200)],
      networks: ["users": .init(pool: "pool", localAddress: IPv4Address(10, 0, 0, 1))])
    configure(&configuration)
    var tables = DataplaneLimits()
    (tables.batchPacketsMax, tables.carriersMax, tables.sessionsMax) = (16, 64, 64)
    (tables.inboundSAsMax, tables.routesMax, tables.pairsMax) = (64, 64, pairsMax)
    guard let engine = ESPCryptoEngine(.openSSL, countMax: tables.batchPacketsMax) else {
      throw NoCryptography()
    }
    gateway = Gateway(
      configuration,
      host: Host(
        endpoint: Endpoint(
          isakmp: configuration.isakmp, destinations: configuration.destinations, limits: limits),
        dataplane: Dataplane(limits: tables, engine: engine)))
  }

  static func user(
    _ index: Int, _ change: (inout UserDirectory.User) -> Void = { _ in }
  ) -> UserDirectory.User {
    var user = UserDirectory.User(name: "user\(index)", password: Secret(text: "sesame"))
    change(&user)
    return user
  }

  /// A new client connects as user `user`; the session that the gateway has of it.
  func connect(
    user: Int? = nil, _ configure: (inout PPPConfiguration) -> Void = { _ in }
  ) throws -> (ClearClient, SessionID) {
    let index = clients.count
    let client = try ClearClient(
      index, user: "user\(user ?? index)", at: now, using: &random, configure)
    clients.append(client)
    settle()
    return (client, gateway.host.endpoint.sessionViews.last?.id ?? SessionID(0))
  }

  /// `client` sends a packet to `destination`; whether it went anywhere.
  func send(
    _ payload: [UInt8], from client: ClearClient, to destination: IPv4Address,
    as source: IPv4Address? = nil
  ) -> PacketVerdict {
    guard let datagram = client.packet(to: destination, payload: payload, as: source) else {
      return .done
    }
    let verdict = give([datagram], from: client.remote)
    settle()
    return verdict.first ?? .done
  }

  func hangUp(_ client: ClearClient) {
    client.hangUp(at: now)
    settle()
  }

  func run(for duration: Duration) {
    let end = now + duration
    while true {
      var next = gateway.host.nextTimeout
      for client in clients { next = earliest(next, client.nextTimeout) }
      guard let next, next <= end else { break }
      now = max(now, next)
      gateway.host.handleTimeout(at: now, using: &random)
      for client in clients { client.handleTimeout(at: now, using: &random) }
      settle()
    }
    now = end
  }

  /// Carries everything across until both ends are quiet.
  func settle() {
    for _ in 0..<Self.roundsMax {
      gateway.answer(at: now, using: &random)
      while let output = gateway.nextOutput() {
        if case .event(let event) = output { events.append(event) }
      }
      var didSomething = deliver(gateway.host.control)
      gateway.host.control.removeAll()
      for client in clients {
        while let datagram = client.nextDatagram(at: now, using: &random) {
          didSomething = true
          _ = give([datagram], from: client.remote)
        }
      }
      if !didSomething { return }
    }
    preconditionFailure("the gateway and its clients never come to rest")
  }

  /// Hands datagrams to the gateway in one batch, and what it sends to whom it is for.
  func give(
    _ datagrams: [[UInt8]], from remote: SocketAddress, to stranger: ClearClient? = nil
  ) -> [PacketVerdict] {
    var batch = PacketBatch(countMax: datagrams.count)
    for datagram in datagrams {
      guard batch.append(datagram, remote: remote, local: Self.address) else { return [] }
    }
    gateway.host.receive(&batch, from: .udp1701, at: now, using: &random)
    _ = deliver(batch)
    if let stranger {
      gateway.answer(at: now, using: &random)
      _ = deliver(gateway.host.control, to: stranger)
      gateway.host.control.removeAll()
    }
    return (0..<batch.count).map { batch[$0].verdict }
  }

  private func deliver(_ batch: borrowing PacketBatch, to stranger: ClearClient? = nil) -> Bool {
    for index in 0..<batch.count {
      let slot = batch[index]
      guard slot.verdict == .send(.udp1701) else { continue }
      (stranger ?? clients.last { $0.remote == slot.remote })?
        .receive(batch.bytes(of: index), at: now, using: &random)
    }
    return batch.count > 0
  }
}
