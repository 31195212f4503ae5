import Dataplane
import ESP
import IPPacket
import Primitives
import Testing

/// Packets in one batch with the control packet that makes their way.
@Suite(.timeLimit(.minutes(5))) struct WaitingTests {
  private static let newSession = SessionID(11)
  /// An LCP Configure-Request to L2TP session 9, which nobody knows yet.
  private static let lcp: [UInt8] = [0, 2, 0, 7, 0, 9, 0xFF, 3, 0xC0, 0x21, 1, 1, 0, 4]
  /// Any L2TP control message.
  private static let control: [UInt8] = [0xC8, 2, 0, 12, 0, 7, 0, 0, 0, 0, 0, 0]
  /// Any ISAKMP message behind the non-ESP marker.
  private static let ike = Array(repeating: UInt8(0), count: 32)

  private func bindNewSession(_ site: inout Site) throws {
    var session = SessionConfiguration(
      carrier: Tunnel.carrier, localTunnelID: 7, localSessionID: 9, peerTunnelID: 17,
      peerSessionID: 19)
    session.innerAddress = IPv4Address(10, 9, 0, 3)
    try site.dataplane.bind(Self.newSession, session)
  }

  private func verdicts(_ site: inout Site) -> [PacketVerdict] {
    site.dataplane.receiveWaiting(&site.batch, at: .zero)
    return (0..<site.batch.count).map { site.batch[$0].verdict }
  }

  /// In either order: the network may swap them.
  @Test(arguments: [false, true])
  func aFrameBesideTheMessageThatOpensItsSessionIsNotLost(isFirst: Bool) throws {
    var tunnel = try Tunnel()
    var sealer = try Sealer()
    let messages = isFirst ? [Self.lcp, Self.control] : [Self.control, Self.lcp]
    let wire = try messages.map { try sealer.seal(l2tp: $0) }
    let first = tunnel.arriveUp(wire)
    #expect(first.filter { $0.verdict == .undecided }.count == 1)
    #expect(tunnel.gateway.takePunts().count == 1)
    try bindNewSession(&tunnel.gateway)
    #expect(verdicts(&tunnel.gateway) == [.done, .done])
    let frame: [UInt8] = [0xC0, 0x21, 1, 1, 0, 4]
    #expect(tunnel.gateway.takePunts() == [.pppFrame(frame, Self.newSession)])
    #expect(tunnel.gateway.dropTotal == 0)
  }

  @Test func whatTheControlPacketsDidNotHelpIsDroppedOnceForItsOwnReason() throws {
    var tunnel = try Tunnel()
    var sealer = try Sealer()
    _ = tunnel.arriveUp([try sealer.seal(l2tp: Self.control), try sealer.seal(l2tp: Self.lcp)])
    #expect(tunnel.gateway.dropTotal == 0)
    #expect(verdicts(&tunnel.gateway) == [.done, .done])
    #expect(tunnel.gateway.count(.unknownSession) == 1)
    // It is over with that batch.
    try bindNewSession(&tunnel.gateway)
    _ = verdicts(&tunnel.gateway)
    #expect(tunnel.gateway.dropTotal == 1)
  }

  @Test func withoutAControlPacketNothingWaits() throws {
    var tunnel = try Tunnel()
    var sealer = try Sealer()
    let outcome = tunnel.arriveUp([try sealer.seal(l2tp: Self.lcp)])
    #expect(outcome.map(\.verdict) == [.done])
    #expect(tunnel.gateway.count(.unknownSession) == 1)
  }

  @Test func espBesideTheMessageThatItsSAComesFromIsNotLost() throws {
    var tunnel = try Tunnel()
    var early = try Sealer(spi: 0x1002, gcm, seed: 2)
    let wire = try early.seal(l2tp: Message.ipv4(Message.good))
    let first = tunnel.arriveUp([Self.ike, wire])
    #expect(first.map(\.verdict) == [.done, .undecided])
    _ = tunnel.gateway.takePunts()
    try Tunnel.install(&tunnel.gateway, &tunnel.client, gcm, .udpESP, generation: 2)
    #expect(verdicts(&tunnel.gateway) == [.done, .deliver])
    #expect(tunnel.gateway.dropTotal == 0)
  }

  @Test func anIPPacketBesideTheMessageThatOpensItsNetworkIsNotLost() throws {
    var tunnel = try Tunnel { $0.isOpen = false }
    var sealer = try Sealer()
    let ipcp = Message.data([0xFF, 3, 0x80, 0x21, 2, 1, 0, 4])
    let wire = try [ipcp, Message.ipv4(Message.good)].map { try sealer.seal(l2tp: $0) }
    #expect(tunnel.arriveUp(wire).map(\.verdict) == [.done, .undecided])
    try tunnel.gateway.dataplane.update(Tunnel.session) { $0.isOpen = true }
    #expect(verdicts(&tunnel.gateway) == [.done, .deliver])
    #expect(tunnel.gateway.statistics().packetsFromUser == 1)
  }

  /// The carrier's place in the table may have another tenant by then.
  @Test func whatWaitsForACarrierThatGoesIsDropped() throws {
    var tunnel = try Tunnel()
    var sealer = try Sealer()
    _ = tunnel.arriveUp([try sealer.seal(l2tp: Self.control), try sealer.seal(l2tp: Self.lcp)])
    tunnel.gateway.dataplane.removeCarrier(Tunnel.carrier)
    try tunnel.gateway.dataplane.addCarrier(
      CarrierID(2),
      CarrierConfiguration(
        encapsulation: .udpESP, local: Site.gatewayAddress, remote: Site.clientAddress))
    var session = SessionConfiguration(
      carrier: CarrierID(2), localTunnelID: 7, localSessionID: 9, peerTunnelID: 1,
      peerSessionID: 1)
    session.isOpen = true
    try tunnel.gateway.dataplane.bind(Self.newSession, session)
    _ = tunnel.gateway.takePunts()
    #expect(verdicts(&tunnel.gateway) == [.done, .done])
    #expect(tunnel.gateway.takePunts().isEmpty)
    #expect(tunnel.gateway.count(.unknownSession) == 1)
  }

  @Test func aWholeBatchMayWait() throws {
    var tunnel = try Tunnel()
    let unknown: [UInt8] = [0, 0, 0x77, 0x77] + Array(repeating: 1, count: 40)
    let count = tunnel.gateway.dataplane.limits.batchPacketsMax
    _ = tunnel.arriveUp([Self.ike] + Array(repeating: unknown, count: count - 1))
    #expect(tunnel.gateway.dropTotal == 0)
    #expect(verdicts(&tunnel.gateway).allSatisfy { $0 == .done })
    #expect(tunnel.gateway.count(.unknownSPI) == UInt64(count - 1))
  }
}
