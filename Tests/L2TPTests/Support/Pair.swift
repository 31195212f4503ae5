import L2TP
import Primitives

/// Two tunnels and the network between them in virtual time.
struct Pair: ~Copyable {
  /// What the network does to messages, each chance in percent.
  struct Faults {
    var lossPercent = 0
    var duplicationPercent = 0
    var reorderingPercent = 0
  }

  private struct Datagram {
    var due: Instant
    var order: Int
    var toLNS: Bool
    var bytes: [UInt8]
  }

  static let delay: Duration = .milliseconds(10)

  var now: Instant = .zero
  var random: SeededRandom
  var lac: Tunnel
  var lns: Tunnel
  var lacEvents: [TunnelEvent] = []
  var lnsEvents: [TunnelEvent] = []
  /// Every message sent: when, by whom, what.
  var sent: [(at: Instant, byLAC: Bool, message: ControlMessage)] = []
  var faults = Faults()
  /// Nothing arrives while it is set.
  var isCut = false
  private var wire: [Datagram] = []
  private var order = 0

  init(
    lac: TunnelConfiguration = TunnelConfiguration(hostName: "lac.example"),
    lns: TunnelConfiguration = TunnelConfiguration(hostName: "lns.example"),
    seed: UInt64 = 1, faults: Faults = Faults()
  ) {
    random = SeededRandom(seed: seed)
    self.faults = faults
    self.lac = Tunnel(opening: lac, localID: 0x1111, at: .zero, using: &random)
    self.lns = Tunnel(accepting: lns, localID: 0x2222, at: .zero)
    drain()
  }

  /// Takes all outputs of both ends.
  mutating func drain() {
    while let bytes = lac.nextTransmit() { send(bytes, byLAC: true) }
    while let bytes = lns.nextTransmit() { send(bytes, byLAC: false) }
    while let event = lac.nextEvent() { lacEvents.append(event) }
    while let event = lns.nextEvent() { lnsEvents.append(event) }
  }

  private mutating func send(_ bytes: [UInt8], byLAC: Bool) {
    if let message = try? ControlMessage(parsing: bytes) { sent.append((now, byLAC, message)) }
    if isCut || chance(faults.lossPercent) { return }
    let copies = chance(faults.duplicationPercent) ? 2 : 1
    for _ in 0..<copies {
      let late: Duration =
        chance(faults.reorderingPercent)
        ? .milliseconds(Int.random(in: 1...1500, using: &random)) : .zero
      wire.append(
        Datagram(due: now + Self.delay + late, order: order, toLNS: byLAC, bytes: bytes))
      order += 1
    }
  }

  private mutating func chance(_ percent: Int) -> Bool {
    percent > 0 && Int.random(in: 0..<100, using: &random) < percent
  }

  /// The next thing to happen.
  private var next: Instant? {
    earliest(wire.map(\.due).min(), earliest(lac.nextTimeout, lns.nextTimeout))
  }

  /// Lets everything happen until `end`.
  mutating func run(until end: Instant) {
    var steps = 0
    while let next, next <= end {
      steps += 1
      precondition(steps < 100_000, "the pair never comes to rest")
      now = max(now, next)
      step()
    }
    now = max(now, end)
  }

  mutating func run(for duration: Duration) { run(until: now + duration) }

  private mutating func step() {
    let arrived = wire.filter { $0.due <= now }.sorted { ($0.due, $0.order) < ($1.due, $1.order) }
    wire.removeAll { $0.due <= now }
    for datagram in arrived {
      if datagram.toLNS {
        lns.receive(datagram.bytes, at: now, using: &random)
      } else {
        lac.receive(datagram.bytes, at: now, using: &random)
      }
      drain()
    }
    if let due = lac.nextTimeout, due <= now { lac.handleTimeout(at: now) }
    if let due = lns.nextTimeout, due <= now { lns.handleTimeout(at: now) }
    drain()
  }

  /// Types of the messages sent, ZLB as `nil`.
  func types(byLAC: Bool) -> [MessageType?] {
    sent.filter { $0.byLAC == byLAC }.map { $0.message.type }
  }

  /// Opens a session at the LAC.
  mutating func openSession(_ localID: UInt16) {
    try? lac.openSession(localID: localID, at: now, using: &random)
    drain()
  }
}

extension TunnelEvent {
  var isEstablished: Bool { if case .established = self { true } else { false } }
  var isClosed: Bool { if case .closed = self { true } else { false } }
  var closeReason: CloseReason? { if case .closed(let reason, _) = self { reason } else { nil } }
  var closeDetail: CloseDetail? { if case .closed(_, let detail) = self { detail } else { nil } }
  var sessionEnd: (UInt16, CloseReason, CloseDetail)? {
    if case .sessionClosed(let id, let reason, let detail) = self {
      (id, reason, detail)
    } else {
      nil
    }
  }
  var sessionUp: (UInt16, UInt16, SessionFacts)? {
    if case .sessionEstablished(let local, let remote, let facts) = self {
      (local, remote, facts)
    } else {
      nil
    }
  }
  var refusal: ResultCode? { if case .sessionRefused(_, let result) = self { result } else { nil } }
}
