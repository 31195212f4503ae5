import Dataplane
import ESP
import IPPacket
import Primitives
import Testing

/// What does not pass although something very like it does.
@Suite(.timeLimit(.minutes(5))) struct HeldBackTests {
  /// Both were let in before the first of them was counted.
  @Test func aPacketInOneBatchWithTheLastOneOfItsSAIsExpired() throws {
    var tunnel = try Tunnel()
    try Tunnel.install(
      &tunnel.gateway, &tunnel.client, gcm, .udpESP, generation: 2,
      lifetime: ESPLifetime(softBytes: 1, hardBytes: 2))
    var sealer = try Sealer(spi: 0x1002, gcm, seed: 2)
    let message = Message.ipv4(Message.good)
    let wire = try [message, message, message].map { try sealer.seal(l2tp: $0) }
    #expect(tunnel.arriveUp(Array(wire[..<2])).map(\.verdict) == [.deliver, .done])
    #expect(tunnel.gateway.count(.expiredSA) == 1)
    #expect(tunnel.arriveUp([wire[2]]).map(\.verdict) == [.done])
    #expect(tunnel.gateway.count(.expiredSA) == 2)
  }

  /// The control packet beside it did not open the network after all.
  @Test func anIPPacketThatWaitedForNothingIsDropped() throws {
    var tunnel = try Tunnel { $0.isOpen = false }
    var sealer = try Sealer()
    let ipcp = Message.data([0xFF, 3, 0x80, 0x21, 2, 1, 0, 4])
    let wire = try [ipcp, Message.ipv4(Message.good)].map { try sealer.seal(l2tp: $0) }
    #expect(tunnel.arriveUp(wire).map(\.verdict) == [.done, .undecided])
    tunnel.gateway.dataplane.receiveWaiting(&tunnel.gateway.batch, at: .zero)
    #expect(tunnel.gateway.batch[1].verdict == .done)
    #expect(tunnel.gateway.count(.sessionNotOpen) == 1)
    #expect(tunnel.gateway.statistics().packetsFromUser == 0)
  }

  @Test func whatGoesUpIsBoundedInBytes() {
    var limits = DataplaneLimits()
    limits.puntBytesMax = 100
    var site = Site(limits: limits)
    let message = [UInt8](repeating: 1, count: 50)
    _ = site.receive([message, message, message], from: .udp500)
    #expect(site.count(.puntsFull) == 1)
    #expect(site.takePunts().count == 2)
    // What was taken away makes room again.
    _ = site.receive([message], from: .udp500)
    #expect(site.count(.puntsFull) == 1)
    #expect(site.takePunts().count == 1)
  }

  /// The table of clear carriers folds an IPv6 address into 64 bits, so two can look alike there.
  @Test func anAddressThatOnlyLooksLikeAPeersIsNoPeer() throws {
    let fold: UInt64 = 0x9e37_79b9_7f4a_7c15
    let peer = IPv6Address(high: 0x2001_0db8_0000_0001, low: 7)
    let other = IPv6Address(
      high: peer.high + 1, low: peer.low ^ peer.high &* fold ^ (peer.high + 1) &* fold)
    let remote = SocketAddress(.v6(peer), port: 1_701)
    let local = SocketAddress(.v6(IPv6Address(high: peer.high, low: 1)), port: 1_701)
    var site = Site()
    try site.dataplane.addCarrier(
      Tunnel.carrier, CarrierConfiguration(encapsulation: .clear, local: local, remote: remote))
    // The two do meet in the table.
    #expect(throws: DataplaneError.alreadyExists) {
      try site.dataplane.addCarrier(
        CarrierID(2),
        CarrierConfiguration(
          encapsulation: .clear, local: local, remote: SocketAddress(.v6(other), port: 1_701)))
    }
    let control: [UInt8] = [0xC8, 2, 0, 12, 0, 7, 0, 0, 0, 0, 0, 0]
    _ = site.receive([control], from: .udp1701, remote: remote, local: local)
    #expect(site.takePunts() == [.l2tpControl(control, Tunnel.carrier, sourcePort: 1_701)])
    _ = site.receive(
      [control], from: .udp1701, remote: SocketAddress(.v6(other), port: 1_701), local: local)
    #expect(site.takePunts().isEmpty)
    #expect(site.count(.clearL2TP) == 1)
  }
}
