import Dataplane
import Endpoint
import IKE
import Primitives

/// One host as its views show it, after an input.
public struct Sight: Sendable {
  public var tunnels: [TunnelView]
  public var sessions: [SessionView]
  public var carriers: [CarrierView]
  /// Established ones.
  public var isakmpSAs: [ISAKMPSAView]
  /// The last user activity by the packet path, of the sessions it knows.
  public var statistics: [SessionID: SessionStatistics]

  /// Connections in whose ISAKMP SA dead peer detection is at work.
  var asking: Set<ConnectionID> {
    Set(isakmpSAs.filter { $0.deadPeerDetection != .off }.compactMap(\.connection))
  }
}

/// All the checkers of one life of one host, and the translation of what it shows and says into
/// what they understand.
public struct Watch: Sendable {
  /// Which end of the tunnels the host is.
  public enum Role: Sendable {
    case gateway, client
  }

  private enum Stage: Sendable {
    case opened, up, suspended, closing, closed
  }

  private let role: Role
  private var life = LifeChecker()
  private var activity = UserActivityChecker()
  public var deadPeer: DeadPeerChecker
  public var backoff: BackoffChecker
  private let algorithms: AlgorithmChecker
  private var others: [any Checker]
  private var tunnels: Set<TunnelNumber> = []
  private var sessions: [SessionID: Stage] = [:]
  private var paths: [ConnectionID: (path: Path, mayAsk: Bool)] = [:]
  /// Sessions that have been up and are not closed, and their users' addresses.
  private var up: [(session: SessionID, address: IPv4Address)] = []
  private var pairsEver: [ConnectionID: Int] = [:]
  public private(set) var tally = Tally()

  /// - Parameters:
  ///   - policy: the ISAKMP policy of the host, for its timers.
  ///   - inactivityTimeout: of what the host dials.
  public init(
    _ role: Role, policy: ISAKMPPolicy, algorithms: AlgorithmChecker,
    inactivityTimeout: Duration? = nil, welcome: AdmissionChecker.Welcome = .whole
  ) {
    self.role = role
    self.algorithms = algorithms
    deadPeer = DeadPeerChecker(timeout: policy.deadPeerDetection?.timeout ?? .seconds(1 << 32))
    backoff = BackoffChecker(policy.backoff)
    let retriesMax =
      switch policy.retryIkeAttempts {
      case .count(let count): count
      case .continuous: Int.max
      }
    others = [
      SingleShotChecker(), TunnelTimerChecker(), InactivityChecker(timeout: inactivityTimeout),
      RetryChecker(retriesMax: retriesMax), AdmissionChecker(welcome),
    ]
    if role == .client { others.append(ReturnChecker()) }
  }

  /// Whether nothing that began is without its end.
  public var isAllOver: Bool { life.isAllOver }

  /// How many tunnels, sessions and connections ended for this reason.
  public func ended(_ reason: CloseReason) -> Int {
    ["connection", "session", "tunnel"].reduce(0) { $0 + tally["\($1) ended: \(reason)"] }
  }

  /// Whose address this is now.
  public func session(at address: IPv4Address) -> SessionID? {
    up.first { $0.address == address }?.session
  }

  /// The session that a client's packets take, with the user's address. Two sessions of one client
  /// lead to the same networks, and nobody can tell which one a packet takes.
  public var routed: (session: SessionID, address: IPv4Address)? {
    up.count == 1 ? up.first : nil
  }

  /// A user's packet passed.
  public mutating func notePacket(
    of session: SessionID, isInbound: Bool, at now: Instant
  ) throws(BrokenPromise) {
    if isInbound { deadPeer.noteUserPacket(from: session, at: now) }
    try note(.userPacket(session), at: now)
  }

  /// The host has settled after an input.
  ///
  /// - Parameter rules: what the configuration in force demands of tunnels that are new.
  public mutating func observe(
    _ sight: Sight, _ events: [EndpointEvent], rules: TunnelRules, at now: Instant
  ) throws(BrokenPromise) {
    for view in sight.tunnels where tunnels.insert(view.number).inserted {
      // The ids of carriers without IPsec begin where those of connections end.
      let isIPsec = view.carrier.value < 0x8000_0000
      let connection = isIPsec ? ConnectionID(value: view.carrier.value) : nil
      try note(.tunnelOpened(view.number, on: connection, rules: rules), at: now)
    }
    for sa in sight.isakmpSAs { try algorithms.check(sa.transform, as: sa.role, at: now) }
    for view in sight.sessions { try observe(view, sight.statistics[view.id], at: now) }
    for event in events { try hear(event, at: now) }
    try observePaths(sight, at: now)
    try forget(sight, at: now)
  }

  /// Nothing more happens before `now`.
  public func checkOverdue(at now: Instant) throws(BrokenPromise) {
    try deadPeer.checkOverdue(at: now)
    for checker in others { try checker.checkOverdue(at: now) }
  }

  private mutating func observe(
    _ view: SessionView, _ statistics: SessionStatistics?, at now: Instant
  ) throws(BrokenPromise) {
    if sessions[view.id] == nil {
      sessions[view.id] = .opened
      try note(.sessionOpened(view.id, in: view.tunnel), at: now)
    }
    guard view.end == nil else {
      try promise(statistics == nil, "nothing left", at: now, "\(view.id) in the packet path")
      return
    }
    try activity.compare(view.id, reported: statistics?.lastUserActivity, at: now)
    if let reason = view.link.closeReason, sessions[view.id] != .closing {
      sessions[view.id] = .closing
      try note(.sessionClosing(view.id, reason), at: now)
    } else if view.network == nil, sessions[view.id] == .up {
      sessions[view.id] = .suspended
      try note(.sessionSuspended(view.id), at: now)
    }
  }

  private mutating func observePaths(_ sight: Sight, at now: Instant) throws(BrokenPromise) {
    let asking = sight.asking
    for view in sight.carriers {
      guard let connection = view.connection else { continue }
      let mayAsk = asking.contains(connection)
      if let known = paths[connection], known == (view.path, mayAsk) { continue }
      paths[connection] = (view.path, mayAsk)
      try note(.connectionPath(connection, view.path, mayAsk: mayAsk), at: now)
    }
  }

  private mutating func forget(_ sight: Sight, at now: Instant) throws(BrokenPromise) {
    let tunnelsLeft = Set(sight.tunnels.map(\.number))
    for number in tunnels.subtracting(tunnelsLeft).sorted() {
      tunnels.remove(number)
      try note(.tunnelForgotten(number), at: now)
    }
    let sessionsLeft = Set(sight.sessions.map(\.id))
    for id in sessions.keys.sorted() where !sessionsLeft.contains(id) {
      sessions[id] = nil
      try note(.sessionForgotten(id), at: now)
    }
  }

  private mutating func hear(_ event: EndpointEvent, at now: Instant) throws(BrokenPromise) {
    switch event {
    case .connectionUp(let id, _): try note(.connectionUp(id), at: now)
    case .connectionDown(let id, let reason, let detail):
      try note(.connectionDown(id, reason, detail: detail), at: now)
    case .attemptFailed(let id, let reason, _, let retryAt):
      if reason == .retriesExhausted { try backoff.noteTimeout(at: now) }
      try note(.attemptFailed(id, reason, retryAt: retryAt), at: now)
    case .childUp(let id, let child):
      try algorithms.check(child.transform, as: child.role, at: now)
      try note(.pairUp(child.inbound.spi, on: id), at: now)
    case .childDown(_, let spi, let reason): try note(.pairDown(spi, reason), at: now)
    case .tunnelUp(let number): try note(.tunnelUp(number), at: now)
    case .tunnelClosed(let number, let reason, _): try note(.tunnelClosed(number, reason), at: now)
    case .sessionUp(let id, let facts):
      sessions[id] = .up
      let address = role == .gateway ? facts.peerAddress : facts.localAddress
      up.removeAll { $0.session == id }
      up.append((id, address))
      try note(.sessionUp(id, address: address), at: now)
    case .sessionClosed(let id, let reason, _):
      sessions[id] = .closed
      up.removeAll { $0.session == id }
      try note(.sessionClosed(id, reason), at: now)
    case .tunnelRefused(_, _, let reason, _): tally.count("tunnel refused: \(reason)")
    case .sessionRefused(let number, let reason, let detail):
      tally.count("session refused: \(reason)")
      // With these words a call has ended that was taken in; others were refused at once.
      guard detail.hasPrefix("closed by") else { return }
      tally.count("call failed")
      try note(.sessionFailed(in: number), at: now)
    case .peerFailed(_, let reason, _): tally.count("peer failed: \(reason)")
    case .isakmpKeys: tally.count("ISAKMP keys reported")
    case .note(let note): tally.count("note: \(note.code.rawValue)")
    case .dataplaneRefused(let error):
      try promise(false, "tables", at: now, "the packet path refused: \(error)")
    }
  }

  private mutating func note(_ occurrence: Occurrence, at now: Instant) throws(BrokenPromise) {
    count(occurrence)
    try life.note(occurrence, at: now)
    activity.note(occurrence, at: now)
    try deadPeer.note(occurrence, at: now)
    for index in others.indices { try others[index].note(occurrence, at: now) }
  }

  private mutating func count(_ occurrence: Occurrence) {
    switch occurrence {
    case .connectionUp: tally.count("connection up")
    case .connectionDown(_, let reason, _): tally.count("connection ended: \(reason)")
    case .attemptFailed(_, let reason, let retryAt):
      tally.count("attempt failed\(retryAt == nil ? "" : ", retried"): \(reason)")
    case .pairUp(_, let id):
      pairsEver[id, default: 0] += 1
      tally.count(pairsEver[id] == 1 ? "SA pair up" : "SA pair rekeyed")
    case .pairDown(_, let reason): tally.count("SA pair ended: \(reason)")
    case .tunnelUp: tally.count("tunnel up")
    case .tunnelClosed(_, let reason): tally.count("tunnel ended: \(reason)")
    case .sessionUp: tally.count("session up")
    case .sessionSuspended: tally.count("session suspended")
    case .sessionClosed(_, let reason): tally.count("session ended: \(reason)")
    case .connectionPath: tally.count("connection path set")
    case .userPacket: tally.count("users' packets")
    case .tunnelOpened, .tunnelForgotten, .sessionOpened, .sessionFailed, .sessionClosing,
      .sessionForgotten:
      break
    }
  }
}
