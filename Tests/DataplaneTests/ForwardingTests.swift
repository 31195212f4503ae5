import Dataplane
import ESP
import IPPacket
import Primitives
import Testing

/// A gateway with two sessions of two clear carriers.
private struct TwoUsers: ~Copyable {
  static let one = SessionID(1)
  static let two = SessionID(2)
  static let oneAddress = IPv4Address(10, 0, 0, 1)
  static let twoAddress = IPv4Address(10, 0, 0, 2)
  static let oneRemote = SocketAddress(.v4(IPv4Address(203, 0, 113, 1)), port: 1_701)
  static let twoRemote = SocketAddress(.v4(IPv4Address(203, 0, 113, 2)), port: 1_701)
  var gateway = Site()

  init() throws {
    for (number, remote, inner) in [
      (UInt32(1), Self.oneRemote, Self.oneAddress), (2, Self.twoRemote, Self.twoAddress),
    ] {
      try gateway.dataplane.addCarrier(
        CarrierID(number),
        CarrierConfiguration(encapsulation: .clear, local: Site.gatewayAddress, remote: remote))
      var session = SessionConfiguration(
        carrier: CarrierID(number), localTunnelID: 1, localSessionID: 1, peerTunnelID: 5,
        peerSessionID: UInt16(number))
      session.innerAddress = inner
      session.isOpen = true
      try gateway.dataplane.bind(SessionID(number), session)
      try gateway.dataplane.addRoute(Tunnel.prefix(inner, 32), to: .session(SessionID(number)))
    }
  }

  /// What becomes of a packet that user one sends.
  mutating func sendFromOne(_ packet: [UInt8], at now: Instant = .zero) -> Site.Outcome {
    gateway.receive(
      [[0, 2, 0, 1, 0, 1, 0x21] + packet], from: .udp1701, remote: Self.oneRemote, at: now)[0]
  }
}

@Suite(.timeLimit(.minutes(5))) struct ForwardingTests {
  private static let toTwo = Packets.udp(from: TwoUsers.oneAddress, to: TwoUsers.twoAddress)

  @Test func sessionsReachEachOtherOnlyWhenTheyMay() throws {
    var users = try TwoUsers()
    #expect(users.sendFromOne(Self.toTwo).isDropped)
    #expect(users.gateway.count(.pairNotAllowed) == 1)
    #expect(users.gateway.statistics(TwoUsers.one) == SessionStatistics())
    try users.gateway.dataplane.allowPair(TwoUsers.two, TwoUsers.one)
    let outcome = users.sendFromOne(Self.toTwo, at: .seconds(2))
    #expect(outcome.verdict == .send(.udp1701))
    #expect(outcome.remote == TwoUsers.twoRemote)
    #expect(outcome.bytes[..<10] == [0, 2, 0, 5, 0, 2, 0xFF, 3, 0, 0x21])
    #expect(users.gateway.statistics(TwoUsers.one).packetsFromUser == 1)
    #expect(users.gateway.statistics(TwoUsers.two).packetsToUser == 1)
    #expect(users.gateway.statistics(TwoUsers.two).lastUserActivity == .seconds(2))
    users.gateway.dataplane.denyPair(TwoUsers.one, TwoUsers.two)
    #expect(users.sendFromOne(Self.toTwo).isDropped)
  }

  @Test func aPermissionEndsWithEitherSession() throws {
    var users = try TwoUsers()
    try users.gateway.dataplane.allowPair(TwoUsers.one, TwoUsers.two)
    users.gateway.dataplane.unbind(TwoUsers.two)
    var session = SessionConfiguration(
      carrier: CarrierID(2), localTunnelID: 1, localSessionID: 9, peerTunnelID: 5,
      peerSessionID: 9)
    session.isOpen = true
    try users.gateway.dataplane.bind(TwoUsers.two, session)
    try users.gateway.dataplane.addRoute(
      Tunnel.prefix(TwoUsers.twoAddress, 32), to: .session(TwoUsers.two))
    #expect(users.sendFromOne(Self.toTwo).isDropped)
    #expect(users.gateway.count(.pairNotAllowed) == 1)
  }

  @Test func betweenSessionsTheTimeToLiveGoesDownAndToTheTUNDeviceItStays() throws {
    var users = try TwoUsers()
    try users.gateway.dataplane.allowPair(TwoUsers.one, TwoUsers.two)
    let packet = Array(users.sendFromOne(Self.toTwo).bytes[10...])
    #expect(packet[8] == 63)
    #expect(Packets.checksum(Array(packet[..<20])) == 0)
    #expect(packet[12...] == Self.toTwo[12...])
    for timeToLive: UInt8 in [0, 1] {
      let old = Packets.udp(
        from: TwoUsers.oneAddress, to: TwoUsers.twoAddress, timeToLive: timeToLive)
      #expect(users.sendFromOne(old).isDropped)
      let out = Packets.udp(from: TwoUsers.oneAddress, to: .server, timeToLive: timeToLive)
      #expect(users.sendFromOne(out).bytes == out)
    }
    #expect(users.gateway.count(.timeToLiveExceeded) == 2)
  }

  @Test func sourcesThatAreNotTheUsersAreDropped() throws {
    var users = try TwoUsers()
    for source in [TwoUsers.twoAddress, .server, IPv4Address(0), IPv4Address(255, 255, 255, 255)] {
      #expect(users.sendFromOne(Packets.udp(from: source, to: .server)).isDropped)
    }
    #expect(users.gateway.count(.spoofedSource) == 4)
    try users.gateway.dataplane.update(TwoUsers.one) {
      $0.allowedSources = [Tunnel.prefix(IPv4Address(172, 16, 4, 200), 22)]
    }
    for (source, passes) in [
      (IPv4Address(172, 16, 4, 0), true), (IPv4Address(172, 16, 7, 255), true),
      (IPv4Address(172, 16, 3, 255), false), (IPv4Address(172, 16, 8, 0), false),
      (TwoUsers.oneAddress, true),
    ] {
      let outcome = users.sendFromOne(Packets.udp(from: source, to: .server))
      #expect(outcome.verdict == (passes ? .deliver : .done))
    }
  }

  @Test func eightSourcesCountAndANinthDoesNot() throws {
    var users = try TwoUsers()
    try users.gateway.dataplane.update(TwoUsers.one) {
      $0.allowedSources = (0..<9).map { Tunnel.prefix(IPv4Address(172, 20, $0, 0), 24) }
    }
    for third: UInt8 in 0..<9 {
      let packet = Packets.udp(from: IPv4Address(172, 20, third, 1), to: .server)
      #expect(users.sendFromOne(packet).isDropped == (third == 8))
    }
  }

  @Test func closedSessionsPassControlAlone() throws {
    var users = try TwoUsers()
    try users.gateway.dataplane.update(TwoUsers.one) { $0.isOpen = false }
    let packet = Packets.udp(from: TwoUsers.oneAddress, to: .server)
    #expect(users.sendFromOne(packet).isDropped)
    let back = Packets.udp(from: .server, to: TwoUsers.oneAddress)
    #expect(users.gateway.receiveFromTUN([back])[0].isDropped)
    #expect(users.gateway.count(.sessionNotOpen) == 2)
    _ = users.gateway.receive(
      [[0, 2, 0, 1, 0, 1, 0xC0, 0x21, 1, 1, 0, 4]], from: .udp1701, remote: TwoUsers.oneRemote)
    #expect(users.gateway.takePunts() == [.pppFrame([0xC0, 0x21, 1, 1, 0, 4], TwoUsers.one)])
    try users.gateway.dataplane.update(TwoUsers.one) { $0.isOpen = true }
    #expect(users.sendFromOne(packet).verdict == .deliver)
    #expect(users.gateway.statistics(TwoUsers.one).packetsFromUser == 1)
  }

  @Test func theLongestRouteWinsAndATUNRouteLeadsOut() throws {
    var users = try TwoUsers()
    let plane: [(IPPrefix, RouteTarget)] = [
      (Tunnel.prefix(.any, 0), .session(TwoUsers.two)),
      (Tunnel.prefix(IPv4Address(10, 1, 0, 0), 16), .session(TwoUsers.one)),
      (Tunnel.prefix(IPv4Address(10, 1, 2, 0), 24), .session(TwoUsers.two)),
      (Tunnel.prefix(IPv4Address(10, 1, 2, 3), 32), .tun),
    ]
    for (prefix, target) in plane { try users.gateway.dataplane.addRoute(prefix, to: target) }
    func remotes(_ users: inout TwoUsers) -> [SocketAddress?] {
      [
        IPv4Address(9, 9, 9, 9), IPv4Address(10, 1, 9, 9), IPv4Address(10, 1, 2, 9),
        IPv4Address(10, 1, 2, 3),
      ].map { destination in
        let outcome = users.gateway.receiveFromTUN([Packets.udp(from: .server, to: destination)])[0]
        return outcome.isDropped ? nil : outcome.remote
      }
    }
    let (one, two) = (TwoUsers.oneRemote, TwoUsers.twoRemote)
    #expect(remotes(&users) == [two, one, two, nil])
    // From a session the same address leads to the TUN device.
    let local = Packets.udp(from: TwoUsers.oneAddress, to: IPv4Address(10, 1, 2, 3))
    #expect(users.sendFromOne(local).verdict == .deliver)
    users.gateway.dataplane.removeRoute(plane[2].0)
    #expect(remotes(&users) == [two, one, one, nil])
    users.gateway.dataplane.unbind(TwoUsers.one)
    #expect(remotes(&users) == [two, two, two, nil])
    users.gateway.dataplane.unbind(TwoUsers.two)
    #expect(remotes(&users) == [nil, nil, nil, nil])
  }

  @Test func whatIsNotIPv4FromTheTUNDeviceIsDropped() throws {
    var users = try TwoUsers()
    let ipv6 = [0x60] + Array(repeating: UInt8(0), count: 39)
    _ = users.gateway.receiveFromTUN([[], [0x45], ipv6, Array(ipv6.dropLast())])
    #expect(users.gateway.count(.badIPHeader) == 3)
    #expect(users.gateway.count(.ipv6) == 1)
  }

  @Test func aPacketTooLongForTheWrappingIsDroppedAndOneThatFitsIsNot() throws {
    var tunnel = try Tunnel()
    // 64 of head-room hold the 34 bytes of headers; the tail-room is fitting by definition.
    let room = tunnel.gateway.batch.receiveRange(at: 0).count
    let packet = Packets.udp(
      from: .server, to: Tunnel.clientInner, payload: Array(repeating: 1, count: room - 28))
    #expect(tunnel.sendDown([packet]).count == 1)
    // A slot without room on either side, as a receive buffer with several datagrams has them.
    var batch = PacketBatch(countMax: 2)
    for headroom in [33, 34] {
      batch.removeAll()
      batch.arena.store(Message.good, at: 0)
      let toClient = Packets.udp(from: .server, to: Tunnel.clientInner)
      batch.arena.store(toClient, at: 500)
      batch.append(
        region: 500 - headroom + 20..<500 + toClient.count + 20 + 18,
        packet: 500..<500 + toClient.count,
        remote: Site.clientAddress, local: Site.clientAddress)
      tunnel.gateway.dataplane.receiveFromTUN(&batch, at: .zero)
      let verdict = batch[0].verdict
      #expect(verdict == (headroom == 34 ? .send(.udp4500) : .done))
      if headroom == 34 {
        let wire = batch.bytes(of: 0)
        #expect(tunnel.arriveDown([wire]).map(\.bytes) == [toClient])
      }
    }
    #expect(tunnel.gateway.count(.noRoom) == 1)
  }
}
