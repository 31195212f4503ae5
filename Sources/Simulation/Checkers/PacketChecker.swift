import Dataplane
import Primitives

/// Users' packets, from end to end: each arrives once at most, only through a session that is up,
/// only from and to the user whose it is, and on a calm network it does arrive, rekeying or not.
public struct PacketChecker: Sendable {
  /// Longer than any round trip of the simulation.
  static var roundTripMax: Duration { .seconds(1) }

  private struct Sent: Sendable {
    let life: Int
    let user: String
    let isForbidden: Bool
    var hasArrived = false
    var isAnswered = false
  }

  private var pings: [UInt32: Sent] = [:]
  /// Whose address it is at the gateway, while the session is up.
  private var owners: [IPv4Address: (session: SessionID, user: String)] = [:]
  /// Pings that must be answered, in the order of their deadlines.
  private var expected: [(number: UInt32, source: IPv4Address, deadline: Instant)] = []
  private var numberLast: UInt32 = 0
  /// How many had to be answered, and were.
  public private(set) var guaranteed = 0

  public init() {}

  /// A number that no packet has had.
  public mutating func makeNumber() -> UInt32 {
    numberLast += 1
    return numberLast
  }

  /// A session of the gateway is up.
  public mutating func noteUp(
    _ session: SessionID, of user: String, _ address: IPv4Address, at now: Instant
  ) throws(BrokenPromise) {
    if let owner = owners[address], owner.session != session {
      throw BrokenPromise(
        "addresses", at: now, "\(address) of \(owner.session) given to \(session)")
    }
    owners[address] = (session, user)
  }

  /// A session of the gateway is over.
  public mutating func noteDown(_ session: SessionID) {
    for (address, owner) in owners where owner.session == session {
      owners[address] = nil
      expected.removeAll { $0.source == address }
    }
  }

  /// The gateway has forgotten everything.
  public mutating func noteGatewayRestart() {
    owners.removeAll()
    expected.removeAll()
  }

  /// Something was lost or may be: nothing under way needs to arrive.
  public mutating func noteDisturbance() { expected.removeAll() }

  /// A client is closing: its packets need not arrive.
  public mutating func noteClosing(life: Int) {
    expected.removeAll { pings[$0.number]?.life == life }
  }

  /// - Parameters:
  ///   - life: names the sending client, a restarted one anew.
  ///   - isForbidden: has a source that is not the user's.
  ///   - mustArrive: the network is calm.
  public mutating func noteSent(
    _ ping: Ping, by user: String, life: Int, isForbidden: Bool, mustArrive: Bool, at now: Instant
  ) {
    pings[ping.number] = Sent(life: life, user: user, isForbidden: isForbidden)
    guard mustArrive, owners[ping.source]?.user == user else { return }
    expected.append((ping.number, ping.source, now + Self.roundTripMax))
    guaranteed += 1
  }

  /// A packet came out of the gateway; returns the session it came through.
  public mutating func noteArrival(
    _ ping: Ping, at now: Instant
  ) throws(BrokenPromise) -> SessionID {
    guard let sent = pings[ping.number], !ping.isReply else {
      throw BrokenPromise("packets", at: now, "packet \(ping.number) comes from nowhere")
    }
    try promise(!sent.isForbidden, "spoofing", at: now, "packet \(ping.number) has passed")
    try promise(!sent.hasArrived, "replay", at: now, "packet \(ping.number) came twice")
    pings[ping.number]?.hasArrived = true
    guard let owner = owners[ping.source] else {
      throw BrokenPromise("packets", at: now, "a packet of \(ping.source), which is nobody's")
    }
    try promise(
      owner.user == sent.user, "cross-talk", at: now,
      "a packet of \(sent.user) came through \(owner.session) of \(owner.user)")
    return owner.session
  }

  /// A packet came out of a client.
  public mutating func noteArrival(
    _ ping: Ping, atClientOf life: Int, at now: Instant
  ) throws(BrokenPromise) {
    guard let sent = pings[ping.number], ping.isReply, sent.hasArrived else {
      throw BrokenPromise("packets", at: now, "packet \(ping.number) comes from nowhere")
    }
    try promise(
      sent.life == life, "cross-talk", at: now, "the answer to \(sent.user) reached another")
    try promise(!sent.isAnswered, "replay", at: now, "the answer \(ping.number) came twice")
    pings[ping.number]?.isAnswered = true
    expected.removeAll { $0.number == ping.number }
  }

  public func checkOverdue(at now: Instant) throws(BrokenPromise) {
    guard let first = expected.first else { return }
    try promise(
      now <= first.deadline, "no loss", at: now,
      "packet \(first.number) of \(first.source) is lost on a calm network")
  }
}
