import ConnectionService
import Dataplane
import Primitives

/// Which sessions may exchange packets: the broker's grants, held against the sessions that are up
/// (CS-25).
///
/// Without a grant nobody reaches anybody. Two sessions are a pair exactly while a live grant names
/// both users, one as the operator, the other as the device, and the device's session has the
/// granted address. Several grants may say the same; the pair stays until the last is revoked. Every
/// input leaves the pairs that changed in ``nextOrder()``, revoked ones first, each in the order of
/// its sessions.
package struct GrantTable {
  package struct Limits: Hashable, Sendable {
    /// Grants at once; more are refused and counted, so that what they would allow stays denied.
    var grantsMax = GrantChange.grantsMax
    /// Sessions of one user that grants apply to; further ones wait, in the order in which they
    /// came up, until one of them ends.
    var sessionsPerUserMax = 16
    /// Bytes of each name in a grant; PPP has room for no more (RFC 1994 §4.1).
    var nameBytesMax = 255

    package init() {}
  }

  /// Something to do at once.
  package enum Order: Hashable {
    case allow(SessionPair)
    case deny(SessionPair)
  }

  /// What a grant says besides its connection; grants with the same rule are counted.
  struct Rule: Hashable {
    var operatorUser: String
    var deviceUser: String
    var deviceAddress: IPv4Address
  }

  /// A grant with what is known of it here.
  package struct Entry: Hashable {
    package var grant: Grant
    var rule: Rule
    /// When this gateway learned it.
    var since: Instant
  }

  private struct Session {
    var user: String
    var address: IPv4Address
  }

  private let limits: Limits
  package private(set) var entries: [ConnectionID: Entry] = [:]
  /// Grants that were refused because there were too many, or that make no sense.
  private(set) var refused: UInt64 = 0
  /// How many grants have each rule.
  private var counts: [Rule: Int] = [:]
  /// The rules that name a user, in either part.
  private var rulesByUser: [String: Set<Rule>] = [:]
  private var sessions: [SessionID: Session] = [:]
  /// The sessions of each user in the order in which they came up.
  private var sessionsByUser: [String: [SessionID]] = [:]
  private var pairs: Set<SessionPair> = []
  /// Pairs that should be allowed and for which the packet path had no room.
  private var waiting: Set<SessionPair> = []
  private var orders = Outbox<Order>()

  package init(limits: Limits = Limits()) { self.limits = limits }

  // Inputs

  /// The broker told something.
  package mutating func apply(_ change: GrantChange, at now: Instant) {
    var touched: Set<Rule> = []
    switch change {
    case .all(let grants): replaceAll(grants, touched: &touched, at: now)
    case .granted(let grant): add(grant, touched: &touched, at: now)
    case .revoked(let connection): remove(connection, touched: &touched)
    }
    settle(touched.reduce(into: []) { $0.formUnion(candidates(of: $1)) })
  }

  /// A session has its user and address; again, when it has another.
  package mutating func sessionUp(_ id: SessionID, user: String, address: IPv4Address) {
    if let known = sessions[id] {
      guard known.user != user || known.address != address else { return }
      sessionDown(id)
    }
    sessions[id] = Session(user: user, address: address)
    sessionsByUser[user, default: []].append(id)
    settle(candidates(of: user))
  }

  /// A session is over; one that never came up changes nothing.
  package mutating func sessionDown(_ id: SessionID) {
    guard let session = sessions[id] else { return }
    let before = candidates(of: session.user)
    sessions[id] = nil
    sessionsByUser[session.user]?.removeAll { $0 == id }
    if sessionsByUser[session.user]?.isEmpty == true { sessionsByUser[session.user] = nil }
    settle(before.union(candidates(of: session.user)))
  }

  /// There was no room for a pair; it is tried again when there may be.
  mutating func couldNotAllow(_ pair: SessionPair) {
    guard pairs.remove(pair) != nil else { return }
    waiting.insert(pair)
  }

  // Outputs

  /// The next thing to do; call until it returns `nil`.
  package mutating func nextOrder() -> Order? { orders.popFirst() }

  // Questions

  /// The sessions of `user` that grants apply to, oldest first.
  func active(_ user: String) -> ArraySlice<SessionID> {
    sessionsByUser[user]?.prefix(limits.sessionsPerUserMax) ?? []
  }

  /// Every session of `user`, those that wait included, oldest first.
  func sessions(of user: String) -> [SessionID] { sessionsByUser[user] ?? [] }

  func address(of session: SessionID) -> IPv4Address? { sessions[session]?.address }

  func isAllowed(_ one: SessionID, _ other: SessionID) -> Bool {
    SessionPair(one, other).map(pairs.contains) ?? false
  }

  // Inside

  /// What stays is not touched, whatever came before it: no pair is denied to be allowed again.
  private mutating func replaceAll(
    _ grants: [Grant], touched: inout Set<Rule>, at now: Instant
  ) {
    let kept = Set(grants.prefix(limits.grantsMax).map(\.connection))
    for connection in entries.keys where !kept.contains(connection) {
      remove(connection, touched: &touched)
    }
    for grant in grants { add(grant, touched: &touched, at: now) }
  }

  private mutating func add(_ grant: Grant, touched: inout Set<Rule>, at now: Instant) {
    guard entries[grant.connection]?.grant != grant else { return }
    // What a connection was granted before is not what it is granted now.
    remove(grant.connection, touched: &touched)
    guard entries.count < limits.grantsMax, let rule = rule(of: grant) else {
      refused &+= 1
      return
    }
    entries[grant.connection] = Entry(grant: grant, rule: rule, since: now)
    counts[rule, default: 0] += 1
    rulesByUser[rule.operatorUser, default: []].insert(rule)
    rulesByUser[rule.deviceUser, default: []].insert(rule)
    touched.insert(rule)
  }

  private mutating func remove(
    _ connection: ConnectionID, touched: inout Set<Rule>
  ) {
    guard let rule = entries.removeValue(forKey: connection)?.rule, let count = counts[rule]
    else { return }
    touched.insert(rule)
    counts[rule] = count > 1 ? count - 1 : nil
    guard count == 1 else { return }
    for user in [rule.operatorUser, rule.deviceUser] {
      rulesByUser[user]?.remove(rule)
      if rulesByUser[user]?.isEmpty == true { rulesByUser[user] = nil }
    }
  }

  /// `nil` for a grant that no session can fit.
  private func rule(of grant: Grant) -> Rule? {
    guard let address = IPv4Address(grant.deviceAddress),
      [grant.operatorUser, grant.deviceUser].allSatisfy({
        (1...limits.nameBytesMax).contains($0.utf8.count)
      })
    else { return nil }
    return Rule(
      operatorUser: grant.operatorUser, deviceUser: grant.deviceUser, deviceAddress: address)
  }

  /// Pairs that `rule` speaks of.
  private func candidates(of rule: Rule) -> Set<SessionPair> {
    let devices = active(rule.deviceUser).filter { sessions[$0]?.address == rule.deviceAddress }
    guard !devices.isEmpty else { return [] }
    var pairs: Set<SessionPair> = []
    for person in active(rule.operatorUser) {
      for device in devices {
        if let pair = SessionPair(person, device) { pairs.insert(pair) }
      }
    }
    return pairs
  }

  /// Pairs that any rule about `user` speaks of.
  private func candidates(of user: String) -> Set<SessionPair> {
    (rulesByUser[user] ?? []).reduce(into: []) { $0.formUnion(candidates(of: $1)) }
  }

  private func isGranted(_ pair: SessionPair) -> Bool {
    isGranted(pair.low, reaches: pair.high) || isGranted(pair.high, reaches: pair.low)
  }

  private func isGranted(_ person: SessionID, reaches device: SessionID) -> Bool {
    guard let from = sessions[person], let to = sessions[device],
      active(from.user).contains(person), active(to.user).contains(device)
    else { return false }
    let rule = Rule(operatorUser: from.user, deviceUser: to.user, deviceAddress: to.address)
    return counts[rule] != nil
  }

  /// Brings the pairs among `candidates` in line with the grants.
  private mutating func settle(_ candidates: Set<SessionPair>) {
    let denied = candidates.filter { pairs.contains($0) && !isGranted($0) }.sorted()
    for pair in denied {
      pairs.remove(pair)
      orders.append(.deny(pair))
    }
    waiting = waiting.filter(isGranted)
    // Where something was taken away, there may be room for what waits.
    let retried = denied.isEmpty ? candidates : candidates.union(waiting)
    for pair in retried.filter({ !pairs.contains($0) && isGranted($0) }).sorted() {
      waiting.remove(pair)
      pairs.insert(pair)
      orders.append(.allow(pair))
    }
  }
}
