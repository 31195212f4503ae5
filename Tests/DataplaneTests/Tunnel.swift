import Cryptography
import Dataplane
import ESP
import IPPacket
import Primitives

/// A gateway and one client with a session between them.
struct Tunnel: ~Copyable {
  static let carrier = CarrierID(1)
  static let session = SessionID(10)
  static let clientInner = IPv4Address(10, 9, 0, 2)

  var gateway: Site
  var client: Site
  let encapsulation: Encapsulation

  init(
    _ encapsulation: Encapsulation = .udpESP, _ transform: ESPTransform = gcm,
    kind: ESPCryptoEngine.Kind = .openSSL,
    change: (inout SessionConfiguration) -> Void = { _ in }
  ) throws {
    self.encapsulation = encapsulation
    var gateway = Site(kind: kind)
    var client = Site(kind: kind)
    try gateway.dataplane.addCarrier(
      Self.carrier,
      CarrierConfiguration(
        encapsulation: encapsulation, local: Site.gatewayAddress, remote: Site.clientAddress))
    try client.dataplane.addCarrier(
      Self.carrier,
      CarrierConfiguration(
        encapsulation: encapsulation, local: Site.clientAddress, remote: Site.gatewayAddress))
    if encapsulation != .clear {
      try Self.install(&gateway, &client, transform, encapsulation, generation: 1)
    }
    var session = SessionConfiguration(
      carrier: Self.carrier, localTunnelID: 7, localSessionID: 8, peerTunnelID: 17,
      peerSessionID: 18)
    session.innerAddress = Self.clientInner
    session.isOpen = true
    change(&session)
    try gateway.dataplane.bind(Self.session, session)
    try gateway.dataplane.addRoute(
      Self.prefix(Self.clientInner, 32), to: .session(Self.session))
    swap(&session.localTunnelID, &session.peerTunnelID)
    swap(&session.localSessionID, &session.peerSessionID)
    session.innerAddress = nil
    session.allowedSources = [Self.prefix(.any, 0)]
    try client.dataplane.bind(Self.session, session)
    try client.dataplane.addRoute(Self.prefix(.any, 0), to: .session(Self.session))
    self.gateway = gateway
    self.client = client
  }

  /// SAs in both directions: generation 1 has SPIs 0x1001 (to the gateway) and 0x2001.
  static func install(
    _ gateway: inout Site, _ client: inout Site, _ transform: ESPTransform,
    _ encapsulation: Encapsulation, generation: UInt32, lifetime: ESPLifetime = .unlimited
  ) throws {
    var random = SeededRandom(seed: 3)
    let up = association(
      spi: 0x1000 + generation, transform, seed: UInt64(generation), lifetime: lifetime)
    let down = association(
      spi: 0x2000 + generation, transform, seed: UInt64(generation) + 99, lifetime: lifetime)
    try gateway.dataplane.installInboundSA(up, on: carrier, encapsulation: encapsulation)
    try client.dataplane.installInboundSA(down, on: carrier, encapsulation: encapsulation)
    try gateway.dataplane.installOutboundSA(down, on: carrier, using: &random)
    try client.dataplane.installOutboundSA(up, on: carrier, using: &random)
  }

  static func prefix(_ address: IPv4Address, _ lengthBits: Int) -> IPPrefix {
    guard let prefix = IPPrefix(.v4(address), lengthBits: lengthBits) else {
      preconditionFailure("a prefix of the tests")
    }
    return prefix
  }

  /// The wire's packets as the client sends them.
  mutating func sendUp(_ packets: [[UInt8]], at now: Instant = .zero) -> [[UInt8]] {
    client.receiveFromTUN(packets, at: now).filter { !$0.isDropped }.map(\.bytes)
  }

  mutating func sendDown(_ packets: [[UInt8]], at now: Instant = .zero) -> [[UInt8]] {
    gateway.receiveFromTUN(packets, at: now).filter { !$0.isDropped }.map(\.bytes)
  }

  mutating func arriveUp(
    _ wire: [[UInt8]], from remote: SocketAddress = Site.clientAddress, at now: Instant = .zero
  ) -> [Site.Outcome] {
    gateway.receive(wire, from: encapsulation.socket, remote: remote, at: now)
  }

  mutating func arriveDown(_ wire: [[UInt8]], at now: Instant = .zero) -> [Site.Outcome] {
    client.receive(
      wire, from: encapsulation.socket, remote: Site.gatewayAddress, local: Site.clientAddress,
      at: now)
  }
}

/// The peer's end of an SA alone: protects whatever a test wants protected.
struct Sealer: ~Copyable {
  private var engine: ESPCryptoEngine
  private var outbound: OutboundSA
  private var arena = PacketArena(byteCount: 4_096)

  init(spi: UInt32, _ transform: ESPTransform = gcm, seed: UInt64) throws {
    guard let engine = ESPCryptoEngine(.openSSL, countMax: 1) else {
      throw ESPCipherError.libraryFailed
    }
    var random = SeededRandom(seed: 1)
    let configuration = association(spi: spi, transform, seed: seed)
    let cipher = try engine.makeCipher(transform, .seal, keys: configuration.keys)
    outbound = OutboundSA(spi: spi, cipher: cipher, using: &random)
    self.engine = engine
  }

  /// The client's end of a tunnel's first generation.
  init(of transform: ESPTransform = gcm) throws {
    try self.init(spi: 0x1001, transform, seed: 1)
  }

  mutating func seal(_ payload: [UInt8], nextHeader: UInt8 = ESPHeader.udp) throws -> [UInt8] {
    arena.store(payload, at: 64)
    engine.removeAll()
    let framed = try outbound.frame(
      64..<64 + payload.count, nextHeader: nextHeader, region: 0..<4_096, in: &arena,
      for: &engine
    ).get()
    arena.withSpan { engine.seal(in: &$0) }
    return arena.bytes(framed.packet)
  }

  /// An L2TP message in UDP.
  mutating func seal(
    l2tp message: [UInt8], sourcePort: UInt16 = 1_701, port: UInt16 = 1_701,
    udpBytes: Int? = nil, checksum: UInt16 = 0
  ) throws -> [UInt8] {
    var datagram = ByteWriter()
    datagram.write(sourcePort)
    datagram.write(port)
    datagram.write(UInt16(udpBytes ?? 8 + message.count))
    datagram.write(checksum)
    datagram.write(message)
    return try seal(datagram.bytes)
  }
}

/// L2TP data messages to the gateway's session of `Tunnel`, byte by byte.
enum Message {
  static let header: [UInt8] = [0, 2, 0, 7, 0, 8]

  static func data(_ frame: [UInt8]) -> [UInt8] { header + frame }

  static func ipv4(_ packet: [UInt8]) -> [UInt8] { data([0xFF, 0x03, 0x00, 0x21] + packet) }

  /// A packet that the gateway delivers.
  static let good = Packets.udp(from: Tunnel.clientInner, to: .server)
}
