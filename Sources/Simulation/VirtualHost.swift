import Dataplane
import Endpoint
import IKE
import IPPacket
import Primitives

/// A host of the simulation: an owner with its engines, driven packet by packet in virtual time.
///
/// It is to the owner what the runtime is in production: it carries datagrams, timeouts and
/// finished key exchanges in and everything else out.
public struct VirtualHost<Owner: HostOwner & ~Copyable>: ~Copyable {
  /// How long a key exchange takes in virtual time.
  private static var computing: Duration { .milliseconds(3) }

  public var owner: Owner
  public let address: IPAddress
  /// IP packets that came out of the TUN device, oldest first; the world takes them.
  public private(set) var delivered: [[UInt8]] = []
  /// What happened, oldest first; the world takes it.
  public private(set) var events: [EndpointEvent] = []
  /// Datagrams on their way out, and whether time alone made them; the world takes them.
  public private(set) var packets: [(packet: VirtualPacket, isByTimer: Bool)] = []
  /// It had an input since the world last looked.
  public var isTouched = false
  private var batch = PacketBatch(countMax: 4)
  private var jobs: [(due: Instant, job: KeyExchangeJob)] = []

  public init(_ owner: consuming Owner, address: IPAddress) {
    self.owner = owner
    self.address = address
  }

  /// A packet arrived from the network.
  public mutating func receive(
    _ packet: VirtualPacket, at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    let socket: OuterSocket
    let bytes: [UInt8]
    switch packet.payload {
    case .esp(let payload): (socket, bytes) = (.rawESP, payload)
    case .udp(let payload):
      bytes = payload
      switch packet.destination.port {
      case 500: socket = .udp500
      case 4500: socket = .udp4500
      case 1701: socket = .udp1701
      default: return
      }
    }
    batch.removeAll()
    guard batch.append(bytes, remote: packet.source, local: packet.destination) else { return }
    owner.host.receive(&batch, from: socket, at: now, using: &random)
    collect(at: now, using: &random)
  }

  /// A user behind this host sends an IP packet into the tunnel; whether it went in.
  public mutating func sendInner(
    _ packet: [UInt8], at now: Instant, using random: inout some RandomNumberGenerator
  ) -> Bool {
    batch.removeAll()
    let here = SocketAddress(address, port: 0)
    guard batch.append(packet, remote: here, local: here) else { return false }
    owner.host.receiveFromTUN(&batch, at: now, using: &random)
    let hasPassed = batch[0].verdict != .done
    collect(at: now, using: &random)
    return hasPassed
  }

  /// Whatever is due by `now` happens.
  public mutating func handleTimeout(
    at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    while let first = jobs.first, first.due <= now {
      jobs.removeFirst()
      owner.host.endpoint.complete(first.job.run(), at: now, using: &random)
      owner.host.settle(at: now, using: &random)
    }
    owner.host.handleTimeout(at: now, using: &random)
    batch.removeAll()
    collect(at: now, isByTimer: true, using: &random)
  }

  /// When something is due next.
  public var nextTimeout: Instant? { earliest(owner.host.nextTimeout, jobs.first?.due) }

  /// Uses the owner from outside (dial, close) and collects what follows.
  public mutating func act<Result, Generator: RandomNumberGenerator>(
    at now: Instant, using random: inout Generator,
    _ body: (inout Owner, inout Generator) -> Result
  ) -> Result {
    batch.removeAll()
    let result = body(&owner, &random)
    owner.host.settle(at: now, using: &random)
    collect(at: now, using: &random)
    return result
  }

  public mutating func takeDelivered() -> [[UInt8]] {
    defer { delivered.removeAll() }
    return delivered
  }

  public mutating func takeEvents() -> [EndpointEvent] {
    defer { events.removeAll() }
    return events
  }

  public mutating func takePackets() -> [(packet: VirtualPacket, isByTimer: Bool)] {
    defer { packets.removeAll() }
    return packets
  }

  /// What the host shows of itself now.
  public var sight: Sight {
    let sessions = owner.host.endpoint.sessionViews
    var statistics: [SessionID: SessionStatistics] = [:]
    for view in sessions { statistics[view.id] = owner.host.dataplane.statistics(of: view.id) }
    let isakmpSAs = owner.host.endpoint.isakmpEngine.establishedISAKMPSAs
    return Sight(
      tunnels: owner.host.endpoint.tunnelViews, sessions: sessions,
      carriers: owner.host.endpoint.carrierViews,
      isakmpSAs: isakmpSAs,
      statistics: statistics)
  }

  /// What the host holds of anybody.
  public var residue: HostResidue {
    var residue = HostResidue(endpoint: owner.host.endpoint.residue)
    residue.exchanges = owner.host.endpoint.isakmpEngine.exchanges.count
    residue.halfOpen = owner.host.endpoint.isakmpEngine.halfOpenCount
    residue.isakmpSAs = owner.host.endpoint.isakmpEngine.establishedISAKMPSAs.count
    residue.connections = owner.host.endpoint.isakmpEngine.connectionViews.count
    residue.phase2SAs = owner.host.endpoint.isakmpEngine.phase2SAViews.count
    residue.jobs = jobs.count
    return residue
  }

  private mutating func collect(
    at now: Instant, isByTimer: Bool = false, using random: inout some RandomNumberGenerator
  ) {
    isTouched = true
    owner.answer(at: now, using: &random)
    while let output = owner.nextOutput() {
      switch output {
      case .compute(let job): jobs.append((now + Self.computing, job))
      case .event(let event): events.append(event)
      }
    }
    for index in 0..<batch.count { route(batch[index], batch.bytes(of: index), isByTimer) }
    for index in 0..<owner.host.control.count {
      route(
        owner.host.control[index], owner.host.control.bytes(of: index), isByTimer)
    }
    owner.host.control.removeAll()
    batch.removeAll()
  }

  private mutating func route(_ slot: PacketSlot, _ bytes: [UInt8], _ isByTimer: Bool) {
    switch slot.verdict {
    case .deliver: delivered.append(bytes)
    case .send(let socket):
      let port: UInt16 =
        switch socket {
        case .udp500: 500
        case .udp4500: 4500
        case .udp1701: 1701
        case .rawESP: 0
        }
      let destination =
        socket == .rawESP
        ? SocketAddress(slot.remote.address, port: 0) : slot.remote
      let packet = VirtualPacket(
        source: SocketAddress(address, port: port), destination: destination,
        payload: socket == .rawESP ? .esp(bytes) : .udp(bytes))
      packets.append((packet, isByTimer))
    case .undecided, .done: break
    }
  }
}
