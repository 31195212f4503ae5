import Cryptography
import Dataplane
import ESP
import IPPacket
import Primitives
import Testing

extension IPv4Address {
  /// What a user of the tests sends to beyond the gateway.
  static let server = IPv4Address(192, 0, 2, 80)
}

extension Instant {
  static func seconds(_ count: Int) -> Instant { .zero + .seconds(count) }
}

/// A data plane with a batch of its own, asked packet by packet.
struct Site: ~Copyable {
  static let gatewayAddress = SocketAddress(.v4(IPv4Address(198, 51, 100, 1)), port: 4_500)
  static let clientAddress = SocketAddress(.v4(IPv4Address(203, 0, 113, 7)), port: 4_501)

  var dataplane: Dataplane
  var batch: PacketBatch
  var control = PacketBatch(countMax: 16)

  init(
    limits: DataplaneLimits = DataplaneLimits(), kind: ESPCryptoEngine.Kind = .openSSL,
    regionBytes: Int = 2_304
  ) {
    dataplane = Dataplane(
      limits: limits, engine: Self.engine(kind, countMax: limits.batchPacketsMax))
    batch = PacketBatch(countMax: limits.batchPacketsMax, regionBytes: regionBytes)
  }

  /// The engine wanted, or the one of every host.
  private static func engine(_ kind: ESPCryptoEngine.Kind, countMax: Int) -> ESPCryptoEngine {
    if let engine = ESPCryptoEngine(kind, countMax: countMax) { return engine }
    if let engine = ESPCryptoEngine(.openSSL, countMax: countMax) { return engine }
    preconditionFailure("the tests need libcrypto")
  }

  /// How often something was dropped so far.
  func count(_ drop: Drop) -> UInt64 { dataplane.drops[drop] }

  var dropTotal: UInt64 { dataplane.drops.total }

  func statistics(_ session: SessionID = Tunnel.session) -> SessionStatistics {
    dataplane.statistics(of: session) ?? SessionStatistics()
  }

  func lastAuthenticated() -> Instant? { dataplane.lastAuthenticated(Tunnel.carrier) }

  /// A packet and what becomes of it.
  struct Outcome: Equatable {
    var bytes: [UInt8]
    var verdict: PacketVerdict
    var remote: SocketAddress
    var local: SocketAddress

    var isDropped: Bool { verdict == .done }
  }

  /// The control side's packets since the last call.
  mutating func takeControl() -> [Outcome] {
    defer { control.removeAll() }
    return (0..<control.count).map { outcome($0, of: control) }
  }

  private func outcome(_ index: Int, of batch: borrowing PacketBatch) -> Outcome {
    let slot = batch[index]
    return Outcome(
      bytes: batch.bytes(of: index), verdict: slot.verdict, remote: slot.remote, local: slot.local)
  }

  /// Feeds packets in one batch.
  mutating func receive(
    _ packets: [[UInt8]], from socket: OuterSocket, remote: SocketAddress = Self.clientAddress,
    local: SocketAddress = Self.gatewayAddress, at now: Instant = .zero
  ) -> [Outcome] {
    batch.removeAll()
    for packet in packets {
      let fits = batch.append(packet, remote: remote, local: local)
      #expect(fits)
    }
    dataplane.receive(&batch, from: socket, at: now)
    return (0..<batch.count).map { outcome($0, of: batch) }
  }

  mutating func receiveFromTUN(
    _ packets: [[UInt8]], at now: Instant = .zero
  ) -> [Outcome] {
    batch.removeAll()
    for packet in packets {
      let fits = batch.append(packet, remote: Self.clientAddress, local: Self.clientAddress)
      #expect(fits)
    }
    dataplane.receiveFromTUN(&batch, at: now)
    return (0..<batch.count).map { outcome($0, of: batch) }
  }

  /// All events but those of mere life.
  mutating func takeEvents() -> [DataplaneEvent] {
    var events: [DataplaneEvent] = []
    while let event = dataplane.nextEvent() {
      if case .carrierAlive = event { continue }
      events.append(event)
    }
    return events
  }

  mutating func takePunts() -> [Punt] {
    var punts: [Punt] = []
    while let punt = dataplane.nextPunt() { punts.append(punt) }
    return punts
  }
}

/// Keys from a number: the same number, the same keys.
func association(
  spi: UInt32, _ transform: ESPTransform, seed: UInt64, lifetime: ESPLifetime = .unlimited
) -> SAConfiguration {
  var random = SeededRandom(seed: seed)
  let keys = ESPKeys(
    encryption: Secret(random.bytes(transform.encryptionKeyBytes)),
    integrity: Secret(random.bytes(transform.integrityKeyBytes)))
  return SAConfiguration(spi: spi, transform: transform, keys: keys, lifetime: lifetime)
}

let gcm = ESPTransform(.aesGCM128) ?? ESPTransform.all[0]
let cbc = ESPTransform(.aesCBC128, .hmacSHA1) ?? ESPTransform.all[0]
