import Dataplane
import IKE
import L2TP
import PPP
import Primitives

/// One host's end of all its tunnels: ISAKMP, ESP, L2TP and PPP composed, in either role.
///
/// ```
///        ISAKMP datagrams          L2TP control            PPP control
///              │                       │                       │
///         ISAKMPEngine ──carrier──► Tunnel ──session──►     PPPLink
///              │                       │                       │
///              └───────── EndpointOutput: sends, packet-path commands, questions, events
/// ```
///
/// It does no I/O and reads no clock. After every input the caller drains `nextOutput`. It owns
/// neither users nor addresses: it asks, and its owner (`Gateway`, `VPNAgent`) answers.
public struct Endpoint: ~Copyable {
  /// Named maxima; at each the newest request is refused and counted.
  public struct Limits: Sendable, Equatable {
    /// Live tunnels.
    public var tunnelsMax = 100_000
    /// Tunnels with a record on one carrier; past it the closed ones make room, oldest first.
    public var tunnelsPerCarrierMax = 64
    /// Live sessions.
    public var sessionsMax = 100_000
    /// Records of what is closed; past it the oldest go before their destruct timeout (LT-2).
    public var closedRecordsMax = 10_000
    /// Of those, records of closed sessions of one carrier: no peer drives out those of others.
    public var closedSessionsPerCarrierMax = 64
    /// Pairs of sessions that may exchange packets; not more than the packet path holds.
    public var pairsMax = 16_384
    /// Peers that speak L2TP without IPsec.
    public var clearCarriersMax = 10_000

    public init() {}
  }

  enum Deadline: Hashable, Sendable {
    case isakmp
    case tunnel(TunnelNumber)
    case session(SessionID)
    case closedSession(SessionID)
  }

  /// Machines that received something and whose outputs have not been drained.
  enum Work: Sendable {
    case tunnel(TunnelNumber)
    case session(SessionID)
  }

  /// Ids of clear carriers begin here; below are those of IPsec connections.
  static let clearCarrierFirst: UInt32 = 0x8000_0000

  var limits: Limits
  var destinations: [DestinationProfile]
  var isakmp: ISAKMPEngine
  var carriers: [CarrierID: Carrier] = [:]
  /// ESP SA pairs by their inbound SPI.
  var children: [UInt32: Child] = [:]
  var clearCarriers: [SocketAddress: CarrierID] = [:]
  var tunnels: [TunnelNumber: TunnelRecord] = [:]
  var sessions: [SessionID: SessionRecord] = [:]
  /// What shall be dialled as soon as the connection's first ESP SAs are up.
  var dials: [ConnectionID: DialRequest] = [:]
  var census = SessionCensus()
  var routes = RouteClaims()
  /// Pairs of live sessions that may exchange packets.
  var pairCount = 0
  var closedTunnels: [TunnelNumber] = []
  var closedSessions: [SessionID] = []
  var deadlines = DeadlineQueue<Deadline>()
  var work: [Work] = []
  var outputs = Outbox<EndpointOutput>()
  var tunnelNumberNext: UInt32 = 1
  var sessionNumberNext: UInt32 = 1
  var clearCarrierNext = clearCarrierFirst
  var isDraining = false
  /// Everything was closed for good: no peer may bring a connection up any more.
  var isShutDown = false
  /// Counters for `show`: L2TP messages dropped because nothing could be done with them.
  public internal(set) var counters = EndpointCounters()

  public init(
    isakmp configuration: ISAKMPConfiguration, destinations: [DestinationProfile],
    limits: Limits = Limits()
  ) {
    self.limits = limits
    self.destinations = destinations
    isakmp = ISAKMPEngine(configuration: configuration)
  }

  /// Takes new rules; what is up stays up under the rules it came up with.
  public mutating func reload(
    isakmp configuration: ISAKMPConfiguration, destinations: [DestinationProfile]
  ) {
    isakmp.reload(configuration)
    self.destinations = destinations
  }

  // Inputs

  /// An ISAKMP message arrived (the non-ESP marker already stripped).
  public mutating func receiveISAKMP(
    _ message: [UInt8], on path: Path, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    guard !isShutDown else { return }
    isakmp.receive(message, on: path, at: now, using: &random)
    settle(at: now, using: &random)
  }

  /// A key exchange that `EndpointOutput.compute` asked for is done.
  public mutating func complete(
    _ result: KeyExchangeResult, at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    isakmp.complete(result, at: now, using: &random)
    settle(at: now, using: &random)
  }

  /// Time has passed; harmless when nothing is due.
  public mutating func handleTimeout(
    at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    while let due = deadlines.popDue(at: now) {
      switch due {
      case .isakmp: isakmp.handleTimeout(at: now, using: &random)
      case .tunnel(let number): tunnelTimeout(number, at: now, using: &random)
      case .session(let id): sessionTimeout(id, at: now, using: &random)
      case .closedSession(let id): forgetSession(id)
      }
      settle(at: now, using: &random)
    }
  }

  /// Authenticated packets arrived on a carrier: the peer lives, whatever it leaves unanswered
  /// (RFC 3706 §5.4).
  public mutating func noteAuthenticatedTraffic(on id: CarrierID, at now: Instant) {
    guard let carrier = carriers[id] else { return }
    if let connection = carrier.connection {
      isakmp.noteAuthenticatedTraffic(connection, at: now)
      refreshISAKMPDeadline()
    }
    for number in carrier.tunnels.values {
      guard let record = tunnels[number], record.end == nil else { continue }
      record.tunnel.noteDataReceived(at: now)
      for session in record.sessions.values {
        sessions[session]?.link.noteDataReceived(at: now)
      }
    }
  }

  /// Authenticated ESP arrived from a new address or port: the NAT has a new mapping.
  public mutating func notePeerMoved(
    on carrier: CarrierID, to remote: SocketAddress, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    guard let connection = carriers[carrier]?.connection else { return }
    isakmp.notePeerPath(connection, remote, at: now)
    settle(at: now, using: &random)
  }

  /// An SA reached the byte or sequence number at which it wants a successor.
  public mutating func requestRekey(
    ofInboundSPI spi: UInt32, at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    isakmp.requestRekey(spi, at: now, using: &random)
    settle(at: now, using: &random)
  }

  /// The same, when it is the SA that we send under.
  public mutating func requestRekey(
    ofOutboundSPI spi: UInt32, on carrier: CarrierID, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    // The peer chose this SPI: other peers may have chosen the same.
    let inbound = carriers[carrier]?.children.last { children[$0]?.outboundSPI == spi }
    guard let inbound else { return }
    requestRekey(ofInboundSPI: inbound, at: now, using: &random)
  }

  // Outputs

  /// When `handleTimeout` wants to be called next.
  public var nextTimeout: Instant? { deadlines.next }

  /// Takes the next thing to be done; call until it returns `nil`.
  public mutating func nextOutput() -> EndpointOutput? { outputs.popFirst() }

  // Inside

  mutating func emit(_ output: EndpointOutput) { outputs.append(output) }

  /// Lets every machine that has something to say say it, until all are quiet.
  mutating func settle(at now: Instant, using random: inout some RandomNumberGenerator) {
    drainISAKMP(at: now, using: &random)
    while let next = work.popLast() {
      switch next {
      case .tunnel(let number): drainTunnel(number, at: now, using: &random)
      case .session(let id): drainSession(id, at: now, using: &random)
      }
      drainISAKMP(at: now, using: &random)
    }
    refreshISAKMPDeadline()
  }

  mutating func refreshISAKMPDeadline() { deadlines.set(isakmp.nextTimeout, for: .isakmp) }
}

/// What an endpoint drops, by cause.
public struct EndpointCounters: Sendable, Equatable {
  /// L2TP messages on a carrier that does not exist (any more).
  public var unknownCarrier: UInt64 = 0
  /// L2TP messages for a tunnel that does not exist.
  public var unknownTunnel: UInt64 = 0
  /// L2TP messages that could not be read.
  public var malformedL2TP: UInt64 = 0
  /// Tunnels refused by policy, limits or because the connection is spent.
  public var tunnelsRefused: UInt64 = 0
  /// Sessions refused by policy, limits or the peer, or that failed before they were up.
  public var sessionsRefused: UInt64 = 0
  /// Clear L2TP dropped because the profile demands IPsec.
  public var clearRefused: UInt64 = 0
  /// PPP frames for a session that does not exist (any more).
  public var unknownSession: UInt64 = 0

  public init() {}
}
