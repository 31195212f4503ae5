import Agent
import Dataplane
import Endpoint
import Gateway
import IKE
import Primitives

/// One gateway, its clients and the network between them, in virtual time and from one seed.
///
/// After every step the checkers look at what happened; the first broken promise ends the run.
/// Same seed and same script, same trace, byte for byte.
public struct World: ~Copyable {
  /// Steps without time moving on; more means that somebody's timer never gets done.
  private static let stepsAtOneInstantMax = 20_000

  public private(set) var now = Instant.zero
  public var network: VirtualNetwork
  public var random: SeededRandom
  public var gateway: VirtualHost<Gateway>
  public private(set) var clients: [Client] = []
  public private(set) var gatewayLedger: Ledger
  public private(set) var trace = Trace()
  private var lastESPPackets: [IPAddress: VirtualPacket] = [:]
  private var stepsHere = 0
  private var sessionTunnels: [SessionID: TunnelNumber] = [:]
  private var tunnelConnections: [ConnectionID: Set<TunnelNumber>] = [:]

  public init(
    gateway: consuming VirtualHost<Gateway>, rules: TunnelRules, network: VirtualNetwork,
    seed: UInt64
  ) {
    self.gateway = gateway
    self.network = network
    random = SeededRandom(seed: seed)
    gatewayLedger = Ledger(rules: rules)
  }

  /// Adds a client; returns its index.
  public mutating func add(_ host: consuming VirtualHost<VPNAgent>) -> Int {
    clients.append(Client(host))
    return clients.count - 1
  }

  /// Puts another host in the place of a client: a crash and a restart, nothing said to anybody.
  public mutating func replace(_ index: Int, with host: consuming VirtualHost<VPNAgent>) {
    clients[index] = Client(host)
    trace.note(now, "client \(index) restarted")
  }

  /// When something happens next; `nil` when nothing ever will.
  public var nextEvent: Instant? {
    var next = earliest(network.nextArrival, gateway.nextTimeout)
    for client in clients { next = earliest(next, client.host.nextTimeout) }
    return next
  }

  /// Lets everything happen that is due by `end`, and the clock be `end` afterwards.
  public mutating func run(until end: Instant) throws(BrokenPromise) {
    while let next = nextEvent, next <= end { try step(to: next) }
    now = max(now, end)
  }

  /// Lets time pass.
  public mutating func run(for duration: Duration) throws(BrokenPromise) {
    try run(until: now + duration)
  }

  private mutating func step(to instant: Instant) throws(BrokenPromise) {
    if instant > now {
      now = instant
      stepsHere = 0
    }
    stepsHere += 1
    guard stepsHere <= Self.stepsAtOneInstantMax else {
      throw BrokenPromise(rule: "progress", at: now, detail: "time stands still")
    }
    while let packet = network.nextPacket(at: now) { deliver(packet) }
    if let due = gateway.nextTimeout, due <= now { gateway.handleTimeout(at: now, using: &random) }
    for client in clients {
      guard let due = client.host.nextTimeout, due <= now else { continue }
      client.host.handleTimeout(at: now, using: &random)
    }
    try settle()
  }

  /// Uses the gateway from outside.
  public mutating func actOnGateway<Result>(
    _ body: (inout Gateway, Instant, inout SeededRandom) -> Result
  ) throws(BrokenPromise) -> Result {
    let moment = now
    var source = random
    let result = gateway.act(at: moment, using: &random) { body(&$0, moment, &source) }
    random = SeededRandom(seed: source.next())
    try settle()
    return result
  }

  /// Uses a client from outside.
  public mutating func act<Result>(
    on index: Int, _ body: (inout VPNAgent, Instant, inout SeededRandom) -> Result
  ) throws(BrokenPromise) -> Result {
    let moment = now
    var source = random
    let result = clients[index].host.act(at: moment, using: &random) { body(&$0, moment, &source) }
    random = SeededRandom(seed: source.next())
    try settle()
    return result
  }

  /// A user behind a client sends a ping; `false` while the client has no address.
  public mutating func ping(_ index: Int) throws(BrokenPromise) -> Bool {
    let client = clients[index]
    guard case .up(let facts) = client.host.owner.phase else { return false }
    client.pingsSent += 1
    let ping = Ping(
      from: facts.localAddress, to: facts.peerAddress, number: UInt32(client.pingsSent))
    client.host.sendInner(ping.bytes, at: now, using: &random)
    try settle()
    return true
  }

  /// Sends a packet that no host sends: a replay, a forgery.
  public mutating func inject(_ packet: VirtualPacket) {
    network.send(packet, at: now, using: &random)
  }

  /// The last ESP packet that was sent to `destination`.
  public func lastESP(to destination: IPAddress) -> VirtualPacket? { lastESPPackets[destination] }

  private mutating func transmit(_ packet: VirtualPacket) {
    if case .esp = packet.payload { lastESPPackets[packet.destination.address] = packet }
    network.send(packet, at: now, using: &random)
  }

  private mutating func deliver(_ packet: VirtualPacket) {
    if packet.destination.address == gateway.address {
      gateway.receive(packet, at: now, using: &random)
      return
    }
    for client in clients where client.host.address == packet.destination.address {
      client.host.receive(packet, at: now, using: &random)
      return
    }
  }

  /// Moves what the hosts have to say to the network, to the users and to the checkers.
  private mutating func settle() throws(BrokenPromise) {
    answerPings()
    for packet in gateway.takePackets() { transmit(packet) }
    try check(gateway.takeEvents())
    for (index, client) in clients.enumerated() {
      for packet in client.host.takePackets() { transmit(packet) }
      for inner in client.host.takeDelivered() {
        guard let ping = Ping(parsing: inner), ping.isReply else { continue }
        client.pingsAnswered.insert(ping.number)
      }
      for event in client.host.takeEvents() {
        trace.note(now, "client \(index) \(event.summary)")
        try client.note(event, at: now)
      }
    }
  }

  /// Behind the gateway every ping is answered.
  private mutating func answerPings() {
    for inner in gateway.takeDelivered() {
      guard let ping = Ping(parsing: inner), !ping.isReply else { continue }
      gateway.sendInner(ping.reply.bytes, at: now, using: &random)
    }
  }

  private mutating func check(_ events: [EndpointEvent]) throws(BrokenPromise) {
    guard !events.isEmpty else { return }
    for view in gateway.owner.host.endpoint.sessionViews { sessionTunnels[view.id] = view.tunnel }
    for event in events {
      trace.note(now, "gateway \(event.summary)")
      try gatewayLedger.note(event, at: now) { sessionTunnels[$0] }
      if case .tunnelUp(let number) = event { try checkSingleShot(number) }
    }
  }

  /// LT-6: one tunnel in the life of a single-shot IPsec connection, rekeying included.
  private mutating func checkSingleShot(_ number: TunnelNumber) throws(BrokenPromise) {
    guard gatewayLedger.rules.isSingleShot else { return }
    let views = gateway.owner.host.endpoint.tunnelViews
    guard let connection = views.first(where: { $0.number == number })?.connection else { return }
    tunnelConnections[connection, default: []].insert(number)
    if tunnelConnections[connection]?.count != 1 {
      throw BrokenPromise(
        rule: "LT-6", at: now, detail: "a second tunnel on \(connection)")
    }
  }
}

/// A client of the simulation with what it has seen.
public final class Client {
  public var host: VirtualHost<VPNAgent>
  public internal(set) var pingsSent = 0
  public internal(set) var pingsAnswered: Set<UInt32> = []
  private var isOver = false

  init(_ host: consuming VirtualHost<VPNAgent>) { self.host = host }

  /// CS-5: a tunnel that was cut never comes back by itself.
  func note(_ event: EndpointEvent, at now: Instant) throws(BrokenPromise) {
    switch event {
    case .sessionUp where isOver, .tunnelUp where isOver:
      throw BrokenPromise(rule: "CS-5", at: now, detail: "a tunnel came back by itself")
    case .tunnelClosed, .connectionDown: isOver = true
    default: break
    }
  }
}
