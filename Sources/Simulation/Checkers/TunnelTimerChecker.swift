import Dataplane
import Endpoint
import IKE
import Primitives

/// LT-1 to LT-3 to the tick: when an idle tunnel goes, when records go, and when the IPsec
/// connection of a standard tunnel goes.
public struct TunnelTimerChecker: Checker {
  private struct Clock: Sendable {
    let rules: TunnelRules
    let connection: ConnectionID?
    var sessions = 0
    /// Since when it has been established without a session.
    var idleSince: Instant?
    var closedAt: Instant?
    var wasUp = false

    var idleDeadline: Instant? {
      guard closedAt == nil, !rules.isSingleShot, rules.idleTimeout > .zero else { return nil }
      return idleSince.map { $0 + rules.idleTimeout }
    }

    /// Anybody can ask for a tunnel without IPsec under any address: one that never was up leaves
    /// no record.
    var destructDeadline: Instant? {
      closedAt.map { connection != nil || wasUp ? $0 + rules.destructTimeout : $0 }
    }
  }

  private var tunnels: [TunnelNumber: Clock] = [:]
  private var sessions: [SessionID: (tunnel: TunnelNumber, forgetAt: Instant?)] = [:]
  private var live: Set<ConnectionID> = []
  /// Connections whose last tunnel's destruct timeout is over.
  private var connectionsDue: [ConnectionID: Instant] = [:]
  private var destructTimeouts: [TunnelNumber: Duration] = [:]

  public init() {}

  public mutating func note(_ occurrence: Occurrence, at now: Instant) throws(BrokenPromise) {
    switch occurrence {
    case .connectionUp(let id): live.insert(id)
    case .connectionDown(let id, _, _), .attemptFailed(let id, _, _):
      live.remove(id)
      connectionsDue[id] = nil
    case .tunnelOpened(let number, let connection, let rules):
      tunnels[number] = Clock(rules: rules, connection: connection)
      destructTimeouts[number] = rules.destructTimeout
    case .tunnelUp(let number):
      tunnels[number]?.wasUp = true
      if tunnels[number]?.sessions == 0 { tunnels[number]?.idleSince = now }
    case .tunnelClosed(let number, let reason):
      if reason == .idleTimeout {
        try promise(
          tunnels[number]?.idleDeadline == now, "LT-1", at: now,
          "tunnel \(number) closed as idle, due \(tunnels[number]?.idleDeadline?.seconds ?? "-")")
      }
      tunnels[number]?.closedAt = now
    case .tunnelForgotten(let number): try tunnelForgotten(number, at: now)
    case .sessionOpened(let id, let number):
      sessions[id] = (number, nil)
      tunnels[number]?.sessions += 1
      tunnels[number]?.idleSince = nil
    case .sessionClosed(let id, _):
      guard let number = sessions[id]?.tunnel else { return }
      sessions[id]?.forgetAt = destructTimeouts[number].map { now + $0 }
      tunnels[number]?.sessions -= 1
      if tunnels[number]?.sessions == 0 { tunnels[number]?.idleSince = now }
    case .sessionForgotten(let id):
      let due = sessions.removeValue(forKey: id)?.forgetAt
      try promise(due == now, "LT-2", at: now, "\(id) forgotten, due \(due?.seconds ?? "-")")
    case .connectionPath, .pairUp, .pairDown, .sessionFailed, .sessionUp, .sessionSuspended,
      .sessionClosing, .userPacket:
      break
    }
  }

  public func checkOverdue(at now: Instant) throws(BrokenPromise) {
    for number in tunnels.keys.sorted() {
      guard let clock = tunnels[number] else { continue }
      let isIdleLate = clock.idleDeadline.map { $0 < now } ?? false
      try promise(!isIdleLate, "LT-1", at: now, "tunnel \(number) is still idle")
      let isDestructLate = clock.destructDeadline.map { $0 < now } ?? false
      try promise(!isDestructLate, "LT-2", at: now, "the record of tunnel \(number) is still there")
    }
    for id in sessions.keys.sorted() {
      let isLate = sessions[id]?.forgetAt.map { $0 < now } ?? false
      try promise(!isLate, "LT-2", at: now, "the record of \(id) is still there")
    }
    for id in connectionsDue.keys.sorted() {
      try promise(connectionsDue[id] == now, "LT-3", at: now, "\(id) outlives its tunnels' records")
    }
  }

  private mutating func tunnelForgotten(
    _ number: TunnelNumber, at now: Instant
  ) throws(BrokenPromise) {
    guard let clock = tunnels.removeValue(forKey: number) else { return }
    let due = clock.destructDeadline
    try promise(
      due == now, "LT-2", at: now, "tunnel \(number) forgotten, due \(due?.seconds ?? "-")")
    guard let connection = clock.connection, live.contains(connection) else { return }
    let isLast = !tunnels.values.contains { $0.connection == connection }
    if isLast { connectionsDue[connection] = now }
  }
}
