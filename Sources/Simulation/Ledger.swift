import Dataplane
import Endpoint
import IKE
import Primitives

/// A promise that was broken, with the moment; a run with one has failed.
public struct BrokenPromise: Error, Sendable, Equatable, CustomStringConvertible {
  public var rule: String
  public var at: Instant
  public var detail: String

  public var description: String { "\(rule) broken at \(at.nanoseconds / 1_000_000) ms: \(detail)" }
}

/// Watches one host's events: everything that began ends exactly once, with exactly one reason, and
/// the tunnel rules hold to the tick.
public struct Ledger: Sendable {
  private struct TunnelLife: Sendable {
    var sessions: Set<SessionID> = []
    var sessionsEver = 0
    /// When it was last established or lost its last session.
    var idleSince: Instant?
  }

  /// The rules that the tunnels of this host are under.
  public let rules: TunnelRules
  /// Ends so far, by reason, of tunnels, sessions and connections.
  public private(set) var ends: [CloseReason: Int] = [:]
  public private(set) var sessionsUp = 0
  private var connections: Set<ConnectionID> = []
  private var tunnels: [TunnelNumber: TunnelLife] = [:]
  private var connectionsEnded: Set<ConnectionID> = []
  private var tunnelsEnded: Set<TunnelNumber> = []
  private var sessionsEnded: Set<SessionID> = []

  public init(rules: TunnelRules) { self.rules = rules }

  /// Sessions that are up now.
  public var liveSessions: Int { tunnels.values.reduce(0) { $0 + $1.sessions.count } }

  /// Takes one event; `tunnelOf` tells which tunnel a session belongs to.
  public mutating func note(
    _ event: EndpointEvent, at now: Instant, tunnelOf: (SessionID) -> TunnelNumber?
  ) throws(BrokenPromise) {
    switch event {
    case .connectionUp(let id, _):
      try require(!connectionsEnded.contains(id), "CS-5", "\(id) came back", now)
      connections.insert(id)
    case .connectionDown(let id, let reason, _):
      try require(connectionsEnded.insert(id).inserted, "one reason", "\(id) ended twice", now)
      connections.remove(id)
      ends[reason, default: 0] += 1
    case .tunnelUp(let number):
      try require(tunnels[number] == nil, "one life", "tunnel \(number) came up twice", now)
      tunnels[number] = TunnelLife(idleSince: now)
    case .tunnelClosed(let number, let reason, _):
      try tunnelClosed(number, reason, at: now)
    case .sessionUp(let id, _):
      try sessionUp(id, in: tunnelOf(id), at: now)
    case .sessionClosed(let id, let reason, _):
      try require(sessionsEnded.insert(id).inserted, "one reason", "\(id) ended twice", now)
      ends[reason, default: 0] += 1
      // One that failed before it was up kept the tunnel from being idle, too.
      if let number = tunnelOf(id) {
        tunnels[number]?.sessions.remove(id)
        if tunnels[number]?.sessions.isEmpty == true { tunnels[number]?.idleSince = now }
      }
    case .attemptFailed, .childUp, .childDown, .tunnelRefused, .sessionRefused, .peerFailed, .note:
      break
    case .dataplaneRefused(let error):
      throw BrokenPromise(rule: "tables", at: now, detail: "the packet path refused: \(error)")
    }
  }

  private mutating func tunnelClosed(
    _ number: TunnelNumber, _ reason: CloseReason, at now: Instant
  ) throws(BrokenPromise) {
    try require(
      tunnelsEnded.insert(number).inserted, "one reason", "tunnel \(number) ended twice", now)
    ends[reason, default: 0] += 1
    guard let life = tunnels.removeValue(forKey: number) else { return }
    try require(
      life.sessions.isEmpty, "order", "tunnel \(number) ended before its sessions", now)
    if reason == .idleTimeout, let idleSince = life.idleSince {
      try require(
        now == idleSince + rules.idleTimeout, "LT-1",
        "tunnel \(number) idle for \(now - idleSince)", now)
    }
  }

  private mutating func sessionUp(
    _ id: SessionID, in number: TunnelNumber?, at now: Instant
  ) throws(BrokenPromise) {
    try require(!sessionsEnded.contains(id), "one life", "\(id) came back", now)
    guard let number, tunnels[number] != nil else {
      throw BrokenPromise(rule: "order", at: now, detail: "\(id) is up without a tunnel")
    }
    guard tunnels[number]?.sessions.insert(id).inserted == true else { return }
    sessionsUp += 1
    tunnels[number]?.sessionsEver += 1
    tunnels[number]?.idleSince = nil
    if rules.isSingleShot {
      try require(
        tunnels[number]?.sessionsEver == 1, "LT-4", "a second session in tunnel \(number)", now)
    }
  }

  private func require(
    _ condition: Bool, _ rule: String, _ detail: String, _ now: Instant
  ) throws(BrokenPromise) {
    guard condition else { throw BrokenPromise(rule: rule, at: now, detail: detail) }
  }
}
