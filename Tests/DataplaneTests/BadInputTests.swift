import Dataplane
import ESP
import IPPacket
import Primitives
import Testing

/// Numbers of the list of bad inputs: each is dropped, counted once, and changes nothing.
@Suite(.timeLimit(.minutes(5))) struct BadInputTests {
  /// One packet of the client's first SA; the drop that it must cause.
  private func check(
    _ wire: [UInt8], _ drop: Drop, _ tunnel: inout Tunnel,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let before = tunnel.gateway.count(drop)
    let total = tunnel.gateway.dropTotal
    let outcome = tunnel.arriveUp([wire])[0]
    #expect(outcome.isDropped, sourceLocation: sourceLocation)
    #expect(tunnel.gateway.count(drop) == before + 1, sourceLocation: sourceLocation)
    #expect(tunnel.gateway.dropTotal == total + 1, sourceLocation: sourceLocation)
    #expect(tunnel.gateway.takePunts().isEmpty, sourceLocation: sourceLocation)
  }

  @Test func badInput01And31ShortDatagramsOnPorts500And4500() throws {
    var tunnel = try Tunnel()
    check([], .shortDatagram, &tunnel)
    check([0xFF], .keepalive, &tunnel)
    check([0xFE], .shortDatagram, &tunnel)
    check([0xFF, 0xFF], .shortDatagram, &tunnel)
    check([0, 0, 0], .shortDatagram, &tunnel)
    // A marker with nothing, or too little, behind it.
    for length in 0..<28 {
      check([0, 0, 0, 0] + Array(repeating: 1, count: length), .shortIKE, &tunnel)
      let bare = Array(repeating: UInt8(1), count: length)
      #expect(tunnel.gateway.receive([bare], from: .udp500)[0].isDropped)
    }
    for spi: UInt8 in [1, 255] {
      check([0, 0, 0, spi] + Array(repeating: 1, count: 60), .reservedSPI, &tunnel)
    }
    check([0, 0, 1, 0], .badESPLength, &tunnel)
    check([0, 0, 1, 0] + Array(repeating: 1, count: 60), .unknownSPI, &tunnel)
  }

  @Test func badInput31AMarkerMakesIKEAndADoubledOneIsIKEsToJudge() throws {
    var tunnel = try Tunnel()
    let message = Array(repeating: UInt8(7), count: 28)
    let doubled = [0, 0, 0, 0] + message
    _ = tunnel.arriveUp([[0, 0, 0, 0] + message, [0, 0, 0, 0] + doubled])
    let remote = Site.clientAddress
    let local = Site.gatewayAddress
    let floated = [message, doubled].map {
      Punt.ike($0, local: local, remote: remote, floated: true)
    }
    #expect(tunnel.gateway.takePunts() == floated)
    // ESP on port 500 is no ESP.
    let esp = tunnel.sendUp([Message.good])[0]
    #expect(tunnel.gateway.receive([esp], from: .udp500)[0].isDropped)
    let bare = [Punt.ike(esp, local: local, remote: remote, floated: false)]
    #expect(tunnel.gateway.takePunts() == bare)
  }

  @Test func badInput33ESPTooShortForItsTransform() throws {
    for transform in [gcm, cbc] {
      var tunnel = try Tunnel(.udpESP, transform)
      let whole = tunnel.sendUp([Message.good])[0]
      let shortest = 8 + transform.ivBytes + transform.blockBytes + transform.icvBytes
      for length in 4..<shortest {
        check(Array(whole[..<length]), .badESPLength, &tunnel)
      }
    }
  }

  @Test func badInput34ForgedReplayedAndZero() throws {
    var tunnel = try Tunnel()
    let wire = tunnel.sendUp([Message.good, Message.good])
    var bent = wire[0]
    bent[40] ^= 1
    check(bent, .badICV, &tunnel)
    #expect(tunnel.arriveUp([wire[0]])[0].verdict == .deliver)
    check(wire[0], .replayed, &tunnel)
    var zero = wire[1]
    zero.replaceSubrange(4..<8, with: [0, 0, 0, 0])
    check(zero, .sequenceZero, &tunnel)
    // Twice in one batch: the second is a replay although both were opened.
    #expect(tunnel.arriveUp([wire[1], wire[1]]).map(\.verdict) == [.deliver, .done])
    #expect(tunnel.gateway.count(.replayed) == 2)
  }

  @Test func badInput35And36WhatIsNotUDPToOurPortIsOutsideTheSelector() throws {
    var tunnel = try Tunnel()
    var sealer = try Sealer()
    check(try sealer.seal([], nextHeader: 59), .dummyESP, &tunnel)
    check(try sealer.seal(Array(repeating: 3, count: 40), nextHeader: 59), .dummyESP, &tunnel)
    for nextHeader: UInt8 in [0, 1, 4, 6, 41, 44, 50, 51, 255] {
      let inner = try sealer.seal(Message.good, nextHeader: nextHeader)
      check(inner, .outsideSelector, &tunnel)
    }
    let message = Message.ipv4(Message.good)
    for port: UInt16 in [0, 53, 500, 1_700, 4_500] {
      check(try sealer.seal(l2tp: message, port: port), .outsideSelector, &tunnel)
    }
    for bytes in [0, 7, message.count + 9, 65_535] {
      check(try sealer.seal(l2tp: message, udpBytes: bytes), .badUDPLength, &tunnel)
    }
    for length in 0..<8 {
      check(try sealer.seal(Array(repeating: 6, count: length)), .badUDPLength, &tunnel)
    }
    // Any source port, and a checksum that a NAT has made wrong (RFC 3948 §3.1.2).
    for port: UInt16 in [0, 1_024, 65_535] {
      let wire = try sealer.seal(l2tp: message, sourcePort: port, checksum: 0xBAD)
      #expect(tunnel.arriveUp([wire]).map(\.bytes) == [Message.good])
    }
    // Shorter inside than outside: what lies behind is traffic flow padding (RFC 4303 §2.7).
    let padded = try sealer.seal(l2tp: message + [0, 0, 0, 0, 0], udpBytes: 8 + message.count)
    #expect(tunnel.arriveUp([padded]).map(\.bytes) == [Message.good])
  }

  @Test func badInput37ESPForARemovedSAIsUnknownForever() throws {
    var tunnel = try Tunnel()
    let wire = tunnel.sendUp([Message.good, Message.good])
    tunnel.gateway.dataplane.removeCarrier(Tunnel.carrier)
    for now in [Instant.zero + .milliseconds(1), .seconds(3_600)] {
      #expect(tunnel.arriveUp(wire, at: now).allSatisfy { $0.isDropped })
    }
    #expect(tunnel.gateway.count(.unknownSPI) == 4)
    #expect(tunnel.gateway.takeEvents().isEmpty)
    #expect(tunnel.gateway.takePunts().isEmpty)
    // Nothing is sent either: the session and its route are gone with the carrier.
    #expect(tunnel.sendDown([Packets.udp(from: .server, to: Tunnel.clientInner)]).isEmpty)
    #expect(tunnel.gateway.count(.noRoute) == 1)
  }

  @Test func badInput38DataHeadersThatLie() throws {
    var tunnel = try Tunnel()
    var sealer = try Sealer()
    let frame: [UInt8] = [0x21] + Message.good
    func sealed(_ header: [UInt8]) throws -> [UInt8] { try sealer.seal(l2tp: header + frame) }
    for length in 0..<6 {
      let cut = Array(Message.header[..<length])
      check(try sealer.seal(l2tp: cut), .badL2TPHeader, &tunnel)
    }
    for version: UInt8 in [0, 1, 3, 15] {
      check(try sealed([0, version, 0, 7, 0, 8]), .badL2TPVersion, &tunnel)
    }
    let whole = UInt16(8 + frame.count)
    for length in [0, 1, 7, whole + 1, 65_535] {
      let bytes = [UInt8(truncatingIfNeeded: length >> 8), UInt8(truncatingIfNeeded: length)]
      check(try sealed([0x40, 2] + bytes + [0, 7, 0, 8]), .badL2TPHeader, &tunnel)
    }
    // An offset beyond the end; L, S and O without room for what they announce.
    check(try sealed([0x02, 2, 0, 7, 0, 8, 0xFF, 0xFF]), .badL2TPHeader, &tunnel)
    check(
      try sealed([0x02, 2, 0, 7, 0, 8, 0, UInt8(frame.count + 1)]), .badL2TPHeader, &tunnel)
    check(try sealer.seal(l2tp: [0x4A, 2, 0, 8, 0, 7, 0, 8]), .badL2TPHeader, &tunnel)
    // What remains is right: every flag at once, P and reserved bits, an offset, bytes behind.
    let full: [UInt8] = [
      0x7B, 0xF2, 0, UInt8(17 + frame.count), 0, 7, 0, 8, 0, 1, 0, 0, 0, 3, 9, 9, 9,
    ]
    let outcome = tunnel.arriveUp([try sealer.seal(l2tp: full + frame + [1, 2, 3])])[0]
    #expect(outcome.bytes == Message.good)
  }

  @Test func badInput46DataForSessionsThatDoNotExist() throws {
    var tunnel = try Tunnel()
    var sealer = try Sealer()
    for ids: [UInt8] in [
      [0, 0, 0, 0], [0, 7, 0, 0], [0, 7, 0, 9], [0, 6, 0, 8], [0, 17, 0, 18],
    ] {
      check(try sealer.seal(l2tp: [0, 2] + ids + [0x21] + Message.good), .unknownSession, &tunnel)
    }
    tunnel.gateway.dataplane.unbind(Tunnel.session)
    check(try sealer.seal(l2tp: Message.ipv4(Message.good)), .unknownSession, &tunnel)
  }

  @Test func badInput49CleartextL2TPFromAPeerThatHasIPsec() throws {
    var tunnel = try Tunnel()
    let data = Message.ipv4(Message.good)
    let control: [UInt8] = [0xC8, 2, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0]
    let dropped = tunnel.gateway.receive([data, control, [], [0xC8]], from: .udp1701)
    #expect(dropped.allSatisfy { $0.isDropped })
    #expect(tunnel.gateway.count(.clearL2TP) == 4)
    // A host that speaks L2TP without IPsec hears of control messages, and of nothing else.
    tunnel.gateway.dataplane.acceptsClearL2TP = true
    _ = tunnel.gateway.receive([data, control, [], [0xC8]], from: .udp1701)
    #expect(tunnel.gateway.count(.clearL2TP) == 7)
    let punt = Punt.clearL2TPControl(
      control, local: Site.gatewayAddress, remote: Site.clientAddress)
    #expect(tunnel.gateway.takePunts() == [punt])
  }

  @Test func badInput49PayloadsBeyondWhatUDPCarriesDoNotLeave() throws {
    var site = Site(limits: smallBatches, regionBytes: 66_000)
    var random = SeededRandom(seed: 1)
    try site.dataplane.addCarrier(
      Tunnel.carrier,
      CarrierConfiguration(
        encapsulation: .plainESP, local: Site.gatewayAddress, remote: Site.clientAddress))
    try site.dataplane.installOutboundSA(
      association(spi: 999, gcm, seed: 1), on: Tunnel.carrier, using: &random)
    var session = SessionConfiguration(
      carrier: Tunnel.carrier, localTunnelID: 1, localSessionID: 1, peerTunnelID: 1,
      peerSessionID: 1)
    session.isOpen = true
    try site.dataplane.bind(Tunnel.session, session)
    try site.dataplane.addRoute(
      Tunnel.prefix(Tunnel.clientInner, 32), to: .session(Tunnel.session))
    // UDP 8, L2TP 6 and PPP 4 leave 65,517 for the IP packet.
    for (bytes, verdict) in [(65_517, PacketVerdict.send(.rawESP)), (65_518, .done)] {
      let packet = Packets.udp(
        from: .server, to: Tunnel.clientInner, payload: Array(repeating: 0, count: bytes - 28))
      #expect(site.receiveFromTUN([packet]).map(\.verdict) == [verdict])
    }
    #expect(site.count(.noRoom) == 1)
  }

  @Test func badInput51FramesOfZeroToThreeBytes() throws {
    var tunnel = try Tunnel()
    var sealer = try Sealer()
    for frame: [UInt8] in [
      [], [0xFF], [0xFF, 0x03], [0xFF, 0x03, 0xFF], [0xFF, 0x03, 0x00], [0x00], [0xC0],
      [0xFF, 0x04, 0x00, 0x21], [0x00, 0x20], [0xC0, 0x20, 0x01],
    ] {
      check(try sealer.seal(l2tp: Message.data(frame)), .badPPPFrame, &tunnel)
    }
    for frame: [UInt8] in [[0x21], [0x00, 0x21], [0xFF, 0x03, 0x21], [0x21, 0x45]] {
      check(try sealer.seal(l2tp: Message.data(frame)), .badIPHeader, &tunnel)
    }
    check(try sealer.seal(l2tp: Message.data([0x57, 0x60])), .ipv6, &tunnel)
  }

  @Test func badInput51EveryFormOfFrameIsTakenAndUnknownProtocolsGoUpBounded() throws {
    var tunnel = try Tunnel()
    var sealer = try Sealer()
    for header: [UInt8] in [[0xFF, 3, 0, 0x21], [0xFF, 3, 0x21], [0, 0x21], [0x21]] {
      let wire = try sealer.seal(l2tp: Message.data(header + Message.good))
      #expect(tunnel.arriveUp([wire]).map(\.bytes) == [Message.good])
    }
    _ = tunnel.arriveUp([
      try sealer.seal(l2tp: Message.data([0xFD, 1, 2])),
      try sealer.seal(l2tp: Message.data([0xFF, 3, 0xC0, 0x21])),
    ])
    #expect(
      tunnel.gateway.takePunts() == [
        .pppFrame([0x00, 0xFD, 1, 2], Tunnel.session), .pppFrame([0xC0, 0x21], Tunnel.session),
      ])
    for _ in 0..<1_030 {
      _ = tunnel.arriveUp([try sealer.seal(l2tp: Message.data([0xFD, 1, 2]))])
    }
    #expect(tunnel.gateway.takePunts().count == 1_024)
    #expect(tunnel.gateway.count(.puntsFull) == 6)
  }

  @Test func badInput58AnOptionOfLengthZeroPassesUnclamped() throws {
    var tunnel = try Tunnel { $0.segmentBytesMax = 1_300 }
    let large: [UInt8] = [2, 4, 0x05, 0xB4]
    let bad = Packets.syn(from: Tunnel.clientInner, to: .server, options: [8, 0] + large)
    let good = Packets.syn(from: Tunnel.clientInner, to: .server, options: large)
    let arrived = tunnel.arriveUp(tunnel.sendUp([bad, good]))
    #expect(arrived[0].bytes == bad)
    #expect(arrived[1].bytes[42..<44] == [0x05, 0x14])
  }

  private var smallBatches: DataplaneLimits {
    var limits = DataplaneLimits()
    limits.batchPacketsMax = 1
    return limits
  }
}
