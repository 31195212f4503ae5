import Agent
import Dataplane
import Endpoint
import Gateway
import IKE
import Primitives

/// One gateway, its clients and the network between them, in virtual time and from one seed.
///
/// After every input the checkers look at the host that had it; the first broken promise ends the
/// run. Same seed and same script, same trace, byte for byte.
public struct World: ~Copyable {
  /// Steps without time moving on; more means that somebody's timer never gets done.
  private static let stepsAtOneInstantMax = 20_000
  /// How long nothing may have been lost before packets are guaranteed to arrive.
  private static let calm = Duration.seconds(20)
  /// Packets kept for whoever wants to send one again.
  private static let captureMax = 128

  public private(set) var now = Instant.zero
  public var network: VirtualNetwork
  public var random: SeededRandom
  public var gateway: VirtualHost<Gateway>
  public private(set) var clients: [Client] = []
  public private(set) var gatewayWatch: Watch
  public internal(set) var packets = PacketChecker()
  var pairs = PairChecker()
  public private(set) var trace = Trace()
  /// The newest packets that hosts sent, oldest first.
  public private(set) var capture: [VirtualPacket] = []
  /// What the gateway's configuration demands now.
  private(set) var cast: Cast
  let fault: TunnelFault?
  var intruder: Intruder
  var impostors: [Impostor] = []
  /// Counts of hosts that are no more, and of the script's own doings.
  private var tallyBefore = Tally()
  private var lifeNext = 0
  private var stepsHere = 0
  private var disturbedAt = Instant.zero - calm
  private var lostBefore = 0

  /// - Parameter fault: what is wrong on purpose.
  public init(
    _ cast: Cast, network: VirtualNetwork = VirtualNetwork(), seed: UInt64 = 1,
    fault: TunnelFault? = nil
  ) throws {
    self.cast = cast
    self.network = network
    self.fault = fault
    random = SeededRandom(seed: seed)
    gateway = try Self.withFault(fault, ofGateway: cast).gateway()
    gatewayWatch = Self.watchGateway(cast)
    intruder = Intruder(cast, onlyPretends: fault == .overlooksTampering)
  }

  private static func withFault(_ fault: TunnelFault?, ofGateway cast: Cast) -> Cast {
    var cast = cast
    fault?.spoil(gateway: &cast)
    return cast
  }

  private static func watchGateway(_ cast: Cast) -> Watch {
    Watch(
      .gateway, policy: cast.isakmpPolicy(peer: .any),
      algorithms: AlgorithmChecker(
        asResponder: cast.gatewayChoice, asInitiator: cast.clientChoice))
  }

  // Who takes part

  /// Adds a client that has not dialled yet; returns its index.
  public mutating func add(_ cast: Cast, mistake: Cast.Mistake? = nil) throws -> Int {
    clients.append(try makeClient(clients.count, cast, mistake))
    return clients.count - 1
  }

  /// Puts another host in the place of a client: a crash and a restart, nothing said to anybody.
  public mutating func replace(_ index: Int, _ cast: Cast, mistake: Cast.Mistake? = nil) throws {
    note("client \(index) restarts")
    packets.noteClosing(life: clients[index].life)
    pairs.forget(life: clients[index].life)
    tallyBefore += clients[index].watch.tally
    clients[index] = try makeClient(index, cast, mistake)
  }

  /// Puts another host in the place of the gateway, with the same configuration.
  public mutating func replaceGateway() throws {
    note("the gateway restarts")
    tallyBefore += gatewayWatch.tally
    gateway = try Self.withFault(fault, ofGateway: cast).gateway()
    gatewayWatch = Self.watchGateway(cast)
    packets.noteGatewayRestart()
    pairs.forget(life: 0)
    disturbedAt = now
  }

  /// The gateway takes a new configuration.
  public mutating func reload(_ cast: Cast) throws {
    note("the gateway reloads: \(cast.rules)")
    let configuration = try Self.withFault(fault, ofGateway: cast).gatewayConfiguration()
    self.cast = cast
    try actOnGateway { $0.reload(configuration, at: $1, using: &$2) }
  }

  private mutating func makeClient(
    _ index: Int, _ cast: Cast, _ mistake: Cast.Mistake?
  ) throws -> Client {
    lifeNext += 1
    try placeImpostor(before: index, cast, fault == .admitsAnybody ? nil : mistake)
    let welcome: AdmissionChecker.Welcome =
      switch mistake {
      case .secret, .identity, .gateway, .algorithms: .none
      case .name: cast.clientIdentity == nil ? .whole : .none
      case .password: .connectionOnly
      case .tunnelSecret: cast.tunnelSecret == nil ? .whole : .connectionOnly
      case nil: .whole
      }
    var played = cast
    fault?.spoil(client: &played)
    return Client(
      try played.client(index, mistake: fault == .admitsAnybody ? nil : mistake), life: lifeNext,
      user: Cast.user(index),
      watch: Watch(
        .client, policy: cast.isakmpPolicy(peer: .address(cast.gatewayAddress)),
        algorithms: AlgorithmChecker(
          asResponder: cast.clientChoice, asInitiator: cast.gatewayChoice),
        inactivityTimeout: cast.inactivityTimeout, welcome: welcome),
      rules: cast.clientRules)
  }

  /// A client dials.
  public mutating func dial(
    _ index: Int, _ cast: Cast, mistake: Cast.Mistake? = nil
  ) throws(BrokenPromise) {
    var played = cast
    fault?.spoil(client: &played)
    let request = played.request(index, mistake: fault == .admitsAnybody ? nil : mistake)
    try act(on: index) { $0.dial(request, at: $1, using: &$2) }
  }

  // Time

  /// When something happens next; `nil` when nothing ever will.
  public var nextEvent: Instant? {
    var next = earliest(network.nextArrival, gateway.nextTimeout)
    for client in clients { next = earliest(next, client.host.nextTimeout) }
    for impostor in impostors { next = earliest(next, impostor.host.nextTimeout) }
    return next
  }

  /// Lets everything happen that is due by `end`, and the clock be `end` afterwards.
  public mutating func run(until end: Instant) throws(BrokenPromise) {
    while let next = nextEvent, next <= end { try step(to: next) }
    now = max(now, end)
    try checkOverdue()
  }

  /// Lets time pass.
  public mutating func run(for duration: Duration) throws(BrokenPromise) {
    try run(until: now + duration)
  }

  private mutating func step(to instant: Instant) throws(BrokenPromise) {
    if instant > now {
      now = instant
      stepsHere = 0
      try checkOverdue()
    }
    stepsHere += 1
    try promise(
      stepsHere <= Self.stepsAtOneInstantMax, "progress", at: now, "time stands still")
    while let packet = network.nextPacket(at: now) {
      try deliver(packet)
      try settle()
    }
    if let due = gateway.nextTimeout, due <= now { gateway.handleTimeout(at: now, using: &random) }
    for client in clients {
      guard let due = client.host.nextTimeout, due <= now else { continue }
      client.host.handleTimeout(at: now, using: &random)
    }
    handleImpostorTimeouts()
    try settle()
  }

  private func checkOverdue() throws(BrokenPromise) {
    try packets.checkOverdue(at: now)
    try gatewayWatch.checkOverdue(at: now)
    for client in clients { try client.watch.checkOverdue(at: now) }
  }

  // What people and scripts do

  /// Uses the gateway from outside.
  @discardableResult
  public mutating func actOnGateway<Result>(
    _ body: (inout Gateway, Instant, inout SeededRandom) -> Result
  ) throws(BrokenPromise) -> Result {
    let moment = now
    let result = gateway.act(at: moment, using: &random) { body(&$0, moment, &$1) }
    try settle()
    return result
  }

  /// Uses a client from outside.
  @discardableResult
  public mutating func act<Result>(
    on index: Int, _ body: (inout VPNAgent, Instant, inout SeededRandom) -> Result
  ) throws(BrokenPromise) -> Result {
    let moment = now
    let result = clients[index].host.act(at: moment, using: &random) { body(&$0, moment, &$1) }
    try settle()
    return result
  }

  /// A user behind a client sends a ping; `false` while the client has no address.
  ///
  /// - Parameter source: `nil` for the user's own address; any other is a lie that must not pass.
  @discardableResult
  public mutating func ping(
    _ index: Int, from source: IPv4Address? = nil
  ) throws(BrokenPromise) -> Bool {
    let client = clients[index]
    guard case .up(let facts) = client.host.owner.phase,
      let (session, address) = client.watch.routed
    else { return false }
    client.pingsSent += 1
    let isForbidden = source != nil && source != address
    let ping = Ping(
      from: source ?? address, to: facts.peerAddress, number: packets.makeNumber())
    packets.noteSent(
      ping, by: client.user, life: client.life, isForbidden: isForbidden,
      mustArrive: isCalm && !isForbidden, at: now)
    if fault == .passesSpoofed, isForbidden { _ = try packets.noteArrival(ping, at: now) }
    if client.host.sendInner(ping.bytes, at: now, using: &random) {
      try client.watch.notePacket(of: session, isInbound: false, at: now)
    }
    try settle()
    return true
  }

  /// Sends a packet that no host sends: a replay, a forgery. One that is stale disturbs nobody.
  public mutating func inject(_ packet: VirtualPacket) {
    network.send(packet, at: now, using: &random)
    if !packet.isStale { noteDisturbance() }
  }

  /// What is under way or comes soon may be lost: the script has changed the network.
  public mutating func noteDisturbance() {
    disturbedAt = now
    packets.noteDisturbance()
  }

  /// A line of the script in the trace.
  public mutating func note(_ text: String) { trace.note(now, text) }

  /// The last ESP packet that was sent to `destination`.
  public func lastESP(to destination: IPAddress) -> VirtualPacket? {
    capture.last { packet in
      if case .esp = packet.payload { packet.destination.address == destination } else { false }
    }
  }

  // What became of it

  /// What happened so far, on all hosts.
  public var tally: Tally {
    var tally = tallyBefore
    tally += gatewayWatch.tally
    for client in clients { tally += client.watch.tally }
    let retransmissions = clients.reduce(gatewayWatch.backoff.retransmissions) {
      $0 + $1.watch.backoff.retransmissions
    }
    tally.count("ISAKMP retransmissions", times: retransmissions)
    tally.count("datagrams sent", times: network.sent)
    tally.count("datagrams lost or spoilt", times: network.lost)
    tally.count("users' packets guaranteed to arrive", times: packets.guaranteed)
    tally.count("virtual seconds", times: Int((now - .zero).wholeSeconds))
    return tally
  }

  public mutating func count(_ what: String) { tallyBefore.count(what) }

  private var isCalm: Bool {
    !network.isCut && network.conditions.isCalm && now - disturbedAt >= Self.calm
  }

  private mutating func deliver(_ packet: VirtualPacket) throws(BrokenPromise) {
    if packet.destination.address == gateway.address {
      guard !isTakenByImpostor(packet) else { return }
      let packet = passOn(packet, isToGateway: true)
      if !packet.isStale { gatewayWatch.deadPeer.noteArrival(from: packet.source, at: now) }
      gateway.receive(packet, at: now, using: &random)
      intruder.noteArrival(packet)
      return
    }
    for client in clients where client.host.address == packet.destination.address {
      if !packet.isStale { client.watch.deadPeer.noteArrival(from: packet.source, at: now) }
      client.host.receive(packet, at: now, using: &random)
      return
    }
    if packet.destination.address == intruder.address { try answerAsIntruder(packet) }
  }

  /// Moves what the hosts have to say to the network, to the users and to the checkers.
  private mutating func settle() throws(BrokenPromise) {
    if gateway.isTouched { try settleGateway() }
    for index in clients.indices where clients[index].host.isTouched {
      try settleClient(index)
    }
    if network.lost != lostBefore {
      lostBefore = network.lost
      noteDisturbance()
    }
  }

  private mutating func settleGateway() throws(BrokenPromise) {
    gateway.isTouched = false
    // Behind the gateway every ping is answered.
    for inner in spoilt(gateway.takeDelivered()) {
      guard let ping = Ping(parsing: inner) else { continue }
      let session = try packets.noteArrival(ping, at: now)
      try gatewayWatch.notePacket(of: session, isInbound: true, at: now)
      if gateway.sendInner(ping.reply.bytes, at: now, using: &random) {
        try gatewayWatch.notePacket(of: session, isInbound: false, at: now)
      }
    }
    gateway.isTouched = false
    for (packet, isByTimer) in gateway.takePackets() {
      try gatewayWatch.backoff.note(packet, isByTimer: isByTimer, at: now)
      try checkSent(packet)
      transmit(passOn(packet, isToGateway: false), as: packet)
    }
    var sight = gateway.sight
    var events = gateway.takeEvents()
    fault?.spoil(&events)
    fault?.spoil(
      &sight, arrivedFromElsewhere: intruder.hasReplayed ? intruder.address : nil, at: now)
    for event in events {
      trace.note(now, "gateway \(event.summary)")
      switch event {
      case .sessionUp(let id, let facts):
        let user = sight.sessions.first { $0.id == id }?.user ?? ""
        if cast.isIPv6 { count("session up over IPv6") }
        try packets.noteUp(id, of: user, facts.peerAddress, at: now)
      case .sessionClosed(let id, _, _): packets.noteDown(id)
      default: break
      }
    }
    try gatewayWatch.observe(sight, events, rules: cast.rules, at: now)
    try notePairs(events, of: 0, isJustified: hasEndedByISAKMPDelete(events))
    try checkGateway(sight, events)
  }

  private mutating func settleClient(_ index: Int) throws(BrokenPromise) {
    let client = clients[index]
    client.host.isTouched = false
    for (packet, isByTimer) in client.host.takePackets() {
      try client.watch.backoff.note(packet, isByTimer: isByTimer, at: now)
      transmit(packet, as: packet)
    }
    for inner in client.host.takeDelivered() {
      guard let ping = Ping(parsing: inner) else { continue }
      try packets.noteArrival(ping, atClientOf: client.life, at: now)
      guard let session = client.watch.session(at: ping.destination) else {
        throw BrokenPromise("packets", at: now, "client \(index) takes what is not its own")
      }
      try client.watch.notePacket(of: session, isInbound: true, at: now)
      client.pingsAnswered.insert(ping.number)
    }
    let events = client.host.takeEvents()
    for event in events { trace.note(now, "client \(index) \(event.summary)") }
    let sight = client.host.sight
    // From its first word of the end on, a client owes nobody anything.
    let isClosing = sight.sessions.contains { $0.end != nil || $0.link.closeReason != nil }
    if isClosing { packets.noteClosing(life: client.life) }
    try client.watch.observe(sight, events, rules: client.rules, at: now)
    try notePairs(
      events, of: client.life, isJustified: hasEndedByISAKMPDelete(events, of: client))
    client.isakmpSAs = Set(sight.isakmpSAs.map(\.cookies))
    try checkClient(index, sight, events)
    try dialAgain(index)
  }

  /// - Parameter original: what the host has sent, before anybody changed it.
  private mutating func transmit(_ packet: VirtualPacket, as original: VirtualPacket) {
    capture.append(original)
    if capture.count > 2 * Self.captureMax { capture.removeFirst(Self.captureMax) }
    if !isLost(packet) { network.send(packet, at: now, using: &random) }
  }
}
