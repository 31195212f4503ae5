import Agent
import Cryptography
import Dataplane
import Endpoint
import Gateway
import IKE
import IPPacket
import L2TP
import PPP
import Primitives

/// A gateway and agents on one wire without delay or loss, in virtual time.
final class Wire {
  static let gatewayAddress = IPAddress.v4(IPv4Address(203, 0, 113, 1))
  private static let roundsMax = 1_000

  /// One agent with its address.
  final class End {
    var agent: VPNAgent
    let address: IPAddress
    /// Reasons of the sessions, tunnels and connections that ended, in order.
    var ends: [CloseReason] = []

    init(_ agent: consuming VPNAgent, _ address: IPAddress) {
      self.agent = agent
      self.address = address
    }

    /// Why it is over; `nil` while it is not.
    var cause: CloseReason? {
      if case .over(let cause) = agent.phase { return cause.reason }
      return nil
    }

    var network: NetworkFacts? {
      if case .up(let facts) = agent.phase { return facts }
      return nil
    }
  }

  var gateway: Gateway
  var ends: [End] = []
  var now = Instant.zero
  var random = SeededRandom(seed: 1)
  var gatewayEvents: [EndpointEvent] = []
  /// Nothing arrives any more.
  var isCut = false
  /// When the agents sent ISAKMP that did not arrive.
  var lostISAKMP: [Instant] = []

  /// - Parameter tablesMax: sessions and carriers of the gateway's packet path.
  init(_ configuration: GatewayConfiguration, tablesMax: Int = 16) throws {
    gateway = Gateway(
      configuration,
      host: try Self.host(
        configuration.isakmp, destinations: configuration.destinations, tablesMax: tablesMax))
  }

  /// A new agent dials.
  func dial(
    _ request: DialRequest, isakmp: ISAKMPConfiguration, from address: IPv4Address
  ) throws -> End {
    let end = End(VPNAgent(host: try Self.host(isakmp, destinations: [])), .v4(address))
    ends.append(end)
    end.agent.dial(request, at: now, using: &random)
    settle()
    return end
  }

  func close(_ end: End, _ reason: CloseReason) {
    end.agent.close(reason, at: now, using: &random)
    settle()
  }

  func run(for duration: Duration) {
    let until = now + duration
    while true {
      var next = gateway.host.nextTimeout
      for end in ends { next = earliest(next, end.agent.host.nextTimeout) }
      guard let next, next <= until else { break }
      now = max(now, next)
      gateway.host.handleTimeout(at: now, using: &random)
      for end in ends { end.agent.host.handleTimeout(at: now, using: &random) }
      settle()
    }
    now = until
  }

  /// Carries everything across until everybody is quiet.
  func settle() {
    for _ in 0..<Self.roundsMax where !settleOnce() { return }
    preconditionFailure("gateway and agents never come to rest")
  }

  private func settleOnce() -> Bool {
    var didSomething = false
    gateway.answer(at: now, using: &random)
    while let output = gateway.nextOutput() {
      didSomething = true
      switch output {
      case .compute(let job):
        gateway.host.endpoint.complete(job.run(), at: now, using: &random)
        gateway.host.settle(at: now, using: &random)
      case .event(let event): gatewayEvents.append(event)
      }
    }
    for packet in Self.takePackets(from: &gateway.host) {
      didSomething = true
      let end = ends.last { $0.address == packet.remote.address }
      guard let end, !isCut else { continue }
      packet.deliver(to: &end.agent.host, from: Self.gatewayAddress, at: now, using: &random)
    }
    for end in ends where settleOnce(end) { didSomething = true }
    return didSomething
  }

  private func settleOnce(_ end: End) -> Bool {
    var didSomething = false
    end.agent.answer(at: now, using: &random)
    while let output = end.agent.nextOutput() {
      didSomething = true
      switch output {
      case .compute(let job):
        end.agent.host.endpoint.complete(job.run(), at: now, using: &random)
        end.agent.host.settle(at: now, using: &random)
      case .event(.sessionClosed(_, let reason, _)), .event(.tunnelClosed(_, let reason, _)),
        .event(.connectionDown(_, let reason, _)):
        end.ends.append(reason)
      case .event: break
      }
    }
    for packet in Self.takePackets(from: &end.agent.host) {
      didSomething = true
      if isCut, packet.isISAKMP { lostISAKMP.append(now) }
      guard !isCut else { continue }
      packet.deliver(to: &gateway.host, from: end.address, at: now, using: &random)
    }
    return didSomething
  }

  private struct Packet {
    var bytes: [UInt8]
    var socket: OuterSocket
    var remote: SocketAddress

    var isISAKMP: Bool { if case .udp500 = socket { true } else { false } }

    /// The sender's port is the socket's; ESP has none.
    func deliver(
      to host: inout Host, from source: IPAddress, at now: Instant,
      using random: inout SeededRandom
    ) {
      let port: UInt16 =
        switch socket {
        case .udp500: 500
        case .udp4500: 4500
        case .udp1701: 1701
        case .rawESP: 0
        }
      var batch = PacketBatch(countMax: 1)
      guard batch.append(bytes, remote: SocketAddress(source, port: port), local: remote) else {
        return
      }
      host.receive(&batch, from: socket, at: now, using: &random)
    }
  }

  private static func takePackets(from host: inout Host) -> [Packet] {
    var packets: [Packet] = []
    for index in 0..<host.control.count {
      let slot = host.control[index]
      guard case .send(let socket) = slot.verdict else { continue }
      packets.append(
        Packet(bytes: host.control.bytes(of: index), socket: socket, remote: slot.remote))
    }
    host.control.removeAll()
    return packets
  }

  private static func host(
    _ isakmp: ISAKMPConfiguration, destinations: [DestinationProfile], tablesMax: Int = 16
  ) throws -> Host {
    var limits = DataplaneLimits()
    limits.batchPacketsMax = 16
    limits.carriersMax = tablesMax
    limits.sessionsMax = tablesMax
    limits.inboundSAsMax = 64
    limits.routesMax = 32
    limits.pairsMax = 16
    guard let engine = ESPCryptoEngine(.openSSL, countMax: limits.batchPacketsMax) else {
      throw NoCryptography()
    }
    return Host(
      endpoint: Endpoint(isakmp: isakmp, destinations: destinations),
      dataplane: Dataplane(limits: limits, engine: engine))
  }
}

/// The tests' library has no ciphers.
struct NoCryptography: Error {}
