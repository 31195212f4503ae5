import Cryptography
import Dataplane
import ESP
import IPPacket
import Primitives
import Testing

/// Two data planes as a pair.
@Suite(.timeLimit(.minutes(5))) struct PacketPathTests {
  @Test(arguments: Encapsulation.allCases, ESPCryptoEngine.Kind.allCases)
  func whatEntersOneTUNLeavesTheOther(
    encapsulation: Encapsulation, kind: ESPCryptoEngine.Kind
  ) throws {
    for transform in encapsulation == .clear ? [gcm] : ESPTransform.all {
      var tunnel = try Tunnel(encapsulation, transform, kind: kind)
      let up = (0..<40).map { length in
        Packets.udp(
          from: Tunnel.clientInner, to: .server, payload: Array(repeating: 7, count: length * 33))
      }
      let wireUp = tunnel.client.receiveFromTUN(up, at: .seconds(3))
      #expect(wireUp.allSatisfy { $0.verdict == .send(encapsulation.socket) })
      #expect(wireUp.allSatisfy { $0.remote == Site.gatewayAddress })
      #expect(wireUp.allSatisfy { $0.local == Site.clientAddress })
      let arrived = tunnel.arriveUp(wireUp.map(\.bytes), at: .seconds(4))
      #expect(arrived.map(\.bytes) == up)
      #expect(arrived.allSatisfy { $0.verdict == .deliver })
      let down = up.map { packet in
        Packets.udp(from: .server, to: Tunnel.clientInner, payload: Array(packet[28...]))
      }
      let wireDown = tunnel.sendDown(down, at: .seconds(5))
      #expect(wireDown.count == 40)
      let delivered = tunnel.arriveDown(wireDown, at: .seconds(6))
      #expect(delivered.map(\.bytes) == down)
      let statistics = tunnel.gateway.statistics()
      #expect(statistics.packetsFromUser == 40)
      #expect(statistics.packetsToUser == 40)
      #expect(statistics.bytesFromUser == UInt64(up.map(\.count).reduce(0, +)))
      #expect(statistics.lastUserActivity == .seconds(5))
      #expect(tunnel.gateway.lastAuthenticated() == .seconds(4))
      #expect(tunnel.gateway.dropTotal == 0)
    }
  }

  @Test func eachSACountsWhatItRefuses() throws {
    var tunnel = try Tunnel()
    var sealer = try Sealer()
    let good = try sealer.seal(l2tp: Message.ipv4(Message.good))
    var bent = try sealer.seal(l2tp: Message.ipv4(Message.good))
    bent[bent.count - 1] ^= 1
    let elsewhere = try sealer.seal(l2tp: Message.ipv4(Message.good), port: 1_702)
    let notUDP = try sealer.seal([1, 2, 3, 4], nextHeader: 6)
    _ = tunnel.arriveUp([good, good, bent, elsewhere, notUDP])
    _ = tunnel.arriveUp([good])
    let found = tunnel.gateway.dataplane.inboundRefusals(spi: 0x1001)
    let refused = try #require(found)
    #expect((refused.replayed, refused.badICV, refused.outsideSelector) == (2, 1, 2))
    // A successor begins with none.
    try Tunnel.install(&tunnel.gateway, &tunnel.client, gcm, .udpESP, generation: 2)
    let fresh = tunnel.gateway.dataplane.inboundRefusals(spi: 0x1002)
    #expect(fresh == InboundRefusals())
    let unknown = tunnel.gateway.dataplane.inboundRefusals(spi: 0x7777)
    #expect(unknown == nil)
  }

  @Test func controlPacketsGoUpAndComeDown() throws {
    for encapsulation in Encapsulation.allCases {
      var tunnel = try Tunnel(encapsulation) { $0.peerPort = 1_701 }
      let message: [UInt8] = [0xC8, 0x02, 0, 12, 0, 17, 0, 0, 0, 1, 0, 1]
      tunnel.client.dataplane.sendL2TPControl(
        message, on: Tunnel.carrier, peerPort: 1_701, into: &tunnel.client.control)
      let lcp: [UInt8] = [0xC0, 0x21, 1, 1, 0, 4]
      tunnel.client.dataplane.sendPPPFrame(
        lcp, on: Tunnel.session, into: &tunnel.client.control)
      let wire = tunnel.client.takeControl()
      #expect(wire.allSatisfy { $0.verdict == .send(encapsulation.socket) })
      _ = tunnel.arriveUp(wire.map(\.bytes), at: .seconds(9))
      let port = encapsulation == .clear ? Site.clientAddress.port : 1_701
      let punts = tunnel.gateway.takePunts()
      #expect(
        punts == [
          .l2tpControl(message, Tunnel.carrier, sourcePort: port), .pppFrame(lcp, Tunnel.session),
        ])
      // Control is life, but no user's activity.
      #expect(tunnel.gateway.lastAuthenticated() == .seconds(9))
      let statistics = tunnel.gateway.statistics()
      #expect(statistics == SessionStatistics())
    }
  }

  @Test func headersAreCompressedAsNegotiatedAndLCPNever() throws {
    let forms: [(Bool, Bool, [UInt8])] = [
      (false, false, [0xFF, 0x03, 0x00, 0x21]), (true, false, [0x00, 0x21]),
      (false, true, [0xFF, 0x03, 0x21]), (true, true, [0x21]),
    ]
    for (compressesAddress, compressesProtocol, header) in forms {
      var tunnel = try Tunnel(.clear) {
        $0.compressesAddressAndControl = compressesAddress
        $0.compressesProtocol = compressesProtocol
      }
      let packet = Packets.udp(from: .server, to: Tunnel.clientInner)
      let wire = tunnel.sendDown([packet])
      #expect(wire == [[0, 2, 0, 17, 0, 18] + header + packet])
      #expect(tunnel.arriveDown(wire).map(\.bytes) == [packet])
      for frame in [[0xC0, 0x21, 9, 9], [0x80, 0x21, 9, 9]] as [[UInt8]] {
        tunnel.gateway.dataplane.sendPPPFrame(
          frame, on: Tunnel.session, into: &tunnel.gateway.control)
      }
      let control = tunnel.gateway.takeControl().map { Array($0.bytes[6...]) }
      #expect(control[0] == [0xFF, 0x03, 0xC0, 0x21, 9, 9])
      #expect(control[1] == (compressesAddress ? [] : [0xFF, 0x03]) + [0x80, 0x21, 9, 9])
    }
  }

  @Test func sequenceNumbersCountWhenWantedOrWhenThePeerSendsThem() throws {
    let packet = Packets.udp(from: .server, to: Tunnel.clientInner)
    var always = try Tunnel(.clear) { $0.sequencing = .always }
    let wire = always.sendDown([packet, packet])
    #expect(
      wire.map { Array($0[..<10]) } == [
        [0x08, 2, 0, 17, 0, 18, 0, 0, 0, 0], [0x08, 2, 0, 17, 0, 18, 0, 1, 0, 0],
      ])
    #expect(always.arriveDown(wire).map(\.bytes) == [packet, packet])
    var follows = try Tunnel(.clear) { $0.sequencing = .followsPeer }
    #expect(follows.sendDown([packet]).map { $0[0] } == [0])
    let sequenced: [UInt8] = [0x08, 2, 0, 7, 0, 8, 0, 5, 0, 0, 0x21] + Message.good
    #expect(follows.arriveUp([sequenced]).map(\.bytes) == [Message.good])
    #expect(follows.sendDown([packet]).map { $0[0] } == [0x08])
  }

  @Test func rekeyingLosesNothing() throws {
    var tunnel = try Tunnel()
    let packet = Message.good
    let early = tunnel.sendUp([packet])
    // New inbound SAs first, then new outbound ones: what is on the way still arrives.
    try Tunnel.install(
      &tunnel.gateway, &tunnel.client, cbc, .udpESP, generation: 2)
    let late = tunnel.sendUp([packet])
    #expect(late[0][0..<4] == [0, 0, 0x10, 0x02])
    #expect(tunnel.arriveUp(late + early).map(\.bytes) == [packet, packet])
    tunnel.gateway.dataplane.removeInboundSA(spi: 0x1001)
    #expect(tunnel.arriveUp(tunnel.sendUp([packet])).map(\.verdict) == [.deliver])
    // The delete of the replaced SA says nothing about the present one.
    tunnel.client.dataplane.removeOutboundSA(of: Tunnel.carrier, spi: 0x1001)
    #expect(tunnel.sendUp([packet]).count == 1)
    tunnel.client.dataplane.removeOutboundSA(of: Tunnel.carrier, spi: 0x1002)
    #expect(tunnel.sendUp([packet]).isEmpty)
    #expect(tunnel.client.count(.noOutboundSA) == 1)
  }

  @Test func lifetimesAreReportedOnBothSides() throws {
    var tunnel = try Tunnel()
    try Tunnel.install(
      &tunnel.gateway, &tunnel.client, gcm, .udpESP, generation: 2,
      lifetime: ESPLifetime(softBytes: 100, hardBytes: 200))
    _ = tunnel.arriveUp(tunnel.sendUp(Array(repeating: Message.good, count: 5)))
    #expect(
      tunnel.client.takeEvents() == [
        .outboundLimit(Tunnel.carrier, spi: 0x1002, .soft),
        .outboundLimit(Tunnel.carrier, spi: 0x1002, .hard),
      ])
    #expect(
      tunnel.gateway.takeEvents() == [
        .inboundLimit(Tunnel.carrier, spi: 0x1002, .soft),
        .inboundLimit(Tunnel.carrier, spi: 0x1002, .hard),
      ])
    #expect(tunnel.client.count(.expiredSA) > 0)
    let usage = tunnel.gateway.dataplane.inboundUsage(spi: 0x1002)
    #expect(usage?.isExhausted == true)
  }

  @Test func aNewMappingIsReportedOnceAndNotForOldPackets() throws {
    var tunnel = try Tunnel()
    let moved = SocketAddress(Site.clientAddress.address, port: 50_000)
    let wire = tunnel.sendUp(Array(repeating: Message.good, count: 5))
    _ = tunnel.arriveUp([wire[2]])
    // Held back and replayed from elsewhere: authentic, but proves nothing.
    #expect(tunnel.arriveUp([wire[1]], from: moved).map(\.verdict) == [.deliver])
    #expect(tunnel.gateway.takeEvents() == [])
    _ = tunnel.arriveUp([wire[3], wire[4]], from: moved)
    let event = DataplaneEvent.carrierMoved(
      Tunnel.carrier, local: Site.gatewayAddress, remote: moved)
    #expect(tunnel.gateway.takeEvents() == [event])
    // Nothing goes there before the control side agrees.
    let packet = Packets.udp(from: .server, to: Tunnel.clientInner)
    #expect(tunnel.gateway.receiveFromTUN([packet]).map(\.remote) == [Site.clientAddress])
    try tunnel.gateway.dataplane.setCarrier(
      Tunnel.carrier,
      CarrierConfiguration(encapsulation: .udpESP, local: Site.gatewayAddress, remote: moved))
    #expect(tunnel.gateway.receiveFromTUN([packet]).map(\.remote) == [moved])
    _ = tunnel.arriveUp(tunnel.sendUp([Message.good]), from: Site.clientAddress)
    #expect(tunnel.gateway.takeEvents().count == 1)
  }

  @Test func lifeIsReportedOnceASecond() throws {
    var tunnel = try Tunnel()
    var reports: [Int] = []
    for tenth in 0..<25 {
      let now = Instant.zero + .milliseconds(tenth * 100)
      _ = tunnel.arriveUp(tunnel.sendUp([Message.good], at: now), at: now)
      while let event = tunnel.gateway.dataplane.nextEvent() {
        #expect(event == .carrierAlive(Tunnel.carrier))
        reports.append(tenth)
      }
    }
    #expect(reports == [0, 10, 20])
  }

  @Test func overIPv6TheInnerChecksumIsThere() throws {
    var site = Site()
    let local = SocketAddress(.v6(IPv6Address(high: 0x2001_0DB8_0000_0000, low: 1)), port: 0)
    let remote = SocketAddress(.v6(IPv6Address(high: 0x2001_0DB8_0000_0000, low: 2)), port: 0)
    var random = SeededRandom(seed: 1)
    try site.dataplane.addCarrier(
      Tunnel.carrier,
      CarrierConfiguration(encapsulation: .plainESP, local: local, remote: remote))
    let sa = association(spi: 0x999, gcm, seed: 5)
    try site.dataplane.installOutboundSA(sa, on: Tunnel.carrier, using: &random)
    site.dataplane.sendL2TPControl(
      [0xC8, 2, 0, 4, 5], on: Tunnel.carrier, peerPort: 1_701, into: &site.control)
    let packet = site.takeControl()[0].bytes
    guard var engine = ESPCryptoEngine(.openSSL, countMax: 1) else {
      Issue.record("libcrypto gives no engine")
      return
    }
    var inbound = InboundSA(
      spi: 0x999, cipher: try engine.makeCipher(gcm, .open, keys: sa.keys))
    var arena = PacketArena(byteCount: 256)
    arena.store(packet, at: 0)
    #expect(inbound.submit(0..<packet.count, in: arena, to: &engine) == nil)
    arena.withSpan { engine.open(in: &$0) }
    let content = try inbound.accept(0..<packet.count, in: arena).get()
    let pseudoHeader = InternetChecksum.pseudoHeader(
      local.address, remote.address, transport: 17, transportBytes: content.payload.count)
    let sum = InternetChecksum.sum(arena, content.payload, initial: pseudoHeader)
    #expect(InternetChecksum.fold(sum) == 0xFFFF)
  }
}
