import Cryptography
import Dataplane
import ESP
import IPPacket
import Primitives
import Testing

@Suite(.timeLimit(.minutes(5))) struct CommandTests {
  private static func clear(_ port: UInt16) -> CarrierConfiguration {
    CarrierConfiguration(
      encapsulation: .clear, local: Site.gatewayAddress,
      remote: SocketAddress(.v4(IPv4Address(1, 2, 3, 4)), port: port))
  }

  private static let esp = CarrierConfiguration(
    encapsulation: .udpESP, local: Site.gatewayAddress, remote: Site.clientAddress)

  private static func session(_ carrier: UInt32, _ number: UInt16) -> SessionConfiguration {
    SessionConfiguration(
      carrier: CarrierID(carrier), localTunnelID: 1, localSessionID: number, peerTunnelID: 1,
      peerSessionID: number)
  }

  @Test func everyTableTakesItsMaximumAndNotOneMore() throws {
    var limits = DataplaneLimits()
    limits.carriersMax = 2
    limits.sessionsMax = 3
    limits.inboundSAsMax = 2
    limits.routesMax = 4
    limits.pairsMax = 1
    var site = Site(limits: limits)
    for number: UInt32 in 1...2 {
      try site.dataplane.addCarrier(CarrierID(number), Self.esp)
      try site.dataplane.installInboundSA(
        association(spi: 1_000 + number, gcm, seed: 1), on: CarrierID(number),
        encapsulation: .udpESP)
    }
    #expect(throws: DataplaneError.tableFull) {
      try site.dataplane.addCarrier(CarrierID(3), Self.esp)
    }
    #expect(throws: DataplaneError.tableFull) {
      try site.dataplane.installInboundSA(
        association(spi: 2_000, gcm, seed: 1), on: CarrierID(1), encapsulation: .udpESP)
    }
    for number: UInt16 in 1...3 {
      try site.dataplane.bind(SessionID(UInt32(number)), Self.session(1, number))
    }
    #expect(throws: DataplaneError.tableFull) {
      try site.dataplane.bind(SessionID(4), Self.session(1, 4))
    }
    for number: UInt8 in 1...4 {
      let prefix = Tunnel.prefix(IPv4Address(10, 0, 0, number), 32)
      try site.dataplane.addRoute(prefix, to: .session(SessionID(1)))
    }
    #expect(throws: DataplaneError.tableFull) {
      try site.dataplane.addRoute(Tunnel.prefix(IPv4Address(10, 0, 0, 5), 32), to: .tun)
    }
    try site.dataplane.allowPair(SessionID(1), SessionID(2))
    #expect(throws: DataplaneError.tableFull) {
      try site.dataplane.allowPair(SessionID(1), SessionID(3))
    }
    // What goes makes room: a carrier takes its SAs, sessions, routes and pairs along.
    site.dataplane.removeCarrier(CarrierID(1))
    try site.dataplane.addCarrier(CarrierID(3), Self.esp)
    for number: UInt16 in 1...3 {
      try site.dataplane.bind(SessionID(UInt32(number)), Self.session(3, number))
    }
    try site.dataplane.allowPair(SessionID(1), SessionID(3))
    try site.dataplane.addRoute(Tunnel.prefix(IPv4Address(10, 0, 0, 5), 32), to: .tun)
  }

  @Test func whatIsTakenOrUnknownIsRefused() throws {
    var site = Site()
    try site.dataplane.addCarrier(CarrierID(1), Self.esp)
    try site.dataplane.addCarrier(CarrierID(2), Self.clear(1))
    try site.dataplane.addCarrier(CarrierID(3), Self.clear(2))
    let sa = association(spi: 1_000, gcm, seed: 1)
    var random = SeededRandom(seed: 1)
    try site.dataplane.installInboundSA(sa, on: CarrierID(1), encapsulation: .udpESP)
    try site.dataplane.bind(SessionID(1), Self.session(1, 1))
    let prefix = Tunnel.prefix(.any, 0)
    try site.dataplane.addRoute(prefix, to: .tun)
    #expect(throws: DataplaneError.alreadyExists) {
      try site.dataplane.addCarrier(CarrierID(1), Self.esp)
    }
    #expect(throws: DataplaneError.alreadyExists) {
      try site.dataplane.addCarrier(CarrierID(4), Self.clear(1))
    }
    #expect(throws: DataplaneError.alreadyExists) {
      try site.dataplane.setCarrier(CarrierID(2), Self.clear(2))
    }
    #expect(throws: DataplaneError.notIPsec) {
      try site.dataplane.setCarrier(CarrierID(2), Self.esp)
    }
    #expect(throws: DataplaneError.notIPsec) {
      try site.dataplane.installInboundSA(
        association(spi: 1_001, gcm, seed: 1), on: CarrierID(2), encapsulation: .udpESP)
    }
    #expect(throws: DataplaneError.notIPsec) {
      try site.dataplane.installOutboundSA(sa, on: CarrierID(2), using: &random)
    }
    #expect(throws: DataplaneError.alreadyExists) {
      try site.dataplane.installInboundSA(sa, on: CarrierID(1), encapsulation: .udpESP)
    }
    #expect(throws: DataplaneError.alreadyExists) {
      try site.dataplane.bind(SessionID(1), Self.session(1, 2))
    }
    #expect(throws: DataplaneError.alreadyExists) {
      try site.dataplane.bind(SessionID(2), Self.session(1, 1))
    }
    #expect(throws: DataplaneError.alreadyExists) {
      try site.dataplane.addRoute(prefix, to: .session(SessionID(1)))
    }
    #expect(throws: DataplaneError.unknownCarrier) {
      try site.dataplane.bind(SessionID(3), Self.session(9, 1))
    }
    #expect(throws: DataplaneError.unknownSession) {
      try site.dataplane.allowPair(SessionID(1), SessionID(9))
    }
  }

  @Test func reservedSPIsAndKeysOfTheWrongLengthAreRefused() throws {
    var site = Site()
    var random = SeededRandom(seed: 1)
    try site.dataplane.addCarrier(CarrierID(1), Self.esp)
    #expect(throws: DataplaneError.reservedSPI) {
      try site.dataplane.installInboundSA(
        association(spi: 255, gcm, seed: 1), on: CarrierID(1), encapsulation: .udpESP)
    }
    var short = association(spi: 1_002, gcm, seed: 1)
    short.transform = cbc
    #expect(throws: DataplaneError.cipher) {
      try site.dataplane.installInboundSA(short, on: CarrierID(1), encapsulation: .udpESP)
    }
    #expect(throws: DataplaneError.cipher) {
      try site.dataplane.installOutboundSA(short, on: CarrierID(1), using: &random)
    }
  }

  @Test func removingWhatIsNotThereChangesNothing() {
    var site = Site()
    site.dataplane.removeCarrier(CarrierID(1))
    site.dataplane.removeInboundSA(spi: 5)
    site.dataplane.removeOutboundSA(of: CarrierID(1))
    site.dataplane.unbind(SessionID(1))
    site.dataplane.removeRoute(Tunnel.prefix(.any, 0))
    site.dataplane.denyPair(SessionID(1), SessionID(2))
    let sent = site.dataplane.sendPPPFrame([0xC0, 0x21], on: SessionID(1), into: &site.control)
    #expect(!sent)
  }

  @Test func aClearCarrierMovesWithItsAddress() throws {
    var site = Site()
    try site.dataplane.addCarrier(CarrierID(1), Self.clear(1))
    try site.dataplane.setCarrier(CarrierID(1), Self.clear(2))
    let control: [UInt8] = [0xC8, 2, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0]
    _ = site.receive([control], from: .udp1701, remote: Self.clear(1).remote)
    #expect(site.count(.clearL2TP) == 1)
    _ = site.receive([control], from: .udp1701, remote: Self.clear(2).remote)
    #expect(site.takePunts() == [.l2tpControl(control, CarrierID(1), sourcePort: 2)])
  }

  @Test func anSAsEncapsulationIsHeldToItsWord() throws {
    var tunnel = try Tunnel(.udpESP)
    let wire = tunnel.sendUp([Message.good])
    let outcome = tunnel.gateway.receive(wire, from: .rawESP)
    #expect(outcome[0].isDropped)
    #expect(tunnel.gateway.count(.wrongEncapsulation) == 1)
    #expect(tunnel.arriveUp(wire)[0].verdict == .deliver)
  }

  @Test func aFullControlBatchLosesTheFrameAndSaysSo() throws {
    var tunnel = try Tunnel()
    var results: [Bool] = []
    for _ in 0..<17 {
      results.append(
        tunnel.gateway.dataplane.sendPPPFrame(
          [0xC0, 0x21, 1], on: Tunnel.session, into: &tunnel.gateway.control))
    }
    #expect(results == Array(repeating: true, count: 16) + [false])
    #expect(tunnel.gateway.count(.noRoom) == 1)
  }
}
