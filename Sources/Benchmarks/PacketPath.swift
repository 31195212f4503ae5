import CBenchmarks
import Cryptography
import Dataplane
import ESP
import IPPacket
import Primitives

/// A gateway's and a client's data plane, joined by nothing: what the one sealed, the other opens.
struct PacketPath: ~Copyable {
  enum Direction: String {
    /// From the TUN device to the outer socket.
    case outwards = "path out"
    /// From the outer socket to the TUN device.
    case inwards = "path in"
  }

  /// What the measured half of a run cost.
  struct Cost {
    var nanoseconds = 0.0
    var allocations: UInt64 = 0
    var references: UInt64 = 0
  }

  /// Packets between two looks at the clock.
  private static let packetCount = 128
  private static let gatewayAddress = SocketAddress(.v4(IPv4Address(192, 0, 2, 1)), port: 4_500)
  private static let clientAddress = SocketAddress(.v4(IPv4Address(192, 0, 2, 2)), port: 4_500)
  private static let user = IPv4Address(10, 0, 0, 77)
  private static let server = IPv4Address(10, 0, 0, 1)

  private var client: Dataplane
  private var gateway: Dataplane
  private let batchSize: Int
  private var clientBatches: BatchTable
  private var gatewayBatches: BatchTable
  private let packet: [UInt8]

  init?(_ transform: ESPTransform, batchSize: Int) {
    var limits = DataplaneLimits()
    limits.carriersMax = 16
    limits.sessionsMax = 16
    limits.inboundSAsMax = 16
    limits.routesMax = 16
    limits.pairsMax = 16
    limits.batchPacketsMax = batchSize
    let keys = ESPKeys(
      encryption: Secret([UInt8](repeating: 1, count: transform.encryptionKeyBytes)),
      integrity: Secret([UInt8](repeating: 2, count: transform.integrityKeyBytes)))
    let sa = SAConfiguration(spi: 0x1000, transform: transform, keys: keys)
    guard let client = Self.makeEnd(limits, sa, isGateway: false),
      let gateway = Self.makeEnd(limits, sa, isGateway: true)
    else { return nil }
    self.client = client
    self.gateway = gateway
    self.batchSize = batchSize
    let batchCount = Self.packetCount / batchSize
    clientBatches = BatchTable(count: batchCount, packetsMax: batchSize)
    gatewayBatches = BatchTable(count: batchCount, packetsMax: batchSize)
    packet = Self.makePacket()
  }

  private static func makeEnd(
    _ limits: DataplaneLimits, _ sa: SAConfiguration, isGateway: Bool
  ) -> Dataplane? {
    guard let engine = ESPCryptoEngine(countMax: limits.batchPacketsMax) else { return nil }
    var end = Dataplane(limits: limits, engine: engine)
    do {
      try populate(&end, sa, isGateway: isGateway)
    } catch {
      return nil
    }
    return end
  }

  /// A UDP packet that fills the tunnel's packets as `CipherFigures` measures them: UDP, L2TP and
  /// PPP headers take 18 bytes of the payload.
  private static func makePacket() -> [UInt8] {
    let bytes = CipherFigures.payloadBytes - 18
    var writer = ByteWriter(capacityBytes: bytes)
    writer.write([0x45, 0] as [UInt8])
    writer.write(UInt16(bytes))
    writer.write([0, 0, 0, 0, 64, 17, 0, 0] as [UInt8])
    writer.write(user.value)
    writer.write(server.value)
    writer.write(repeating: 0x55, count: bytes - writer.count)
    return writer.bytes
  }

  private static func populate(
    _ dataplane: inout Dataplane, _ sa: SAConfiguration, isGateway: Bool
  ) throws(DataplaneError) {
    var random = SeededRandom(seed: 1)
    let carrier = CarrierID(1)
    try dataplane.addCarrier(
      carrier,
      CarrierConfiguration(
        encapsulation: .udpESP, local: isGateway ? gatewayAddress : clientAddress,
        remote: isGateway ? clientAddress : gatewayAddress))
    try dataplane.installInboundSA(sa, on: carrier, encapsulation: .udpESP)
    try dataplane.installOutboundSA(sa, on: carrier, using: &random)
    var session = SessionConfiguration(
      carrier: carrier, localTunnelID: 1, localSessionID: 1, peerTunnelID: 1, peerSessionID: 1)
    session.innerAddress = isGateway ? user : server
    session.segmentBytesMax = 1_300
    session.isOpen = true
    try dataplane.bind(SessionID(1), session)
    if let prefix = IPPrefix(.v4(isGateway ? user : server), lengthBits: 32) {
      try dataplane.addRoute(prefix, to: .session(SessionID(1)))
    }
  }

  var packetsInRun: Int { Self.packetCount }

  /// Sends every packet from the client's TUN device to the gateway's; the cost of the half that
  /// `direction` names.
  mutating func run(_ direction: Direction, countsReferences: Bool = false) -> Cost {
    let count = clientBatches.count
    for index in 0..<count {
      clientBatches[index].removeAll()
      while clientBatches[index].append(
        packet, remote: Self.gatewayAddress, local: Self.clientAddress)
      {}
    }
    let outwards = Self.cost(countsReferences) {
      for index in 0..<count { client.receiveFromTUN(&clientBatches[index], at: .zero) }
    }
    for index in 0..<count {
      gatewayBatches[index].removeAll()
      for position in 0..<batchSize {
        precondition(clientBatches[index][position].verdict == .send(.udp4500), "not sent")
        _ = gatewayBatches[index].append(
          clientBatches[index].bytes(of: position), remote: Self.clientAddress,
          local: Self.gatewayAddress)
      }
    }
    let inwards = Self.cost(countsReferences) {
      for index in 0..<count {
        gateway.receive(&gatewayBatches[index], from: .udp4500, at: .zero)
      }
    }
    for index in 0..<count {
      for position in 0..<batchSize {
        precondition(gatewayBatches[index][position].verdict == .deliver, "not delivered")
      }
    }
    return direction == .outwards ? outwards : inwards
  }

  private static func cost(_ countsReferences: Bool, _ body: () -> Void) -> Cost {
    var cost = Cost()
    let allocations = bench_allocations()
    let references = bench_references()
    if countsReferences { bench_count_references(1) }
    cost.nanoseconds = nanoseconds(body)
    if countsReferences { bench_count_references(0) }
    cost.references = bench_references() - references
    cost.allocations = bench_allocations() - allocations
    return cost
  }
}

/// Several batches in one place; an `Array` cannot hold what cannot be copied.
struct BatchTable: ~Copyable {
  private let base: UnsafeMutablePointer<PacketBatch>
  let count: Int

  init(count: Int, packetsMax: Int) {
    base = .allocate(capacity: count)
    for index in 0..<count {
      (base + index).initialize(to: PacketBatch(countMax: packetsMax))
    }
    self.count = count
  }

  deinit {
    base.deinitialize(count: count)
    base.deallocate()
  }

  subscript(index: Int) -> PacketBatch {
    _read { yield base[index] }
    nonmutating _modify { yield &base[index] }
  }
}
