import Primitives

@testable import L2TP

/// One tunnel under test and a scripted peer that keeps the sequence numbers.
struct Bench: ~Copyable {
  static let localID: UInt16 = 0x2222
  static let remoteID: UInt16 = 0x1111

  var tunnel: Tunnel
  var random = SeededRandom(seed: 7)
  var now: Instant = .zero
  /// The script's sequence numbers.
  var ns: UInt16 = 0
  var nr: UInt16 = 0
  /// What the tunnel sent.
  var sent: [ControlMessage] = []
  var events: [TunnelEvent] = []

  init(_ role: TunnelRole, _ configure: (inout TunnelConfiguration) -> Void = { _ in }) {
    var configuration = TunnelConfiguration(hostName: "ours.example")
    configure(&configuration)
    switch role {
    case .lns:
      tunnel = Tunnel(accepting: configuration, localID: Self.localID, at: .zero)
    case .lac:
      tunnel = Tunnel(
        opening: configuration, localID: Self.localID, at: .zero, using: &random)
    }
    drain()
  }

  /// A tunnel that has reached `phase`.
  static func at(
    _ phase: TunnelPhase, _ role: TunnelRole = .lns,
    _ configure: (inout TunnelConfiguration) -> Void = { _ in }
  ) -> Bench {
    var bench = Bench(role, configure)
    switch (role, phase) {
    case (.lns, .idle), (.lac, .waitCtlReply): break
    case (.lns, .waitCtlConn): bench.send(.sccrq)
    case (.lns, .established):
      bench.send(.sccrq)
      bench.send(.scccn)
    case (.lac, .established): bench.send(.sccrp)
    case (_, .stopped), (_, .over):
      bench = .at(.established, role, configure)
      bench.send(.stopCCN)
      if phase == .over {
        bench.now = bench.now + .seconds(47)
        bench.tunnel.handleTimeout(at: bench.now)
      }
    case (.lac, .idle), (.lac, .waitCtlConn), (.lns, .waitCtlReply):
      preconditionFailure("a \(role) never is in \(phase)")
    }
    bench.sent = []
    bench.events = []
    return bench
  }

  /// Sends a message in sequence; `nil` AVPs are those of a good message of its type.
  @discardableResult
  mutating func send(
    _ type: MessageType, to session: UInt16 = 0, tunnelID: UInt16? = nil, _ avps: [AVP]? = nil
  ) -> Violation? {
    let target = tunnelID ?? (type == .sccrq ? 0 : Self.localID)
    let bytes = Sample.message(
      type, tunnelID: target, sessionID: session, ns: ns, nr: nr, avps: avps)
    ns &+= 1
    return receive(bytes)
  }

  @discardableResult
  mutating func receive(_ bytes: [UInt8]) -> Violation? {
    let violation = tunnel.receive(bytes, at: now, using: &random)
    drain()
    return violation
  }

  /// Acknowledges everything that was sent.
  @discardableResult
  mutating func acknowledge() -> Violation? {
    receive(Sample.zlb(tunnelID: Self.localID, ns: ns, nr: nr))
  }

  mutating func drain() {
    while let bytes = tunnel.nextTransmit() {
      guard let message = try? ControlMessage(parsing: bytes) else { continue }
      sent.append(message)
      if !message.header.isZLB, message.header.ns == nr { nr &+= 1 }
    }
    while let event = tunnel.nextEvent() { events.append(event) }
  }

  /// Lets the tunnel's timers fire until `end`, nothing arriving.
  mutating func run(until end: Instant) {
    while let due = tunnel.nextTimeout, due <= end {
      now = max(now, due)
      tunnel.handleTimeout(at: now)
      drain()
    }
    now = end
  }

  var sentTypes: [MessageType?] { sent.map(\.type) }

  /// The Result Code of the last message that carries one.
  var lastResult: ResultCode? {
    sent.last { $0.type == .stopCCN || $0.type == .cdn }?.avps
      .first { $0.type == .resultCode }
      .flatMap { ResultCode(parsing: $0.value) }
  }

  /// The id of the only session.
  var sessionID: UInt16 { tunnel.snapshot.sessions.first?.localID ?? 0 }
}
