import Cryptography
import Primitives

/// All ISAKMP SAs of one host in either role (IKEv1, RFC 2407 to 2409), with the phase 2 SAs that
/// they negotiated.
///
/// Without I/O, clock or threads: messages, timeouts, commands and finished Diffie–Hellman jobs go
/// in; transmits, jobs and events come out and are drained after every input, in the order
/// `nextEvent`, `nextTransmit`, `nextJob`, `nextTimeout`. The work is cut as the RFC cuts it:
/// main mode, quick mode and informational exchanges are extensions, each in its own file.
public struct ISAKMPEngine: ~Copyable {
  var configuration: ISAKMPConfiguration

  var isakmpSAs: [ISAKMPSAID: ISAKMPSA] = [:]
  var saByCookies: [Cookies: ISAKMPSAID] = [:]
  /// Main modes of ours that have no responder cookie yet, by our cookie.
  var saByOurCookie: [UInt64: ISAKMPSAID] = [:]
  /// Main modes of peers, for first messages that come again.
  var saByFirstMessage: [FirstMessageKey: ISAKMPSAID] = [:]
  var connections: [ConnectionID: Connection] = [:]
  /// Kept by `insert`, `move` and `removeConnection`, the only ways to change where a peer is.
  var peers = PeerIndex()
  var quickModes: [QuickModeKey: QuickMode] = [:]
  /// By inbound SPI.
  var phase2SAs: [UInt32: Phase2SA] = [:]
  /// Inbound SPIs of phase 2 SAs and of quick modes under way.
  var inboundSPIs: Set<UInt32> = []

  var halfOpen: HalfOpenTable
  var timers = DeadlineQueue<EngineTimer>()
  var jobs: BoundedQueue<KeyExchangeJob>
  var jobOwners: [UInt64: JobOwner] = [:]
  var transmits = BoundedQueue<Transmit>(countMax: Self.transmitsMax)
  var events = BoundedQueue<IKEEvent>(countMax: Self.eventsMax)
  var noteTokens = TokenBucket(perSecond: 5, burst: 20)
  var refusalTokens = TokenBucket(perSecond: 20, burst: 50)
  var failures: [NegotiationFailure] = []
  var counterValues = ISAKMPCounters()
  var nextNumber: UInt32 = 1
  var nextTicket: UInt64 = 1

  /// Datagrams that wait for the caller; what is beyond is lost as on the wire.
  static let transmitsMax = 65_536
  /// Events that wait for the caller, who drains them after every input.
  static let eventsMax = 262_144

  public init(configuration: ISAKMPConfiguration) {
    self.configuration = configuration
    halfOpen = HalfOpenTable(limits: configuration.limits)
    jobs = BoundedQueue(countMax: configuration.limits.jobsMax)
  }

  /// Replaces policies and secrets. Running SAs keep theirs until they are rekeyed; the limits of
  /// tables stay those of the first configuration.
  public mutating func reload(_ configuration: ISAKMPConfiguration) {
    self.configuration = configuration
  }

  /// A datagram arrived: without the non-ESP marker, and no ESP.
  public mutating func receive(
    _ message: [UInt8], on path: Path, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    // NAT keepalives of the peer (RFC 3948 §2.3).
    if message == [0xff] {
      counterValues.keepalivesReceived &+= 1
      return
    }
    counterValues.messagesReceived &+= 1
    do throws(Violation) {
      try dispatch(message, on: path, at: now, using: &random)
    } catch {
      counterValues.count(error)
      note(.malformedMessage, path: path, error.rawValue, at: now)
    }
  }

  /// Runs every timer that is due; harmless when called early or late.
  public mutating func handleTimeout(
    at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    while let timer = timers.popDue(at: now) {
      switch timer {
      case .mainMode(let id): mainModeTimer(id, at: now, using: &random)
      case .isakmpLifetime(let id): isakmpLifetimeTimer(id, at: now, using: &random)
      case .quickMode(let key): quickModeTimer(key, at: now, using: &random)
      case .phase2Lifetime(let spi): phase2LifetimeTimer(spi, at: now, using: &random)
      case .deadPeer(let id): deadPeerTimer(id, at: now, using: &random)
      case .keepalive(let id): keepaliveTimer(id, at: now)
      case .retry(let id): retryTimer(id, at: now, using: &random)
      case .orphan(let id):
        endConnection(
          id, .peerDeleted, "the peer deleted the ISAKMP SA and made no new one",
          at: now, using: &random)
      }
    }
  }

  /// Gives a finished job back; results of exchanges that are gone are ignored.
  public mutating func complete(
    _ result: KeyExchangeResult, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    guard let owner = jobOwners.removeValue(forKey: result.ticket) else { return }
    switch owner {
    case .mainMode(let id): completeMainMode(id, result, at: now, using: &random)
    case .quickMode(let key): completeQuickMode(key, result, at: now, using: &random)
    }
  }

  /// The next job to run; `complete` takes its result.
  public mutating func nextJob() -> KeyExchangeJob? { jobs.popFirst() }

  /// The next datagram to send.
  public mutating func nextTransmit() -> Transmit? { transmits.popFirst() }

  /// The next event.
  public mutating func nextEvent() -> IKEEvent? { events.popFirst() }

  /// When `handleTimeout` is due.
  public var nextTimeout: Instant? { timers.next }

  mutating func makeNumber() -> UInt32 {
    defer { nextNumber &+= 1 }
    return nextNumber
  }

  /// Whether another job may start: jobs of exchanges that are gone may still wait to be taken.
  var hasRoomForJob: Bool { max(jobs.count, jobOwners.count) < jobs.countMax }

  /// Queues Diffie–Hellman work; `false` when the queue is full, and then nothing has changed.
  mutating func startJob(
    _ owner: JobOwner, group: KeyExchangeGroup, privateKey: Secret, peerPublicValue: [UInt8]?,
    wantsPublicValue: Bool
  ) -> Bool {
    guard hasRoomForJob else { return false }
    let job = KeyExchangeJob(
      ticket: nextTicket, group: group, privateKey: privateKey,
      peerPublicValue: peerPublicValue, wantsPublicValue: wantsPublicValue)
    jobs.append(job)
    jobOwners[nextTicket] = owner
    nextTicket &+= 1
    return true
  }

  mutating func send(_ bytes: [UInt8], on path: Path) {
    counterValues.messagesSent &+= 1
    transmits.append(Transmit(bytes: bytes, path: path, isKeepalive: false))
  }

  mutating func note(
    _ code: IKENote.Code, connection: ConnectionID? = nil, path: Path? = nil, _ detail: String,
    at now: Instant
  ) {
    guard noteTokens.take(at: now) else {
      counterValues.notesSuppressed &+= 1
      return
    }
    events.append(
      .note(IKENote(code: code, connection: connection, path: path, detail: detail)))
  }
}

/// Names a first message that may come again: its sender and its cookie.
struct FirstMessageKey: Hashable, Sendable {
  var remote: SocketAddress
  var cookie: UInt64
}

/// What a deadline is for.
enum EngineTimer: Hashable, Sendable {
  case mainMode(ISAKMPSAID)
  case isakmpLifetime(ISAKMPSAID)
  case quickMode(QuickModeKey)
  case phase2Lifetime(UInt32)
  case deadPeer(ConnectionID)
  case keepalive(ConnectionID)
  case retry(ConnectionID)
  case orphan(ConnectionID)
}

/// Which exchange a Diffie–Hellman job belongs to.
enum JobOwner: Sendable {
  case mainMode(ISAKMPSAID)
  case quickMode(QuickModeKey)
}
