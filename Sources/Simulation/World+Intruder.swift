import Dataplane
import Endpoint
import IKE
import Primitives

// What the intruder does in a world, and what must not come of it.
extension World {
  // What he does

  /// From now on somebody on the path works on the messages of a client.
  mutating func intercept(_ index: Int, _ deed: Interception.Deed) {
    note("somebody between client \(index) and the gateway \(deed)")
    intruder.interception = Interception(client: clients[index].host.address, deed: deed)
  }

  mutating func endInterception() {
    guard intruder.interception != nil else { return }
    note("nobody is on the path any more")
    intruder.interception = nil
  }

  /// A packet passes the intruder; what goes on in its place.
  mutating func passOn(_ packet: VirtualPacket, isToGateway: Bool) -> VirtualPacket {
    let outside = isToGateway ? packet.source : packet.destination
    guard !packet.isStale, outside.address != intruder.address else { return packet }
    let other = intruder.passOn(
      packet, of: network.hostAddress(behind: outside), isToGateway: isToGateway)
    if other != packet { noteDisturbance() }
    return other
  }

  /// He sends what has arrived at the gateway once more, from where it came or from his own place.
  mutating func replayArrived(_ packet: VirtualPacket, fromElsewhere: Bool) {
    var packet = packet
    packet.isStale = true
    if fromElsewhere {
      packet.source.address = intruder.address
      intruder.hasReplayed = true
    }
    note("a packet that has arrived is sent again from \(packet.source)")
    inject(packet)
  }

  /// He says something with the cookies of somebody else's conversation.
  mutating func forge(
    _ forgery: Forgery, in conversation: Intruder.Conversation, toGateway: Bool, asPeer: Bool
  ) throws(BrokenPromise) {
    let spi = intruder.spis.last { $0.client == conversation.client }?.spi
    let message = forgery.message(in: conversation, spi: spi, using: &random)
    var source = toGateway ? conversation.client : conversation.gateway
    if !asPeer { source.address = intruder.address }
    let packet = VirtualPacket(
      source: source, destination: toGateway ? conversation.gateway : conversation.client,
      payload: .udp(conversation.hasMarker ? SeenMessage.marker + message : message),
      isStale: true)
    note("somebody \(forgery) from \(source) to \(packet.destination)")
    inject(packet)
    try believe(forgery, conversation)
  }

  /// He begins main modes with the first message of somebody else, from his own address or a
  /// client's, and goes on where he gets an answer.
  mutating func flood(_ count: Int, from source: IPAddress) {
    guard let first = intruder.firstMessage else { return }
    note("\(count) main modes are begun from \(source)")
    for number in 0..<count {
      let cookie: UInt64 = random.nonZero()
      intruder.noteOwn(cookie)
      guard
        let message = ISAKMPHeader.readdressed(
          first, to: Cookies(initiator: cookie, responder: 0))
      else { return }
      inject(
        VirtualPacket(
          source: SocketAddress(source, port: UInt16(clamping: 30_000 + number)),
          destination: SocketAddress(gateway.address, port: Path.ikePort),
          payload: .udp(message), isStale: true))
    }
  }

  /// He asks for a tunnel without IPsec.
  mutating func openClearTunnel(as hostNames: [String], proof: ClearPeer.Proof) {
    let port = UInt16(clamping: 40_000 + intruder.clearPeers.count)
    var peer = ClearPeer(socket: SocketAddress(intruder.address, port: port), proof: proof)
    for hostName in hostNames {
      let isClearHost = hostName == Cast.clearHostName && cast.hasClearHost
      guard
        let message = peer.open(as: hostName, isClearHost: isClearHost, at: now, using: &random)
      else { continue }
      note("\(peer.socket) asks for a tunnel of \(hostName) without IPsec")
      sendClear(message, from: peer.socket)
    }
    intruder.clearPeers.append(peer)
  }

  private mutating func sendClear(_ message: [UInt8], from socket: SocketAddress) {
    inject(
      VirtualPacket(
        source: socket, destination: SocketAddress(gateway.address, port: ClearPeer.l2tpPort),
        payload: .udp(message), isStale: true))
  }

  /// Something came to his own address.
  mutating func answerAsIntruder(_ packet: VirtualPacket) throws(BrokenPromise) {
    if let peer = intruder.clearPeers.first(where: { $0.socket == packet.destination }) {
      guard case .udp(let bytes) = packet.payload,
        let answer = peer.answer(bytes, using: &random)
      else { return }
      sendClear(answer, from: peer.socket)
    } else if let seen = SeenMessage(packet, isToGateway: false),
      intruder.isOwn(seen.header.cookies.initiator),
      seen.header.firstPayload == .securityAssociation, let third = intruder.thirdMessage,
      let message = ISAKMPHeader.readdressed(third, to: seen.header.cookies)
    {
      inject(
        VirtualPacket(
          source: packet.destination, destination: packet.source, payload: .udp(message),
          isStale: true))
    }
  }

  // What must not come of it

  mutating func notePairs(
    _ events: [EndpointEvent], of life: Int, isJustified: Bool
  ) throws(BrokenPromise) {
    for event in events {
      switch event {
      case .childUp(_, let child):
        pairs.noteUp(
          PairChecker.Pair(inbound: child.inbound.spi, outbound: child.outbound.spi), of: life)
      case .childDown(_, let inbound, let reason):
        try pairs.noteDown(inbound, of: life, reason, isJustified: isJustified, at: now)
      default: break
      }
    }
  }

  /// Whether something ended because the peer has deleted its ISAKMP SA, and what took the pairs
  /// along. At the gateway that is after a minute in which the peer has made no other.
  func hasEndedByISAKMPDelete(_ events: [EndpointEvent], of client: Client? = nil) -> Bool {
    let isSaid = events.contains { event in
      switch event {
      case .connectionDown(_, .peerDeleted, let detail),
        .attemptFailed(_, .peerDeleted, let detail, _):
        detail.hasPrefix("the peer deleted the ISAKMP SA")
      default: false
      }
    }
    guard isSaid, let client else { return isSaid }
    return !gateway.owner.host.endpoint.isakmpEngine.establishedISAKMPSAs.contains {
      client.isakmpSAs.contains($0.cookies)
    }
  }

  mutating func checkGateway(_ sight: Sight, _ events: [EndpointEvent]) throws(BrokenPromise) {
    for sa in sight.isakmpSAs where sa.role == .responder {
      try promise(
        intruder.maySucceed(atResponder: sa.cookies.initiator), "tampering", at: now,
        "the gateway believes a main mode that was changed on the way")
    }
    for view in sight.carriers where view.connection != nil {
      try promise(
        view.path.remote.address != intruder.address || intruder.hasHeldBack, "elsewhere", at: now,
        "carrier \(view.id.value) leads to somebody else")
    }
    for view in sight.tunnels where view.connection == nil {
      try promise(
        cast.hasClearHost && view.remoteHost == Cast.clearHostName, "IPsec only", at: now,
        "tunnel \(view.number) is not inside IPsec")
      let isUp = events.contains {
        if case .tunnelUp(view.number) = $0 { true } else { false }
      }
      try promise(!isUp, "tunnel secret", at: now, "tunnel \(view.number) is up without the secret")
    }
    for case .childUp(let id, let child) in events where child.role == .responder {
      let view = sight.carriers.first { $0.connection == id }
      let client = view.map { network.hostAddress(behind: $0.path.remote) }
      try promise(
        !isIntercepted(client, .altersQuickMode1), "tampering", at: now,
        "the gateway believes a changed quick mode message 1")
      guard let client, clients.contains(where: { $0.host.address == client }) else { continue }
      try promise(
        intruder.noteMadePair(for: client), "replay", at: now,
        "the gateway has more pairs with \(client) than that has asked for")
    }
    if gateway.owner.host.endpoint.isakmpEngine.halfOpenCount > cast.halfOpenPerAddressMax {
      try HalfOpenChecker.check(
        gateway.owner.host.endpoint.isakmpEngine.exchanges, max: cast.halfOpenPerAddressMax,
        at: now)
    }
  }

  func checkClient(
    _ index: Int, _ sight: Sight, _ events: [EndpointEvent]
  ) throws(BrokenPromise) {
    for sa in sight.isakmpSAs where sa.role == .initiator {
      try promise(
        intruder.maySucceed(atInitiator: sa.cookies.initiator), "tampering", at: now,
        "client \(index) believes a main mode that was changed on the way")
    }
    for case .childUp(_, let child) in events where child.role == .initiator {
      try promise(
        !isIntercepted(clients[index].host.address, .altersQuickMode2), "tampering", at: now,
        "client \(index) believes a changed quick mode message 2")
    }
  }

  /// What the gateway is about to send.
  func checkSent(_ packet: VirtualPacket) throws(BrokenPromise) {
    guard packet.destination.address != intruder.address else {
      try promise(
        intruder.mayGet(packet, natTraversal: cast.natTraversal != .off), "elsewhere", at: now,
        "the gateway sends somebody else what is not for him: \(Self.summary(of: packet))")
      let peer = intruder.clearPeers.first { $0.socket == packet.destination }
      try promise(
        peer?.hasNamedClearHost ?? true, "IPsec only", at: now,
        "the gateway answers L2TP that is not inside IPsec")
      return
    }
    let client = network.hostAddress(behind: packet.destination)
    guard isIntercepted(client, .altersQuickMode3),
      let spi = Intruder.spi(of: packet, isToGateway: false)
    else { return }
    let isFresh = clients.contains { candidate in
      candidate.host.address == client
        && candidate.host.owner.host.endpoint.isakmpEngine.phase2SAViews.contains {
          $0.inboundSPI == spi.reduce(0) { $0 << 8 | UInt32($1) }
        }
    }
    try promise(
      !isFresh, "tampering", at: now, "the gateway believes a changed quick mode message 3")
  }

  private static func summary(of packet: VirtualPacket) -> String {
    guard let seen = SeenMessage(packet, isToGateway: false) else { return "no ISAKMP" }
    return "exchange \(seen.header.exchangeType.rawValue), payload "
      + "\(seen.header.firstPayload.rawValue), \(seen.header.cookies)"
  }

  private func isIntercepted(_ client: IPAddress?, _ deed: Interception.Deed) -> Bool {
    guard let interception = intruder.interception else { return false }
    return interception.client == client && interception.deed == deed
  }
}

extension Intruder {
  init(_ cast: Cast, onlyPretends: Bool) {
    self.init(
      address: cast.intruderAddress,
      hashOffsets: HashOffsets(
        client: cast.clientIdentity ?? .address(cast.clientAddress(0)),
        gateway: cast.gatewayIdentity ?? .address(cast.gatewayAddress)))
    self.onlyPretends = onlyPretends
  }
}
