import ConnectionService
import Primitives

/// CS-13 to CS-15: what a device writes of itself is complete, and true.
public struct HistoryChecker: Sendable {
  private struct Beginning {
    let at: Instant
    let life: Int
  }

  private var sequence: UInt64 = 0
  private var tunnel: (id: TunnelID, beginning: Beginning)?
  private var open: [ConnectionID: Beginning] = [:]
  private var tunnels: Set<TunnelID> = []
  private var connections: Set<ConnectionID> = []
  /// Tunnels with an `unexpectedClose`.
  public private(set) var lost: Set<TunnelID> = []

  public init() {}

  public var openTunnel: TunnelID? { tunnel?.id }

  /// - Parameters:
  ///   - tunnelIsUp: whether the tunnel that was dialled last is up in truth.
  ///   - life: of the process that writes.
  public mutating func note(
    _ line: HistoryEvent, tunnelIsUp: Bool, life: Int, at now: Instant
  ) throws(BrokenPromise) {
    try promise(
      line.sequence == sequence + 1, "CS-15", at: now, "\(line.sequence) follows \(sequence)")
    sequence = line.sequence
    switch line.kind {
    case .agentStarted, .establishmentFailed, .connectRefused: break
    case .tunnelEstablished: try begin(line, Beginning(at: now, life: life), tunnelIsUp)
    case .connectionOpened: try open(line, Beginning(at: now, life: life))
    case .connectionClosed: try close(line, life: life, at: now)
    case .tunnelClosed:
      try promise(tunnelIsUp, "CS-13", at: now, "a lost tunnel is called closed in order")
      try end(line, life: life, at: now)
    case .unexpectedClose:
      try promise(!tunnelIsUp, "CS-13", at: now, "a tunnel that is up is called lost")
      try end(line, life: life, at: now)
      if let id = line.tunnel { lost.insert(id) }
    }
  }

  private mutating func begin(
    _ line: HistoryEvent, _ beginning: Beginning, _ tunnelIsUp: Bool
  ) throws(BrokenPromise) {
    guard let id = line.tunnel, tunnel == nil, tunnelIsUp, tunnels.insert(id).inserted else {
      throw BrokenPromise("CS-3", at: beginning.at, "a second tunnel, or one that is not there")
    }
    tunnel = (id, beginning)
  }

  private mutating func open(
    _ line: HistoryEvent, _ beginning: Beginning
  ) throws(BrokenPromise) {
    guard let id = line.connection, let tunnel, line.tunnel == tunnel.id,
      connections.insert(id).inserted
    else {
      throw BrokenPromise("CS-3", at: beginning.at, "a connection without a tunnel, or again")
    }
    open[id] = beginning
    try promise(open.count <= 10, "CS-3", at: beginning.at, "\(open.count) connections")
  }

  private mutating func close(
    _ line: HistoryEvent, life: Int, at now: Instant
  ) throws(BrokenPromise) {
    guard let id = line.connection, let beginning = open.removeValue(forKey: id),
      line.reason != nil
    else {
      throw BrokenPromise("one reason", at: now, "\(line.summary) ends what is not open")
    }
    try checkLasting(line, since: beginning, life: life, at: now)
  }

  private mutating func end(
    _ line: HistoryEvent, life: Int, at now: Instant
  ) throws(BrokenPromise) {
    guard let tunnel, line.tunnel == tunnel.id, open.isEmpty, line.reason != nil else {
      throw BrokenPromise("CS-13", at: now, "\(line.summary) ends what is not open, or too early")
    }
    self.tunnel = nil
    try checkLasting(line, since: tunnel.beginning, life: life, at: now)
  }

  /// Durations go by the steady clock, whatever the wall clock does.
  private func checkLasting(
    _ line: HistoryEvent, since beginning: Beginning, life: Int, at now: Instant
  ) throws(BrokenPromise) {
    guard beginning.life == life, let seconds = line.lastedSeconds else { return }
    let lasted = (now - beginning.at).wholeSeconds
    try promise(
      seconds == lasted, "clock", at: now, "\(line.summary) says \(seconds) s for \(lasted) s")
  }
}
