import Cryptography
import Dataplane
import Gateway
import IPPacket
import L2TP
import PPP
import Primitives

@testable import Endpoint
@testable import IKE

/// How a gateway under fuzz is set up: the first byte of an input.
struct GatewayMode {
  var bits: UInt8

  /// ESP in UDP, and ISAKMP on port 4500.
  var isBehindNAT: Bool { bits & 1 != 0 }
  var isSingleShot: Bool { bits & 2 != 0 }
  /// Key exchanges come back when the script says so.
  var computesLate: Bool { bits & 4 != 0 }
  /// Peers without IPsec are let in, too.
  var allowsClear: Bool { bits & 8 != 0 }

  /// The keys are there already: scripts begin with L2TP.
  var hasKeys: Bool { bits & 16 != 0 }

  static let all = (UInt8(0)..<32).map(GatewayMode.init)

  /// Three of four bytes begin with keys.
  init(_ bits: UInt8) { self.bits = bits & 0xf | (bits & 0x30 != 0 ? 16 : 0) }
}

/// A gateway's configuration, and what a peer said to it in a good conversation.
///
/// A gateway that hears the same again with the same random numbers does the same again, so that
/// half of the work of a conversation, the peer's, is done once and not for every input.
struct GatewayRecording {
  struct Datagram {
    var bytes: [UInt8]
    var socket: OuterSocket

    /// Four zero bytes tell it from ESP on port 4500 (RFC 3948 §2.2).
    var isISAKMP: Bool {
      socket == .udp500 || (socket == .udp4500 && bytes.starts(with: [0, 0, 0, 0]))
    }
  }

  static let ours = SocketAddress(.v4(IPv4Address(203, 0, 113, 1)), port: 500)
  static let peer = SocketAddress(.v4(IPv4Address(198, 51, 100, 2)), port: 500)
  static let inner = IPv4Address(10, 0, 0, 1)
  /// What the first session of all gets.
  static let peerInner = IPv4Address(10, 0, 0, 2)
  private static let batchPacketsMax = 4
  private static let controlPacketsMax = 24
  private static let roundsMax = 100

  let mode: GatewayMode
  let configuration: GatewayConfiguration
  /// Keys, tunnel, session, address; a packet of a user; new keys; the end, layer by layer.
  private(set) var datagrams: [Datagram] = []
  /// So many of them bring the keys up.
  private(set) var keysCount = 0
  /// So many of them bring the session up.
  private(set) var upCount = 0
  /// The gateway's ISAKMP, and its random numbers, when the keys are up.
  private var keyed: KeyedEngine?

  private nonisolated(unsafe) static var made: [UInt8: GatewayRecording] = [:]

  /// Made when it is first wanted.
  static func of(_ mode: GatewayMode) -> GatewayRecording? {
    if let recording = made[mode.bits] { return recording }
    guard let recording = try? GatewayRecording(mode) else { return nil }
    made[mode.bits] = recording
    return recording
  }

  /// The random numbers of every gateway under fuzz.
  static var random: SeededRandom { SeededRandom(seed: 1) }

  private init(_ mode: GatewayMode) throws {
    self.mode = mode
    configuration = try Self.gatewayConfiguration(mode)
    try record()
    keyed = KeyedEngine(configuration.isakmp, hearing: datagrams.prefix(keysCount))
  }

  /// A gateway that has heard nothing yet, or all that it takes to have keys.
  func makeGateway(using random: inout SeededRandom) -> Gateway? {
    guard var gateway = makeGateway() else { return nil }
    guard mode.hasKeys, let keyed else { return gateway }
    random = keyed.random
    gateway.host.endpoint.isakmp = keyed.engine.copy()
    gateway.host.endpoint.settle(at: .zero, using: &random)
    gateway.host.settle(at: .zero, using: &random)
    return gateway
  }

  private func makeGateway() -> Gateway? {
    guard let host = Self.host(configuration.isakmp, destinations: configuration.destinations)
    else { return nil }
    return Gateway(configuration, host: host)
  }

  private static func isakmp(_ mode: GatewayMode) throws -> ISAKMPConfiguration {
    var phase1 = ISAKMPPolicy(
      name: "phase1", peer: .any, transforms: [ISAKMPTransform(.aesCBC128, .sha256, .x25519)])
    phase1.natTraversal = mode.isBehindNAT ? .forced : .off
    // Rare, so that minutes of silence are few steps.
    phase1.keepaliveInterval = .seconds(600)
    phase1.backoff = MessageBackoff(retryLimit: 2)
    phase1.deadPeerDetection = DeadPeerDetection(interval: .seconds(60), timeout: .seconds(90))
    let phase2 = IPsecPolicy(
      name: "phase2", peer: .any, isakmpPolicy: "phase1", transforms: [.aesGCM128])
    var limits = ISAKMPLimits()
    limits.halfOpenMax = 4
    limits.halfOpenPerAddressMax = 2
    limits.isakmpSAsMax = 8
    limits.phase2SAsPerConnectionMax = 4
    limits.jobsMax = 4
    return try ISAKMPConfiguration(
      isakmpPolicies: [phase1], ipsecPolicies: [phase2],
      preSharedKeys: [PreSharedKey(peer: .any, secret: Secret(text: "fuzz"))], limits: limits)
  }

  private static func gatewayConfiguration(_ mode: GatewayMode) throws -> GatewayConfiguration {
    var link = PPPConfiguration(role: .authenticator)
    link.authentication = [.msCHAPv2, .pap]
    link.restart.configureMax = 3
    var tunnel = TunnelConfiguration(hostName: "gateway")
    tunnel.retransmissionsMaxOpening = 2
    tunnel.retransmissionsMaxEstablished = 2
    let host = RemoteHostProfile(
      hostName: nil, requiresIPsec: !mode.allowsClear,
      rules: TunnelRules(destructTimeout: .seconds(10), isSingleShot: mode.isSingleShot),
      tunnel: tunnel, ppp: PPPProfile(name: "users", link: link))
    return GatewayConfiguration(
      isakmp: try isakmp(mode),
      destinations: [
        DestinationProfile(name: "all", remote: nil, hosts: [host], sessionsMax: 8)
      ],
      users: [UserDirectory.User(name: "user", password: Secret(text: "password"))],
      pools: ["pool": peerInner...IPv4Address(10, 0, 0, 9)],
      networks: ["users": .init(pool: "pool", localAddress: inner)])
  }

  private static func host(
    _ isakmp: ISAKMPConfiguration, destinations: [DestinationProfile]
  ) -> Host? {
    var limits = DataplaneLimits()
    limits.batchPacketsMax = batchPacketsMax
    limits.carriersMax = 8
    limits.sessionsMax = 8
    limits.inboundSAsMax = 8
    limits.routesMax = 16
    limits.pairsMax = 4
    limits.puntsMax = 16
    limits.puntBytesMax = 1 << 14
    var endpoint = Endpoint.Limits()
    endpoint.tunnelsMax = 8
    endpoint.sessionsMax = 8
    endpoint.closedRecordsMax = 8
    endpoint.clearCarriersMax = 4
    guard let engine = ESPCryptoEngine(.openSSL, countMax: limits.batchPacketsMax) else {
      return nil
    }
    return Host(
      endpoint: Endpoint(isakmp: isakmp, destinations: destinations, limits: endpoint),
      dataplane: Dataplane(limits: limits, engine: engine), controlPacketsMax: controlPacketsMax)
  }

  private mutating func record() throws {
    guard var gateway = makeGateway(),
      var client = Self.host(try Self.isakmp(mode), destinations: [])
    else { return }
    var random = Self.random
    var clientRandom = SeededRandom(seed: 2)
    let connection = client.endpoint.dial(dialRequest(), at: .zero, using: &clientRandom)
    client.settle(at: .zero, using: &clientRandom)
    exchange(&gateway, &random, &client, &clientRandom)
    keysCount = datagrams.firstIndex { !$0.isISAKMP } ?? 0
    upCount = datagrams.count
    require(!gateway.host.endpoint.sessionViews.isEmpty, "the recorded session is not up")

    var batch = PacketBatch(countMax: 1)
    _ = batch.append(
      InnerPacket.udp(from: Self.peerInner, to: Self.inner), remote: Self.ours, local: Self.peer)
    client.receiveFromTUN(&batch, at: .zero, using: &clientRandom)
    if case .send(let socket) = batch[0].verdict {
      hear(batch.bytes(of: 0), socket, &gateway, &random)
    }
    if let spi = client.endpoint.isakmpEngine.phase2SAViews.first?.inboundSPI {
      client.endpoint.requestRekey(ofInboundSPI: spi, at: .zero, using: &clientRandom)
      client.settle(at: .zero, using: &clientRandom)
      exchange(&gateway, &random, &client, &clientRandom)
    }
    _ = client.endpoint.closeConnection(
      connection, .requested, at: .zero, using: &clientRandom)
    client.settle(at: .zero, using: &clientRandom)
    exchange(&gateway, &random, &client, &clientRandom)
  }

  private func dialRequest() -> DialRequest {
    var link = PPPConfiguration(role: .peer)
    link.userName = "user"
    link.password = Secret(text: "password")
    link.authentication = [.msCHAPv2, .pap]
    return DialRequest(
      connection: ConnectionRequest(policy: "phase2", local: Self.peer, remote: Self.ours),
      host: RemoteHostProfile(
        hostName: nil,
        rules: TunnelRules(idleTimeout: .zero, destructTimeout: .seconds(10)),
        tunnel: TunnelConfiguration(hostName: "client"), ppp: PPPProfile(name: "dial", link: link)),
      inactivityTimeout: nil)
  }

  /// Carries everything across, without loss or delay, until both ends are quiet.
  private mutating func exchange(
    _ gateway: inout Gateway, _ random: inout SeededRandom, _ client: inout Host,
    _ clientRandom: inout SeededRandom
  ) {
    for _ in 0..<Self.roundsMax {
      var isQuiet = true
      while let output = client.nextOutput() {
        guard case .compute(let job) = output else { continue }
        isQuiet = false
        client.endpoint.complete(job.pretend(), at: .zero, using: &clientRandom)
        client.settle(at: .zero, using: &clientRandom)
      }
      for (bytes, socket) in Self.takeDatagrams(of: &client.control) {
        isQuiet = false
        hear(bytes, socket, &gateway, &random)
      }
      for (bytes, socket) in Self.takeDatagrams(of: &gateway.host.control) {
        isQuiet = false
        var batch = PacketBatch(countMax: 1)
        _ = batch.append(
          bytes, remote: SocketAddress(Self.ours.address, port: socket.port),
          local: SocketAddress(Self.peer.address, port: socket.port))
        client.receive(&batch, from: socket, at: .zero, using: &clientRandom)
      }
      if isQuiet { return }
    }
    require(false, "the recorded conversation never comes to rest")
  }

  /// The gateway gets a datagram, and it goes on the record.
  private mutating func hear(
    _ bytes: [UInt8], _ socket: OuterSocket, _ gateway: inout Gateway,
    _ random: inout SeededRandom
  ) {
    datagrams.append(Datagram(bytes: bytes, socket: socket))
    var batch = PacketBatch(countMax: 1)
    _ = batch.append(
      bytes, remote: SocketAddress(Self.peer.address, port: socket.port),
      local: SocketAddress(Self.ours.address, port: socket.port))
    gateway.host.receive(&batch, from: socket, at: .zero, using: &random)
    gateway.answer(at: .zero, using: &random)
    while let output = gateway.nextOutput() {
      guard case .compute(let job) = output else { continue }
      gateway.host.endpoint.complete(job.pretend(), at: .zero, using: &random)
      gateway.host.settle(at: .zero, using: &random)
      gateway.answer(at: .zero, using: &random)
    }
  }

  static func takeDatagrams(of batch: inout PacketBatch) -> [([UInt8], OuterSocket)] {
    var datagrams: [([UInt8], OuterSocket)] = []
    for index in 0..<batch.count {
      guard case .send(let socket) = batch[index].verdict else { continue }
      datagrams.append((batch.bytes(of: index), socket))
    }
    batch.removeAll()
    return datagrams
  }
}

/// A gateway's ISAKMP alone, after the messages that bring the keys up; what it has to tell its
/// endpoint waits.
private final class KeyedEngine {
  let engine: ISAKMPEngine
  let random: SeededRandom

  init(
    _ configuration: ISAKMPConfiguration, hearing datagrams: ArraySlice<GatewayRecording.Datagram>
  ) {
    var engine = ISAKMPEngine(configuration: configuration)
    var random = GatewayRecording.random
    for datagram in datagrams {
      let isFloated = datagram.socket == .udp4500
      let port = datagram.socket.port
      let path = Path(
        local: SocketAddress(GatewayRecording.ours.address, port: port),
        remote: SocketAddress(GatewayRecording.peer.address, port: port), floated: isFloated)
      engine.receive(
        Array(datagram.bytes.dropFirst(isFloated ? 4 : 0)), on: path, at: .zero, using: &random)
      while engine.nextTransmit() != nil {}
      while let job = engine.nextJob() {
        engine.complete(job.pretend(), at: .zero, using: &random)
        while engine.nextTransmit() != nil {}
      }
    }
    self.engine = engine.copy()
    self.random = random
  }
}

extension OuterSocket {
  /// The port that both ends use on it; ESP has none.
  var port: UInt16 {
    switch self {
    case .udp500: 500
    case .udp4500: 4_500
    case .udp1701: 1_701
    case .rawESP: 0
    }
  }
}

/// IP packets of users.
enum InnerPacket {
  /// A UDP packet without content and without checksum.
  static func udp(from source: IPv4Address, to destination: IPv4Address) -> [UInt8] {
    var packet: [UInt8] = [0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0]
    packet += IPAddress.v4(source).bytes + IPAddress.v4(destination).bytes
    var sum = stride(from: 0, to: packet.count, by: 2)
      .reduce(0) { $0 + Int(packet[$1]) << 8 + Int(packet[$1 + 1]) }
    sum = (sum & 0xffff) + sum >> 16
    packet[10] = UInt8(~sum >> 8 & 0xff)
    packet[11] = UInt8(~sum & 0xff)
    return packet + [0, 7, 0, 7, 0, 8, 0, 0]
  }
}
