import Dataplane
import Endpoint
import IKE
import Primitives

/// LT-4 to LT-9: a single-shot tunnel has one session, its IPsec connection one tunnel; when either
/// is over, all are over at that instant, and nothing passes any more.
public struct SingleShotChecker: Checker {
  private struct Shot: Sendable {
    var connection: ConnectionID?
    var sessionsEver = 0
  }

  /// Single-shot tunnels, live or not.
  private var shots: [TunnelNumber: Shot] = [:]
  private var tunnelOf: [SessionID: TunnelNumber] = [:]
  private var tunnelsEver: [ConnectionID: Int] = [:]
  private var singleShotConnections: Set<ConnectionID> = []
  private var spent: Set<ConnectionID> = []
  private var spentSessions: Set<SessionID> = []
  /// What must be gone by the end of this instant.
  private var tunnelsDue: [TunnelNumber: Instant] = [:]
  private var connectionsDue: [ConnectionID: Instant] = [:]

  public init() {}

  public mutating func note(_ occurrence: Occurrence, at now: Instant) throws(BrokenPromise) {
    switch occurrence {
    case .tunnelOpened(let number, let connection, let rules):
      try tunnelOpened(number, on: connection, rules, at: now)
    case .sessionOpened(let id, let number):
      guard let shot = shots[number] else { return }
      tunnelOf[id] = number
      shots[number]?.sessionsEver += 1
      try promise(shot.sessionsEver == 0, "LT-4", at: now, "a second session in tunnel \(number)")
      try promise(tunnelsDue[number] == nil, "LT-8", at: now, "\(id) in a spent tunnel")
    case .sessionClosed(let id, _):
      guard let number = tunnelOf[id] else { return }
      spentSessions.insert(id)
      tunnelsDue[number] = now
      if let connection = shots[number]?.connection { spent.insert(connection) }
    case .tunnelClosed(let number, _):
      guard let shot = shots[number] else { return }
      tunnelsDue[number] = nil
      guard let connection = shot.connection else { return }
      spent.insert(connection)
      connectionsDue[connection] = now
    case .sessionFailed(let number):
      // The tunnel's one call, unless there was another that became a session (LT-4).
      guard let shot = shots[number], shot.sessionsEver == 0 else { return }
      tunnelsDue[number] = now
      if let connection = shot.connection { spent.insert(connection) }
    case .connectionDown(let id, _, _): connectionsDue[id] = nil
    case .pairUp(let spi, let id):
      try promise(!spent.contains(id), "LT-9", at: now, "SA \(spi) for \(id), which is spent")
    case .userPacket(let id):
      try promise(!spentSessions.contains(id), "LT-5", at: now, "a packet on \(id) after its end")
    case .connectionUp(let id):
      // A retry begins anew with everything, and has carried nothing.
      try promise(!spent.contains(id), "LT-8", at: now, "\(id) came back")
    case .connectionPath, .attemptFailed, .pairDown, .tunnelUp, .tunnelForgotten, .sessionUp,
      .sessionSuspended, .sessionClosing, .sessionForgotten:
      break
    }
  }

  public func checkOverdue(at now: Instant) throws(BrokenPromise) {
    for number in tunnelsDue.keys.sorted() {
      let rule = shots[number]?.sessionsEver == 0 ? "LT-8" : "LT-5"
      try promise(tunnelsDue[number] == now, rule, at: now, "tunnel \(number) is still there")
    }
    for id in connectionsDue.keys.sorted() {
      try promise(connectionsDue[id] == now, "LT-7", at: now, "\(id) is still there")
    }
  }

  private mutating func tunnelOpened(
    _ number: TunnelNumber, on connection: ConnectionID?, _ rules: TunnelRules, at now: Instant
  ) throws(BrokenPromise) {
    if rules.isSingleShot { shots[number] = Shot(connection: connection) }
    guard let connection else { return }
    let isSpent = spent.contains(connection)
    try promise(!isSpent, "LT-8", at: now, "tunnel \(number) on \(connection), which is spent")
    if rules.isSingleShot { singleShotConnections.insert(connection) }
    let before = tunnelsEver[connection] ?? 0
    tunnelsEver[connection] = before + 1
    let isFirst = before == 0 || !singleShotConnections.contains(connection)
    try promise(isFirst, "LT-6", at: now, "tunnel \(number) is not the first on \(connection)")
  }
}
