import Primitives
import Testing

@testable import IKE

/// Two engines and the network between them, in virtual time.
struct Pair: ~Copyable {
  enum Side: Hashable { case left, right }

  struct InFlight {
    var to: Side
    var path: Path
    var bytes: [UInt8]
    var arrivesAt: Instant
    var order: Int
  }

  static let leftAddress = Family.v4.left
  static let rightAddress = Family.v4.right
  static var rightNetwork: IPPrefix {
    guard let prefix = IPPrefix(rightAddress, lengthBits: 24) else {
      preconditionFailure("24 bits fit an IPv4 address")
    }
    return prefix
  }
  static let secret = Secret(text: "correct horse")

  /// Of the addresses outside.
  let family: Family
  var left: ISAKMPEngine
  var right: ISAKMPEngine
  var now = Instant.zero
  var random = SeededRandom(seed: 1)
  var leftEvents: [IKEEvent] = []
  var rightEvents: [IKEEvent] = []
  /// Everything that was sent: who, when, what.
  var wire: [(from: Side, at: Instant, transmit: Transmit)] = []
  /// Decides about a datagram: how many copies arrive, after which delay each.
  var network: (Side, Transmit, Int) -> [Duration] = { _, _, _ in [.milliseconds(10)] }
  /// Changes what is under way, as a peer with other abilities or an attacker would.
  var rewrite: (Side, [UInt8]) -> [UInt8] = { _, bytes in bytes }
  /// The address that the left side has outside, when it is behind a NAT.
  var leftOutside: IPAddress?
  /// What the NAT adds to the left side's ports.
  var natPortOffset: UInt16 = 0
  private var inFlight: [InFlight] = []
  private var orderNext = 0

  init(left: ISAKMPConfiguration, right: ISAKMPConfiguration, family: Family = .v4) {
    self.family = family
    self.left = ISAKMPEngine(configuration: left)
    self.right = ISAKMPEngine(configuration: right)
  }

  /// Left connects to right.
  mutating func connect(policy: String = "ipsec") -> ConnectionID {
    let id = left.initiate(
      ConnectionRequest(
        policy: policy, local: SocketAddress(family.left, port: 500),
        remote: SocketAddress(family.right, port: 500)),
      at: now, using: &random)
    drain()
    return id
  }

  /// Runs everything that happens until `deadline`, which becomes the present.
  mutating func run(until deadline: Instant) {
    while true {
      let arrival = inFlight.map(\.arrivesAt).min()
      let next = earliest(arrival, earliest(left.nextTimeout, right.nextTimeout))
      guard let next, next <= deadline else { break }
      now = max(now, next)
      step()
    }
    now = max(now, deadline)
  }

  mutating func run(for duration: Duration) { run(until: now + duration) }

  private mutating func step() {
    let due = inFlight.filter { $0.arrivesAt <= now }
      .sorted { ($0.arrivesAt, $0.order) < ($1.arrivesAt, $1.order) }
    inFlight.removeAll { $0.arrivesAt <= now }
    for datagram in due {
      deliver(datagram.bytes, on: datagram.path, to: datagram.to)
    }
    if let timeout = left.nextTimeout, timeout <= now {
      left.handleTimeout(at: now, using: &random)
    }
    if let timeout = right.nextTimeout, timeout <= now {
      right.handleTimeout(at: now, using: &random)
    }
    drain()
  }

  /// Closes every connection on both sides and waits until all that lingers is gone.
  mutating func closeAll() {
    for id in left.connectionViews.map(\.id) {
      left.close(id, reason: .shutdown, at: now, using: &random)
    }
    for id in right.connectionViews.map(\.id) {
      right.close(id, reason: .shutdown, at: now, using: &random)
    }
    drain()
    run(for: .seconds(300))
  }

  /// Hands a datagram to a side at once.
  mutating func deliver(_ bytes: [UInt8], on path: Path, to side: Side) {
    switch side {
    case .left: left.receive(bytes, on: path, at: now, using: &random)
    case .right: right.receive(bytes, on: path, at: now, using: &random)
    }
    drain()
  }

  /// Takes all outputs of both engines; jobs are run at once.
  mutating func drain() {
    var isBusy = true
    while isBusy {
      isBusy = false
      while let job = left.nextJob() {
        left.complete(job.run(), at: now, using: &random)
        isBusy = true
      }
      while let job = right.nextJob() {
        right.complete(job.run(), at: now, using: &random)
        isBusy = true
      }
      while let transmit = left.nextTransmit() { put(transmit, from: .left) }
      while let transmit = right.nextTransmit() { put(transmit, from: .right) }
    }
    while let event = left.nextEvent() { leftEvents.append(event) }
    while let event = right.nextEvent() { rightEvents.append(event) }
  }

  private mutating func put(_ transmit: Transmit, from side: Side) {
    wire.append((side, now, transmit))
    for delay in network(side, transmit, wire.count - 1) {
      inFlight.append(
        InFlight(
          to: side == .left ? .right : .left, path: translated(transmit.path, from: side),
          bytes: rewrite(side, transmit.bytes), arrivesAt: now + delay, order: orderNext))
      orderNext += 1
    }
  }

  /// The path as the receiver sees it, through the NAT if there is one.
  func translated(_ path: Path, from side: Side) -> Path {
    var result = Path(local: path.remote, remote: path.local, floated: path.floated)
    guard let leftOutside else { return result }
    switch side {
    case .left:
      result.remote = SocketAddress(leftOutside, port: path.local.port &+ natPortOffset)
    case .right:
      result.local = SocketAddress(
        family.left, port: path.remote.port &- natPortOffset)
    }
    return result
  }

  func sent(by side: Side) -> [(at: Instant, transmit: Transmit)] {
    wire.filter { $0.from == side }.map { ($0.at, $0.transmit) }
  }
}

/// Configurations of both sides with defaults that single tests change.
struct Setup {
  var isakmp = ISAKMPPolicy(
    name: "isakmp", peer: .any, transforms: [ISAKMPTransform(.aesCBC128, .sha256, .ecp256)])
  var ipsec = IPsecPolicy(name: "ipsec", peer: .any, isakmpPolicy: "isakmp")
  var secret = Pair.secret
  var limits = ISAKMPLimits()
  var reportsKeys = false

  func configuration() throws -> ISAKMPConfiguration {
    try ISAKMPConfiguration(
      isakmpPolicies: [isakmp], ipsecPolicies: [ipsec],
      preSharedKeys: [PreSharedKey(peer: .any, secret: secret)], limits: limits,
      reportsKeys: reportsKeys)
  }
}

/// A pair with changes to either side.
func makePair(
  family: Family = .v4, left changeLeft: (inout Setup) -> Void = { _ in },
  right changeRight: (inout Setup) -> Void = { _ in }
) throws -> Pair {
  var (left, right) = (Setup(), Setup())
  changeLeft(&left)
  changeRight(&right)
  return Pair(
    left: try left.configuration(), right: try right.configuration(), family: family)
}

extension [IKEEvent] {
  var children: [ChildSA] {
    compactMap { if case .childUp(_, let child) = $0 { child } else { nil } }
  }

  var up: [(id: ConnectionID, facts: ConnectionFacts)] {
    compactMap { if case .connectionUp(let id, let facts) = $0 { (id, facts) } else { nil } }
  }

  var ready: [UInt32] {
    compactMap { if case .childOutboundReady(_, let spi) = $0 { spi } else { nil } }
  }

  var childDowns: [(inbound: UInt32, reason: CloseReason)] {
    compactMap {
      if case .childDown(_, let inbound, _, let reason) = $0 { (inbound, reason) } else { nil }
    }
  }

  var downs: [(id: ConnectionID, reason: CloseReason, detail: String)] {
    compactMap {
      if case .connectionDown(let id, let reason, let detail) = $0 {
        (id, reason, detail)
      } else {
        nil
      }
    }
  }

  var failures: [(reason: CloseReason, detail: String, retryAt: Instant?)] {
    compactMap {
      if case .attemptFailed(_, let reason, let detail, let retryAt) = $0 {
        (reason, detail, retryAt)
      } else {
        nil
      }
    }
  }

  var peerFailures: [(reason: CloseReason, detail: String)] {
    compactMap {
      if case .peerFailed(_, let reason, let detail) = $0 { (reason, detail) } else { nil }
    }
  }

  var paths: [Path] {
    compactMap { if case .pathChanged(_, let path) = $0 { path } else { nil } }
  }

  var keys: [(initiatorCookie: UInt64, key: Secret)] {
    compactMap { if case .isakmpKeys(let cookie, let key) = $0 { (cookie, key) } else { nil } }
  }

  func notes(_ code: IKENote.Code) -> [IKENote] {
    compactMap {
      if case .note(let note) = $0, note.code == code { note } else { nil }
    }
  }
}

/// Whether two ends hold the same pair of SAs.
func agree(_ one: ChildSA, _ other: ChildSA) -> Bool {
  func same(_ left: ChildSA.Direction, _ right: ChildSA.Direction) -> Bool {
    left.spi == right.spi && left.keys.encryption == right.keys.encryption
      && left.keys.integrity == right.keys.integrity
  }
  return same(one.inbound, other.outbound) && same(one.outbound, other.inbound)
    && one.transform == other.transform && one.encapsulation == other.encapsulation
}

extension Pair {
  /// The established ISAKMP SA of one side.
  func establishedSA(of side: Side) -> ISAKMPSA? {
    switch side {
    case .left: left.isakmpSAs.values.filter(\.isEstablished).max { $0.id < $1.id }
    case .right: right.isakmpSAs.values.filter(\.isEstablished).max { $0.id < $1.id }
    }
  }

  func sa(of side: Side) throws -> ISAKMPSA {
    let sa = establishedSA(of: side)
    return try #require(sa)
  }

  /// Sends payloads of any kind in an authentic informational message from the left side.
  mutating func forgeInformational(_ payloads: [Payload]) {
    guard let sa = establishedSA(of: .left) else {
      Issue.record("there is no SA to send this on")
      return
    }
    left.sendInformational(payloads, on: sa.id, using: &random)
    drain()
    run(for: .milliseconds(100))
  }

  /// Sends an authentic quick mode message 1 of any content from the left side.
  mutating func forgeQuickMode1(_ payloads: [Payload], messageID: UInt32) {
    guard let sa = establishedSA(of: .left), let keys = sa.keys else {
      Issue.record("there is no SA to send this on")
      return
    }
    let message = left.seal(
      payloads, .quickMode, messageID: messageID, cookies: sa.cookies, keys: keys,
      iv: keys.phase2IV(lastBlock: sa.iv, messageID: messageID)
    ).message
    deliver(message, on: translated(sa.path, from: .left), to: .right)
    run(for: .milliseconds(100))
  }
}

extension ISAKMPEngine {
  /// Entries left in any table; zero when nobody is there any more.
  var residue: Int {
    isakmpSAs.count + saByCookies.count + saByOurCookie.count + saByFirstMessage.count
      + connections.count + peers.count + quickModes.count + phase2SAs.count + inboundSPIs.count
      + halfOpen.count + jobOwners.count + timers.count
  }
}
