import Dataplane
import IKE
import Primitives

/// Somebody right in front of the gateway, who sees and can change everything on the way between it
/// and its clients, and knows no secret.
///
/// He keeps what he has seen, so that he can send it again or make something of it, and he knows
/// what must not come of what he has done.
struct Intruder: Sendable {
  /// Packets kept for being sent again.
  private static let keptMax = 64

  /// A conversation that he can speak into with the right cookies.
  struct Conversation: Sendable, Equatable {
    let cookies: Cookies
    /// Both as the gateway sees them.
    let client: SocketAddress
    let gateway: SocketAddress
    let hasMarker: Bool
  }

  let address: IPAddress
  let hashOffsets: HashOffsets
  var interception: Interception?
  /// He says that he changes messages and does not: a planted fault.
  var onlyPretends = false
  /// With NAT traversal, whoever sends on from elsewhere what he has held back is followed
  /// (RFC 3947 §4); from then on nobody can tell.
  var hasHeldBack = false
  /// He has sent from his own place what had arrived before.
  var hasReplayed = false
  private var exchanges = SeenExchanges()
  /// Main modes by their initiator's cookie: a changed message was sent on in place of the true
  /// one, and which true ones have passed.
  private var changed: Set<Step> = []
  private var passed: Set<Step> = []
  /// Cookies of main modes that he began himself.
  private var ownCookies: Set<UInt64> = []
  private(set) var conversations: [Conversation] = []
  /// What has arrived at the gateway: to send it again must have no effect.
  private(set) var arrived: [VirtualPacket] = []
  private(set) var arrivedISAKMP: [VirtualPacket] = []
  /// The quick modes that each client has begun, and the pairs that the gateway has made of them.
  private var quickModes: [IPAddress: Set<QuickModeName>] = [:]
  private var pairsMade: [IPAddress: Int] = [:]
  private(set) var spis: [(spi: [UInt8], client: SocketAddress)] = []
  private(set) var firstMessage: [UInt8]?
  private(set) var thirdMessage: [UInt8]?
  var clearPeers: [ClearPeer] = []

  private struct QuickModeName: Hashable {
    let cookies: Cookies
    let messageID: UInt32
  }

  private struct Step: Hashable {
    let cookie: UInt64
    let number: Int
  }

  init(address: IPAddress, hashOffsets: HashOffsets) {
    self.address = address
    self.hashOffsets = hashOffsets
  }

  // On the path

  /// A packet passes by; what goes on in its place.
  ///
  /// - Parameters:
  ///   - packet: with the addresses that the gateway sees.
  ///   - client: the client's own address.
  mutating func passOn(
    _ packet: VirtualPacket, of client: IPAddress, isToGateway: Bool
  ) -> VirtualPacket {
    noteESP(packet, isToGateway)
    guard let seen = SeenMessage(packet, isToGateway: isToGateway) else { return packet }
    let (place, isClients) = exchanges.place(of: seen, isToGateway: isToGateway)
    note(seen, place, packet, isToGateway)
    if place == .quickMode(1), isClients {
      quickModes[client, default: []].insert(
        QuickModeName(cookies: seen.header.cookies, messageID: seen.header.messageID))
    }
    let change =
      interception?.client == client
      ? interception?.change(
        seen, at: place, isClients: isClients, isToGateway: isToGateway, hashOffsets: hashOffsets)
      : nil
    if case .mainMode(let number) = place, isClients {
      let step = Step(cookie: seen.header.cookies.initiator, number: number)
      if change == nil { passed.insert(step) } else { changed.insert(step) }
    }
    guard let change, !onlyPretends else { return packet }
    var other = packet
    switch change {
    case .rewrite(let bytes):
      other.payload = seen.payload(with: bytes)
      other.isStale = true
    case .divert: other.source.address = address
    }
    return other
  }

  /// A packet has arrived at the gateway.
  mutating func noteArrival(_ packet: VirtualPacket) {
    guard packet.source.address != address, !packet.isStale else { return }
    arrived.append(packet)
    if arrived.count > 2 * Self.keptMax { arrived.removeFirst(Self.keptMax) }
    guard SeenMessage(packet, isToGateway: true) != nil else { return }
    arrivedISAKMP.append(packet)
    if arrivedISAKMP.count > 2 * Self.keptMax { arrivedISAKMP.removeFirst(Self.keptMax) }
  }

  private mutating func note(
    _ seen: SeenMessage, _ place: SeenMessage.Place, _ packet: VirtualPacket, _ isToGateway: Bool
  ) {
    if isToGateway, place == .mainMode(1) { firstMessage = seen.bytes }
    if isToGateway, place == .mainMode(3) { thirdMessage = seen.bytes }
    guard seen.header.cookies.responder != 0 else { return }
    let conversation = Conversation(
      cookies: seen.header.cookies, client: isToGateway ? packet.source : packet.destination,
      gateway: isToGateway ? packet.destination : packet.source, hasMarker: seen.hasMarker)
    guard conversation.client.address != address, !conversations.contains(conversation) else {
      return
    }
    conversations.append(conversation)
    if conversations.count > Self.keptMax { conversations.removeFirst() }
  }

  private mutating func noteESP(_ packet: VirtualPacket, _ isToGateway: Bool) {
    guard let spi = Self.spi(of: packet, isToGateway: isToGateway) else { return }
    let client = isToGateway ? packet.source : packet.destination
    guard !spis.contains(where: { $0.spi == spi && $0.client == client }) else { return }
    spis.append((spi, client))
    if spis.count > Self.keptMax { spis.removeFirst() }
  }

  /// The SPI of an ESP packet in either encapsulation.
  static func spi(of packet: VirtualPacket, isToGateway: Bool) -> [UInt8]? {
    let bytes: [UInt8]
    switch packet.payload {
    case .esp(let payload): bytes = payload
    case .udp(let payload):
      let port = isToGateway ? packet.destination.port : packet.source.port
      guard port == Path.floatedPort, !payload.starts(with: SeenMessage.marker) else { return nil }
      bytes = payload
    }
    return bytes.count > 8 ? Array(bytes.prefix(4)) : nil
  }

  // What must not be

  /// Whether an ISAKMP SA may stand at the responder: its own main mode was not spoilt on the way.
  func maySucceed(atResponder cookie: UInt64) -> Bool {
    [1, 3, 5].allSatisfy { hasPassed(cookie, $0) }
  }

  /// The same at the initiator, who believes message 6.
  func maySucceed(atInitiator cookie: UInt64) -> Bool {
    [1, 6].allSatisfy { hasPassed(cookie, $0) }
  }

  private func hasPassed(_ cookie: UInt64, _ number: Int) -> Bool {
    let step = Step(cookie: cookie, number: number)
    return !changed.contains(step) || passed.contains(step)
  }

  /// The gateway has made a pair as a responder; whether the client has begun as many quick modes,
  /// or a replay did it.
  mutating func noteMadePair(for client: IPAddress) -> Bool {
    pairsMade[client, default: 0] += 1
    return hasHeldBack || (pairsMade[client] ?? 0) <= (quickModes[client]?.count ?? 0)
  }

  /// Whether a packet that the gateway sent to his address may have been sent there.
  func mayGet(_ packet: VirtualPacket, natTraversal: Bool) -> Bool {
    guard let seen = SeenMessage(packet, isToGateway: false) else {
      return hasHeldBack || packet.source.port == ClearPeer.l2tpPort
    }
    if ownCookies.contains(seen.header.cookies.initiator) { return true }
    switch (seen.header.exchangeType, seen.header.isEncrypted) {
    // An error report in the clear, and the answer to message 1: anybody gets those.
    case (.informational, false): return true
    case (.identityProtection, false): return seen.header.firstPayload == .securityAssociation
    default: return natTraversal
    }
  }

  mutating func noteOwn(_ cookie: UInt64) { ownCookies.insert(cookie) }
  func isOwn(_ cookie: UInt64) -> Bool { ownCookies.contains(cookie) }
}
