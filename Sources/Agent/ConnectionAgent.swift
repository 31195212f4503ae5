import ConnectionService
import Primitives

/// The ledger of one device: at most one tunnel, at most ten connections on it, and a history of
/// both (CS-1 to CS-8, CS-13, CS-14).
///
/// ```
///          connect                    VPN agent: up
///   down ───────────► establishing ──────────────────► up
///    ▲                  │   │                          │ │
///    │  VPN agent: over │   │ given up, nobody waits   │ │ last close, closeAll
///    ├──────────────────┘   └───────► closing ◄────────┼─┘
///    │         VPN agent: over           │             │
///    ├───────────────────────────────────┘             │ VPN agent: over, down
///    └─────────────────────────────────────────────────┘ one unexpectedClose
/// ```
///
/// Nothing but a connect leaves `down`: a tunnel that was up never comes back by itself (CS-5).
/// Timers go by `Instant` alone; the wall clock is for the history.
public struct ConnectionAgent: ~Copyable {
  /// Connections on the tunnel, those that wait for it included (CS-3).
  public static let connectionsMax = 10
  /// How long an establishment may take: shorter than the broker waits, so that it hears why.
  public static let establishmentMax = Duration.seconds(50)
  /// How often the VPN agent is to be observed.
  public static let supervisionInterval = Duration.seconds(5)
  /// Answers that a command which is sent again is answered with.
  public static let answersMax = 256
  /// Connection ids that are known to be used up.
  public static let closedConnectionsMax = 1024
  /// After so long a tunnel that does not end is told again.
  static let closingRepeat = Duration.seconds(10)

  enum Phase: Hashable, Sendable {
    case down
    case establishing(Establishment)
    case up(OpenTunnel)
    case closing(ClosingTunnel)
  }

  struct Establishment: Hashable, Sendable {
    let tunnel: TunnelID
    let inactivity: InactivityTimeout
    let until: Instant
    /// The connect that the tunnel is dialled for with credentials of its own; `nil` when they are
    /// the device's.
    let credentialsOf: ConnectionID?
    /// In the order in which they came; at least one.
    var waiting: [WaitingConnect]
  }

  struct OpenTunnel: Hashable, Sendable {
    let id: TunnelID
    let inactivity: InactivityTimeout
    let upTime: Timestamp
    let upAt: Instant
    var reading: TunnelReading
    /// In the order in which they came; at least one.
    var connections: [LiveConnection] = []
  }

  struct ClosingTunnel: Hashable, Sendable {
    let reason: CloseReason
    var repeatAt: Instant
  }

  /// The attachment whose commands are obeyed; `nil` while there is none.
  public private(set) var epoch: UInt64?
  /// Which history this is, and what the broker has of it.
  public private(set) var historyMark: HistoryMark
  /// The last sequence that was given out.
  public private(set) var historySequence: UInt64
  var phase = Phase.down
  var closed = RecentTable<ConnectionID, CloseReason>(countMax: closedConnectionsMax)
  private var answers = RecentTable<UInt64, DeviceAnswer>(countMax: answersMax)
  private var outputs = Outbox<ConnectionAgentOutput>()

  /// The agent of a process that starts; writes what became of the one before (CS-14).
  ///
  /// - Parameter remainder: what the history shows as open, and what the broker has of it.
  public init(after remainder: Remainder, time: Timestamp) {
    historySequence = remainder.historySequence
    historyMark = remainder.historyMark
    for id in remainder.closedConnections { closed.set(.internalError, for: id) }
    record(.agentStarted, time: time)
    for connection in remainder.openConnections {
      closed.set(.internalError, for: connection.id)
      record(.connectionClosed, time: time) {
        $0.tunnel = remainder.openTunnel
        $0.connection = connection.id
        $0.organisation = connection.organisation
        $0.user = connection.user
        $0.reason = .internalError
      }
    }
    guard let tunnel = remainder.openTunnel else { return }
    record(.unexpectedClose, time: time) {
      $0.tunnel = tunnel
      $0.reason = .internalError
    }
  }

  // Inputs

  /// The broker's stream stands; commands of this epoch are obeyed from now on (CS-21).
  public mutating func attached(epoch: UInt64) {
    self.epoch = epoch
    outputs.append(.stateChanged)
  }

  /// The broker's stream is gone; that closes nothing (CS-20).
  public mutating func detached() { epoch = nil }

  /// The broker has answered this report: it has stored its history up to `sequence`.
  public mutating func historyAcknowledged(
    through sequence: UInt64, of report: DeviceReport,
    using random: inout some RandomNumberGenerator
  ) {
    guard report.historyID == historyMark.id else { return }
    historyMark.advance(
      through: sequence,
      reported: max(report.history.last?.sequence ?? 0, historyMark.acknowledged), using: &random)
  }

  /// History up to here is stored by the broker.
  public var historyAcknowledged: UInt64 { historyMark.acknowledged }

  // Outputs

  /// Takes the next thing to do; call until it returns `nil`, after every input.
  public mutating func nextOutput() -> ConnectionAgentOutput? { outputs.popFirst() }

  /// When `handleTimeout` wants to be called next.
  public var nextTimeout: Instant? {
    switch phase {
    case .down, .up: nil
    case .establishing(let establishment): establishment.until
    case .closing(let closing): closing.repeatAt
    }
  }

  /// What the broker is told; the times in it are those of the last observation.
  public var state: DeviceState {
    switch phase {
    case .down: DeviceState(phase: .down)
    case .establishing: DeviceState(phase: .establishing)
    case .up(let tunnel):
      DeviceState(
        phase: .up, tunnel: tunnel.state, connections: tunnel.connections.map(\.id).sorted())
    case .closing: DeviceState(phase: .closing)
    }
  }

  /// The connections that stand, in the order in which they came.
  public var connections: [LiveConnection] {
    if case .up(let tunnel) = phase { tunnel.connections } else { [] }
  }

  /// Connects that wait for the tunnel.
  public var waitingCount: Int {
    if case .establishing(let establishment) = phase { establishment.waiting.count } else { 0 }
  }

  // Inside

  mutating func append(_ output: ConnectionAgentOutput) { outputs.append(output) }

  /// Answers a command, and remembers how.
  mutating func answer(_ command: UInt64, _ outcome: DeviceAnswer.Outcome) {
    let answer = DeviceAnswer(command: command, outcome: outcome)
    answers.set(answer, for: command)
    outputs.append(.answer(answer))
  }

  func formerAnswer(to command: UInt64) -> DeviceAnswer? { answers[command] }

  mutating func record(
    _ kind: HistoryEvent.Kind, time: Timestamp, _ fill: (inout HistoryEvent) -> Void = { _ in }
  ) {
    historySequence &+= 1
    var event = HistoryEvent(sequence: historySequence, time: time, kind: kind)
    fill(&event)
    outputs.append(.record(event))
  }
}

extension ConnectionAgent.OpenTunnel {
  var state: TunnelState {
    TunnelState(
      id: id, vpnAddress: reading.vpnAddress, upSince: upTime,
      inactivitySeconds: inactivity.seconds,
      inactivityLeftSeconds: reading.inactivityLeft.wholeSeconds,
      receivedBytes: reading.receivedBytes, sentBytes: reading.sentBytes)
  }

  func facts(of connection: ConnectionID) -> ConnectedFacts {
    ConnectedFacts(
      connection: connection, tunnel: id, vpnAddress: reading.vpnAddress, inactivity: inactivity)
  }
}
