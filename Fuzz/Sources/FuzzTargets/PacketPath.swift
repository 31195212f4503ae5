import Cryptography
import Dataplane
import ESP
import IPPacket
import Primitives

extension FuzzTarget {
  /// The packet path: any datagram on every socket, any content from a peer that has the keys, any
  /// packet from the TUN device, in batches.
  static let packetPath = FuzzTarget(
    name: "packet-path", inputBytesMax: 4_096,
    seeds: { PacketPath.seeds() },
    run: { input in
      var script = Script(input)
      guard var path = PacketPath(mode: script.byte()) else { return }
      while !script.isAtEnd { path.step(&script) }
      path.run()
    })
}

/// A data plane with a user behind IPsec, one without, and the peer's own sealer.
struct PacketPath: ~Copyable {
  private static let ours = SocketAddress(.v4(IPv4Address(192, 0, 2, 1)), port: 4_500)
  private static let peer = SocketAddress(.v4(IPv4Address(192, 0, 2, 2)), port: 4_500)
  private static let clearPeer = SocketAddress(.v4(IPv4Address(192, 0, 2, 3)), port: 1_701)
  private static let spi: UInt32 = 0x1000
  private static let users = [IPv4Address(10, 0, 0, 77), IPv4Address(10, 0, 0, 78)]

  private var random = SeededRandom(seed: 1)
  private var now = Instant.zero
  private var dataplane: Dataplane
  private var sealer: PeerSealer
  private var batch = PacketBatch(countMax: 8)
  private var socket = OuterSocket.udp4500
  private let encapsulation: Encapsulation
  private let pairIsAllowed: Bool

  init?(mode: UInt8) {
    var limits = DataplaneLimits()
    limits.carriersMax = 4
    limits.sessionsMax = 4
    limits.inboundSAsMax = 4
    limits.routesMax = 4
    limits.pairsMax = 4
    limits.batchPacketsMax = 8
    limits.puntsMax = 16
    let transform =
      mode & 1 == 0
      ? ESPTransform(.aesGCM128) : ESPTransform(.aesCBC128, .hmacSHA1)
    guard let transform, let own = ESPCryptoEngine(.openSSL, countMax: 8) else { return nil }
    let keys = ESPKeys(
      encryption: Secret([UInt8](repeating: 0x41, count: transform.encryptionKeyBytes)),
      integrity: Secret([UInt8](repeating: 0x42, count: transform.integrityKeyBytes)))
    guard
      let sealer = PeerSealer(spi: Self.spi, transform: transform, keys: keys, using: &random)
    else { return nil }
    self.sealer = sealer
    dataplane = Dataplane(limits: limits, engine: own)
    dataplane.acceptsClearL2TP = mode & 2 != 0
    encapsulation = mode & 4 != 0 ? .plainESP : .udpESP
    pairIsAllowed = mode & 8 == 0
    do {
      try populate(SAConfiguration(spi: Self.spi, transform: transform, keys: keys))
    } catch {
      require(false, "the data plane refuses its set-up: \(error)")
    }
  }

  private mutating func populate(_ sa: SAConfiguration) throws(DataplaneError) {
    let carriers = [CarrierID(1), CarrierID(2)]
    try dataplane.addCarrier(
      carriers[0],
      CarrierConfiguration(encapsulation: encapsulation, local: Self.ours, remote: Self.peer))
    try dataplane.installInboundSA(sa, on: carriers[0], encapsulation: encapsulation)
    try dataplane.installOutboundSA(sa, on: carriers[0], using: &random)
    try dataplane.addCarrier(
      carriers[1],
      CarrierConfiguration(encapsulation: .clear, local: Self.ours, remote: Self.clearPeer))
    for (index, user) in Self.users.enumerated() {
      let id = SessionID(UInt32(index + 1))
      var session = SessionConfiguration(
        carrier: carriers[index], localTunnelID: 1, localSessionID: 1, peerTunnelID: 7,
        peerSessionID: 8)
      session.innerAddress = user
      session.segmentBytesMax = 1_300
      session.sequencing = .followsPeer
      session.isOpen = true
      try dataplane.bind(id, session)
      if let prefix = IPPrefix(.v4(user), lengthBits: 32) {
        try dataplane.addRoute(prefix, to: .session(id))
      }
    }
    if pairIsAllowed { try dataplane.allowPair(SessionID(1), SessionID(2)) }
  }

  /// Every kind of datagram for every operation, in every mode.
  static func seeds() -> [[UInt8]] {
    let fromUser: [UInt8] = [
      0x45, 0, 0, 44, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 77, 10, 0, 0, 78,
      0, 80, 0, 81, 0, 0, 0, 0, 0, 0, 0, 0, 0x60, 2, 0, 0, 0, 0, 0, 0, 2, 4, 5, 0xb4,
    ]
    let ours: [UInt8] = [192, 0, 2, 1]
    let toUser: [UInt8] = Array(fromUser[..<12]) + ours + fromUser[12..<16] + fromUser[20...]
    let plain: [UInt8] = [0, 2, 0, 1, 0, 1, 0xff, 3, 0, 0x21]
    let numbered: [UInt8] = [0x48, 2, 0, 58, 0, 1, 0, 1, 0, 0, 0, 0, 0x21]
    let lcp: [UInt8] = [0, 2, 0, 1, 0, 1, 0xff, 3, 0xc0, 0x21, 9, 1, 0, 8, 0, 0, 0, 0]
    let marker: [UInt8] = [0, 0, 0, 0]
    let datagrams: [[UInt8]] = [
      plain + fromUser, numbered + fromUser, lcp, toUser, [0xff], marker + fromUser,
    ]
    var seeds: [[UInt8]] = []
    for mode: UInt8 in 0..<8 {
      for operation: UInt8 in 0..<8 {
        for datagram in datagrams {
          seeds.append([mode, operation, 0, UInt8(datagram.count)] + datagram + [8])
        }
      }
    }
    return seeds
  }

  /// Transition table of the script's language.
  mutating func step(_ script: inout Script) {
    switch script.byte() & 0xf {
    case 0: receive(sealed(script.chunk(), inUDP: true), from: encapsulation.socket)
    case 1: receive(sealed(script.chunk(), inUDP: false), from: encapsulation.socket)
    case 2: receive(script.chunk(), from: .udp4500)
    case 3: receive(script.chunk(), from: .udp500)
    case 4: receive(script.chunk(), from: .rawESP)
    case 5: receive(script.chunk(), from: .udp1701)
    case 6: receive(spoilt(&script), from: encapsulation.socket)
    case 7: forward(script.chunk())
    case 8, 9: run()
    case 10: now = now + script.span()
    case 11: dataplane.removeInboundSA(spi: Self.spi)
    case 12: try? dataplane.update(SessionID(1)) { $0.isOpen.toggle() }
    case 13: dataplane.unbind(SessionID(UInt32(script.byte() & 3)))
    case 14: send(script.chunk(), isControl: script.byte() & 1 == 0)
    default: dataplane.removeCarrier(CarrierID(UInt32(script.byte() & 3)))
    }
  }

  private mutating func receive(_ bytes: [UInt8], from source: OuterSocket) {
    if source != socket || batch.isFull { run() }
    socket = source
    _ = batch.append(
      bytes, remote: source == .udp1701 ? Self.clearPeer : Self.peer, local: Self.ours)
  }

  /// What the peer with the keys sends: `content` as UDP payload to port 1701, or as it is.
  private mutating func sealed(_ content: [UInt8], inUDP: Bool) -> [UInt8] {
    inUDP
      ? sealer.seal(udp: content) : sealer.seal(content, nextHeader: content.last ?? 59)
  }

  private mutating func spoilt(_ script: inout Script) -> [UInt8] {
    var packet = sealed(script.chunk(), inUDP: true)
    let position = Int(script.word())
    let mask = script.byte()
    if !packet.isEmpty { packet[position % packet.count] ^= mask }
    return packet
  }

  private mutating func forward(_ packet: [UInt8]) {
    run()
    guard batch.append(packet, remote: Self.peer, local: Self.ours) else { return }
    dataplane.receiveFromTUN(&batch, at: now)
    require(batch[0].verdict != .undecided && batch[0].verdict != .deliver, "TUN to TUN")
    finish()
  }

  private mutating func send(_ bytes: [UInt8], isControl: Bool) {
    run()
    if isControl {
      dataplane.sendL2TPControl(bytes, on: CarrierID(1), peerPort: 1_701, into: &batch)
    } else {
      dataplane.sendPPPFrame(bytes, on: SessionID(1), into: &batch)
    }
    finish()
  }

  /// Gives the gathered batch to the data plane and looks at what became of it.
  mutating func run() {
    dataplane.receive(&batch, from: socket, at: now)
    takeOutputs()
    dataplane.receiveWaiting(&batch, at: now)
    for position in 0..<batch.count {
      switch batch[position].verdict {
      case .undecided: require(false, "a packet was left undecided")
      case .done: break
      case .deliver: checkDelivered(position)
      case .send: require(pairIsAllowed, "a packet passed between sessions that may not talk")
      }
    }
    finish()
  }

  private func checkDelivered(_ position: Int) {
    let packet = batch[position].packet
    let header = IPv4Header(parsing: batch.arena, packet)
    require(header?.totalBytes == packet.count, "no whole IP packet was delivered")
    require(header.map { Self.users.contains($0.source) } ?? false, "a forged source was delivered")
  }

  private mutating func finish() {
    batch.removeAll()
    takeOutputs()
  }

  private mutating func takeOutputs() {
    var outputs = 0
    while dataplane.nextPunt() != nil { outputs += 1 }
    while dataplane.nextEvent() != nil { outputs += 1 }
    require(outputs <= 64, "one batch of 8 packets made \(outputs) outputs")
  }
}
