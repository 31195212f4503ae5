import Cryptography
import ESP
import IPPacket
import Primitives

/// The packet path of one thread: ESP and clear L2TP on one side, IP packets on the other.
///
/// Batches of packets come in and are worked on in place; each slot's verdict says what becomes of
/// it. Commands arrive between batches; control packets and events wait to be taken after each, and
/// then `receiveWaiting` goes on with the packets that depend on them.
///
///     outer sockets → receive ──→ deliver (TUN)          TUN → receiveFromTUN ──→ send (outer)
///                       │  └────→ send (other session)
///                       └───────→ nextPunt, nextEvent    control → sendL2TPControl, sendPPPFrame
///
/// In steady state nothing is allocated, locked or counted by reference: the tables are made once,
/// packets never leave their slot, and only control packets are copied. Threads share nothing;
/// several data planes may stand side by side, each with its own tables.
public struct Dataplane: ~Copyable, Sendable {
  public let limits: DataplaneLimits
  /// L2TP control messages without IPsec from unknown peers go up instead of being dropped.
  public var acceptsClearL2TP = false
  /// Everything dropped since the start, by reason.
  public internal(set) var drops = DropCounters()

  var engine: ESPCryptoEngine
  var carriers: Slab<Carrier>
  var carrierIndex: HashIndex
  /// Clear carriers by their peer's address.
  var addressIndex: HashIndex
  var outbounds: Slab<OutboundSA>
  var associations: Slab<InboundAssociation>
  var spiIndex: HashIndex
  var sessions: Slab<Session>
  var sessionIndex: HashIndex
  /// Sessions by carrier and the L2TP ids that we assigned.
  var idsIndex: HashIndex
  var routes: RouteTable
  /// Sessions that may talk to each other, by both ids, the lower first.
  var pairIndex: HashIndex
  var punts: PuntQueue
  var events: BoundedQueue<DataplaneEvent>

  /// A packet given to the cipher: where it is, which SA opens it, and whether that failed.
  struct Work: BitwiseCopyable, Sendable {
    var position = 0
    var association = 0
    var failed = false
  }

  var opening: FixedArray<Work>
  var openingCount = 0
  var sealing: FixedArray<Work>
  var sealingCount = 0
  /// Packets of this batch that wait for its control packets to have their effect.
  var waiting: FixedArray<WaitingPacket>
  var waitingCount = 0
  /// They are being taken up again: whoever still cannot go on is dropped.
  var isLastTry = false

  /// - Parameter engine: makes all ciphers and runs all batches.
  /// - Precondition: the engine takes batches of `limits.batchPacketsMax`.
  public init(limits: DataplaneLimits = DataplaneLimits(), engine: consuming ESPCryptoEngine) {
    precondition(engine.countMax >= limits.batchPacketsMax, "the engine's batches are too small")
    self.limits = limits
    self.engine = engine
    carriers = Slab(countMax: limits.carriersMax)
    carrierIndex = HashIndex(countMax: limits.carriersMax)
    addressIndex = HashIndex(countMax: limits.carriersMax)
    outbounds = Slab(countMax: limits.carriersMax)
    associations = Slab(countMax: limits.inboundSAsMax)
    spiIndex = HashIndex(countMax: limits.inboundSAsMax)
    sessions = Slab(countMax: limits.sessionsMax)
    sessionIndex = HashIndex(countMax: limits.sessionsMax)
    idsIndex = HashIndex(countMax: limits.sessionsMax)
    routes = RouteTable(countMax: limits.routesMax)
    pairIndex = HashIndex(countMax: limits.pairsMax)
    punts = PuntQueue(countMax: limits.puntsMax, bytesMax: limits.puntBytesMax)
    events = BoundedQueue(countMax: limits.eventsMax)
    opening = FixedArray(repeating: Work(), count: limits.batchPacketsMax)
    sealing = FixedArray(repeating: Work(), count: limits.batchPacketsMax)
    let nothing = WaitingPacket(position: 0, stage: .esp(.plainESP), drop: .unknownSPI)
    waiting = FixedArray(repeating: nothing, count: limits.batchPacketsMax)
  }

  // MARK: Outputs

  /// The next packet for the control side, oldest first.
  public mutating func nextPunt() -> Punt? { punts.popFirst() }

  /// The next event, oldest first.
  public mutating func nextEvent() -> DataplaneEvent? { events.popFirst() }

  /// When the last authenticated packet of the carrier came (any packet, without IPsec).
  public func lastAuthenticated(_ id: CarrierID) -> Instant? {
    guard let index = carrierIndex.find(UInt64(id.value)) else { return nil }
    return carriers[index].lastAuthenticated
  }

  /// `nil` for an unknown session.
  public func statistics(of id: SessionID) -> SessionStatistics? {
    guard let index = sessionIndex.find(UInt64(id.value)) else { return nil }
    return sessions[index].statistics
  }

  /// What an inbound SA has taken in; `nil` when there is none with this SPI.
  public func inboundUsage(spi: UInt32) -> ESPUsage? {
    guard let index = spiIndex.find(UInt64(spi)) else { return nil }
    return associations[index].sa.usage
  }

  /// What a carrier's present outbound SA has sent; `nil` without one.
  public func outboundUsage(of id: CarrierID) -> ESPUsage? {
    guard let index = carrierIndex.find(UInt64(id.value)) else { return nil }
    guard let outbound = carriers[index].outbound else { return nil }
    return outbounds[outbound].usage
  }

  // MARK: Drops

  /// Ends a packet's way.
  mutating func drop(_ reason: Drop, _ batch: inout PacketBatch, _ position: Int) {
    drops.count(reason)
    batch[position].verdict = .done
  }
}
