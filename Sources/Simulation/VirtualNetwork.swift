import Primitives

/// What one packet carries across the virtual network.
public enum VirtualPayload: Sendable, Equatable {
  /// A UDP datagram.
  case udp([UInt8])
  /// An ESP packet in IP protocol 50; the ports of its addresses are zero.
  case esp([UInt8])

  /// As a bad cable does where no checksum tells.
  mutating func turnOneBit(using random: inout some RandomNumberGenerator) {
    func turned(_ bytes: [UInt8]) -> [UInt8] {
      guard !bytes.isEmpty else { return bytes }
      var turned = bytes
      turned[Int.random(in: 0..<bytes.count, using: &random)] ^=
        1
        << UInt8.random(
          in: 0..<8, using: &random)
      return turned
    }
    switch self {
    case .udp(let bytes): self = .udp(turned(bytes))
    case .esp(let bytes): self = .esp(turned(bytes))
    }
  }
}

/// One packet on the virtual network.
public struct VirtualPacket: Sendable, Equatable {
  public var source: SocketAddress
  public var destination: SocketAddress
  public var payload: VirtualPayload
  /// Made up, changed on the way or a copy of what has arrived before: it proves nothing of its
  /// sender, and nobody may act as if it did.
  public var isStale: Bool

  public init(
    source: SocketAddress, destination: SocketAddress, payload: VirtualPayload,
    isStale: Bool = false
  ) {
    self.source = source
    self.destination = destination
    self.payload = payload
    self.isStale = isStale
  }
}

/// What the network does to packets.
public struct NetworkConditions: Sendable, Equatable {
  /// Packets of a thousand that are lost, 0…1000.
  public var lossPerMille: Int
  /// Packets of a thousand that arrive twice, 0…1000.
  public var duplicatePerMille: Int
  /// Packets of a thousand in which one bit is turned over, 0…1000.
  public var corruptPerMille: Int
  /// Each packet takes a random time from this range; a wide range reorders.
  public var delay: ClosedRange<Duration>

  public init(
    lossPerMille: Int = 0, duplicatePerMille: Int = 0, corruptPerMille: Int = 0,
    delay: ClosedRange<Duration> = .milliseconds(10)...(.milliseconds(10))
  ) {
    self.lossPerMille = lossPerMille
    self.duplicatePerMille = duplicatePerMille
    self.corruptPerMille = corruptPerMille
    self.delay = delay
  }

  /// Nothing is lost or spoilt.
  public var isCalm: Bool { lossPerMille == 0 && corruptPerMille == 0 }
}

/// A network in virtual time: it loses, doubles, delays and reorders packets and translates
/// addresses, all from one seed.
public struct VirtualNetwork: Sendable {
  /// Packets under way at most; more are lost, as in a router whose queue is full.
  public static let packetsMax = 100_000

  public var conditions: NetworkConditions
  /// While `true` nothing arrives (a cut cable).
  public var isCut = false
  /// Counters: sent, lost or spoilt on purpose, delivered.
  public private(set) var sent = 0
  public private(set) var lost = 0
  public private(set) var delivered = 0
  private var nats: [IPAddress: VirtualNAT] = [:]
  private var queue = DeadlineQueue<UInt64>()
  private var underWay: [UInt64: VirtualPacket] = [:]
  private var numberNext: UInt64 = 0

  public init(conditions: NetworkConditions = NetworkConditions()) {
    self.conditions = conditions
  }

  /// Puts `hosts` behind a NAT with the outer address `outer`.
  public mutating func addNAT(outer: IPAddress, hiding hosts: Set<IPAddress>) {
    nats[outer] = VirtualNAT(outer: outer, inside: hosts)
  }

  /// Forgets the mappings of the NAT at `outer`: every flow gets a new port (a rebooted router).
  public mutating func rebind(outer: IPAddress) { nats[outer]?.forgetMappings() }

  /// Whose packets have this address outside: a host behind the NAT, or the address itself.
  public func hostAddress(behind outside: SocketAddress) -> IPAddress {
    nats[outside.address]?.host(at: outside.port)?.address ?? outside.address
  }

  /// Takes a packet that a host sends at `now`.
  public mutating func send(
    _ packet: VirtualPacket, at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    sent += 1
    guard !isCut, underWay.count < Self.packetsMax, !happens(conditions.lossPerMille, &random),
      var outside = translateOut(packet)
    else {
      lost += 1
      return
    }
    if happens(conditions.corruptPerMille, &random) {
      lost += 1
      outside.payload.turnOneBit(using: &random)
    }
    let copies = happens(conditions.duplicatePerMille, &random) ? 2 : 1
    for _ in 0..<copies {
      let shortest = conditions.delay.lowerBound.wholeNanoseconds
      let longest = conditions.delay.upperBound.wholeNanoseconds
      let delay = Int64.random(in: shortest...longest, using: &random)
      underWay[numberNext] = outside
      queue.set(now + .nanoseconds(delay), for: numberNext)
      numberNext += 1
    }
  }

  /// When the next packet arrives.
  public var nextArrival: Instant? { queue.next }

  /// Takes one packet that has arrived by `now`, its destination translated back.
  public mutating func nextPacket(at now: Instant) -> VirtualPacket? {
    while let number = queue.popDue(at: now) {
      guard let packet = underWay.removeValue(forKey: number), !isCut,
        let inside = translateIn(packet)
      else {
        lost += 1
        continue
      }
      delivered += 1
      return inside
    }
    return nil
  }

  private func happens(
    _ perMille: Int, _ random: inout some RandomNumberGenerator
  ) -> Bool {
    perMille > 0 && Int.random(in: 0..<1000, using: &random) < perMille
  }

  private mutating func translateOut(_ packet: VirtualPacket) -> VirtualPacket? {
    for outer in nats.keys.sorted(by: { $0.description < $1.description }) {
      guard nats[outer]?.inside.contains(packet.source.address) == true else { continue }
      return nats[outer]?.translateOut(packet)
    }
    return packet
  }

  private func translateIn(_ packet: VirtualPacket) -> VirtualPacket? {
    guard let nat = nats[packet.destination.address] else { return packet }
    return nat.translateIn(packet)
  }
}
