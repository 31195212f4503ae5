import IPPacket
import L2TP
import PPP
import Primitives

/// A client without IPsec, datagram by datagram: one control connection, one session, one PPP link.
final class ClearClient {
  let user: String
  let remote: SocketAddress
  /// It crashed: it hears and says nothing.
  var isSilent = false
  /// IP packets that arrived in its session.
  private(set) var delivered: [[UInt8]] = []
  private var tunnel: Tunnel
  private var link: PPPLink
  private var peerSession: UInt16?
  private var address: IPv4Address?

  init(
    _ index: Int, user: String, at now: Instant, using random: inout SeededRandom,
    _ configure: (inout PPPConfiguration) -> Void = { _ in }
  ) throws {
    self.user = user
    let host = IPv4Address(198, 51, 100, UInt8(truncatingIfNeeded: index + 1))
    remote = SocketAddress(.v4(host), port: 1701)
    tunnel = Tunnel(
      opening: TunnelConfiguration(hostName: "client"), localID: 7, at: now, using: &random)
    var ppp = PPPConfiguration(role: .peer)
    ppp.userName = user
    ppp.password = Secret(text: "sesame")
    configure(&ppp)
    link = PPPLink(ppp)
    try tunnel.openSession(localID: 1, at: now, using: &random)
  }

  /// Its address in the tunnel; `nil` while IPCP is not up.
  var inner: IPv4Address? { address }

  var nextTimeout: Instant? {
    isSilent ? nil : earliest(tunnel.nextTimeout, link.nextTimeout)
  }

  func handleTimeout(at now: Instant, using random: inout SeededRandom) {
    tunnel.handleTimeout(at: now)
    link.handleTimeout(at: now, using: &random)
  }

  /// Ends the session in order.
  func hangUp(at now: Instant) { link.close(.requested, at: now) }

  /// A datagram of the gateway.
  func receive(_ datagram: [UInt8], at now: Instant, using random: inout SeededRandom) {
    guard !isSilent else { return }
    guard datagram.first.map({ $0 & 0x80 == 0 }) == true else {
      tunnel.receive(datagram, at: now, using: &random)
      return
    }
    // The gateway writes the short header and both of PPP's first fields.
    let frame = Array(datagram.dropFirst(8))
    if frame.starts(with: [0, 0x21]) {
      delivered.append(Array(frame.dropFirst(2)))
    } else {
      link.receive(frame, at: now, using: &random)
    }
  }

  /// The next datagram for the gateway.
  func nextDatagram(at now: Instant, using random: inout SeededRandom) -> [UInt8]? {
    guard !isSilent else { return nil }
    while let event = tunnel.nextEvent() {
      guard case .sessionEstablished(_, let remoteID, _) = event else { continue }
      peerSession = remoteID
      link.start(at: now, using: &random)
    }
    if let message = tunnel.nextTransmit() { return message }
    while let event = link.nextEvent() {
      if case .up(let facts) = event { address = facts.localAddress }
      if case .networkDown = event { address = nil }
    }
    return link.nextTransmit().flatMap { data($0) }
  }

  /// An IP packet as its session carries it.
  func data(_ frame: [UInt8]) -> [UInt8]? {
    guard let peerSession else { return nil }
    var writer = ByteWriter()
    writer.write(UInt16(2))
    writer.write(tunnel.remoteID)
    writer.write(peerSession)
    writer.write([0xFF, 0x03])
    writer.write(frame)
    return writer.bytes
  }

  /// A UDP packet to `destination`, as a datagram; from its own address unless `source` is another.
  func packet(
    to destination: IPv4Address, payload: [UInt8], as source: IPv4Address? = nil
  ) -> [UInt8]? {
    guard let inner = source ?? inner else { return nil }
    var packet = ByteWriter()
    packet.write(UInt16(0x4500))
    packet.write(UInt16(28 + payload.count))
    packet.write(UInt32(0x1234_4000))
    packet.write([64, 17, 0, 0])
    packet.write(inner.value)
    packet.write(destination.value)
    packet.overwrite(Self.checksum(packet.bytes), at: 10)
    packet.write(UInt16(40_000))
    packet.write(UInt16(53))
    packet.write(UInt16(8 + payload.count))
    packet.write(UInt16(0))
    packet.write(payload)
    return data([0, 0x21] + packet.bytes)
  }

  private static func checksum(_ bytes: [UInt8]) -> UInt16 {
    var arena = PacketArena(byteCount: bytes.count + 1)
    arena.store(bytes, at: 0)
    return InternetChecksum.checksum(
      InternetChecksum.sum(arena, 0..<bytes.count, initial: 0))
  }
}
