import ConnectionService
import Dataplane
import Endpoint
import IPPacket
import Primitives
import Testing

@testable import Gateway

/// Grants on a real packet path: operators reach devices, and nobody else does.
@Suite(.timeLimit(.minutes(5))) struct GrantForwardingTests {
  private func apply(_ change: GrantChange, at site: ClearSite) {
    site.gateway.apply(change, at: site.now, using: &site.random)
  }

  /// `user0` is the operator, `user1` the device.
  private func grant(_ number: Int = 1, to device: ClearClient) throws -> GrantChange {
    .granted(grant: Grant(number, "user0", "user1", "\(try #require(device.inner))"))
  }

  @Test func cs25AnOperatorReachesADeviceWhileTheConnectionLives() throws {
    let site = try ClearSite()
    let (person, _) = try site.connect()
    let (device, _) = try site.connect()
    let (third, _) = try site.connect()
    let (here, there) = (try #require(person.inner), try #require(device.inner))
    #expect(site.send([1], from: person, to: there) == .done)
    apply(try grant(to: device), at: site)
    #expect(site.send([2], from: person, to: there) == .send(.udp1701))
    #expect(site.send([3], from: device, to: here) == .send(.udp1701))
    #expect(site.send([4], from: third, to: there) == .done)
    #expect(site.send([5], from: third, to: here) == .done)
    apply(.revoked(connection: .numbered(1)), at: site)
    #expect(site.send([6], from: person, to: there) == .done)
    #expect(site.send([7], from: device, to: here) == .done)
    #expect(device.delivered.map(\.last) == [2])
    #expect(person.delivered.map(\.last) == [3])
  }

  @Test func aPingAndATCPConnectionAreAnswered() throws {
    let site = try ClearSite()
    let (person, _) = try site.connect()
    let (device, _) = try site.connect()
    let (here, there) = (try #require(person.inner), try #require(device.inner))
    apply(try grant(to: device), at: site)
    // Echo request and reply (RFC 792), then SYN and SYN+ACK (RFC 9293 §3.5).
    let exchanges: [(protocol: UInt8, there: [UInt8], back: [UInt8])] = [
      (1, [8, 0, 0xF7, 0xFD, 0, 1, 0, 1], [0, 0, 0xFF, 0xFD, 0, 1, 0, 1]),
      (
        6, Self.segment(from: 40_000, to: 80, flags: 0x02),
        Self.segment(from: 80, to: 40_000, flags: 0x12)
      ),
    ]
    for (number, exchange) in exchanges.enumerated() {
      let question = Self.packet(exchange.protocol, from: here, to: there, exchange.there)
      let answer = Self.packet(exchange.protocol, from: there, to: here, exchange.back)
      #expect(give(question, from: person, to: site) == [.send(.udp1701)])
      #expect(give(answer, from: device, to: site) == [.send(.udp1701)])
      let arrived = (try #require(device.delivered.last), try #require(person.delivered.last))
      #expect(device.delivered.count == number + 1 && person.delivered.count == number + 1)
      // Between sessions the gateway is a router: only the time to live and its sum differ.
      #expect(Self.isForwarded(question, as: arrived.0))
      #expect(Self.isForwarded(answer, as: arrived.1))
    }
  }

  @Test func theDeviceMayComeAfterTheGrantAndTheOperatorReconnect() throws {
    let site = try ClearSite()
    let (person, first) = try site.connect()
    // The first address of the pool that is still free is the one that the device will get.
    apply(.granted(grant: Grant(1, "user0", "user1", "10.0.0.3")), at: site)
    let (device, second) = try site.connect()
    let there = try #require(device.inner)
    #expect("\(there)" == "10.0.0.3")
    #expect(site.send([1], from: person, to: there) == .send(.udp1701))
    site.hangUp(person)
    let pairs = site.gateway.host.endpoint.residue.pairs
    #expect(pairs == 0)
    let (again, third) = try site.connect(user: 0)
    #expect(third != first)
    #expect(site.send([2], from: again, to: there) == .send(.udp1701))
    let views = site.gateway.grantViews
    #expect(views.map(\.deviceSession) == [second])
    #expect(views.map(\.operatorSessions) == [[third]])
    #expect(views.map(\.obstacle) == [nil])
  }

  @Test func everySessionOfTheOperatorReachesTheDevice() throws {
    let site = try ClearSite()
    let (one, _) = try site.connect()
    let (device, _) = try site.connect()
    let (other, _) = try site.connect(user: 0)
    let there = try #require(device.inner)
    apply(try grant(to: device), at: site)
    #expect(site.send([1], from: one, to: there) == .send(.udp1701))
    #expect(site.send([2], from: other, to: there) == .send(.udp1701))
    // They do not reach each other: the grant is about the device.
    #expect(site.send([3], from: one, to: try #require(other.inner)) == .done)
    apply(.all(grants: []), at: site)
    #expect(site.send([4], from: one, to: there) == .done)
    #expect(site.send([5], from: other, to: there) == .done)
    #expect(device.delivered.map(\.last) == [1, 2])
  }

  @Test func pairsPastTheMaximumComeWhenThereIsRoom() throws {
    var limits = Endpoint.Limits()
    limits.pairsMax = 1
    let site = try ClearSite(limits: limits)
    let (one, _) = try site.connect()
    let (device, _) = try site.connect()
    let (other, _) = try site.connect(user: 0)
    let there = try #require(device.inner)
    apply(try grant(to: device), at: site)
    #expect(site.send([1], from: one, to: there) == .send(.udp1701))
    #expect(site.send([2], from: other, to: there) == .done)
    site.hangUp(one)
    #expect(site.send([3], from: other, to: there) == .send(.udp1701))
  }

  private func give(
    _ packet: [UInt8], from client: ClearClient, to site: ClearSite
  ) -> [PacketVerdict] {
    guard let datagram = client.data([0, 0x21] + packet) else { return [] }
    defer { site.settle() }
    return site.give([datagram], from: client.remote)
  }

  /// A TCP header without options or data; its checksum is for the ends alone.
  private static func segment(from source: UInt16, to destination: UInt16, flags: UInt8) -> [UInt8]
  {
    var segment = ByteWriter()
    segment.write(source)
    segment.write(destination)
    segment.write(UInt32(1))
    segment.write(UInt32(flags == 0x02 ? 0 : 2))
    segment.write([0x50, flags, 0xFF, 0xFF, 0, 0, 0, 0])
    return segment.bytes
  }

  private static func packet(
    _ number: UInt8, from source: IPv4Address, to destination: IPv4Address, _ payload: [UInt8]
  ) -> [UInt8] {
    var packet = ByteWriter()
    packet.write(UInt16(0x4500))
    packet.write(UInt16(20 + payload.count))
    packet.write(UInt32(0x1234_4000))
    packet.write([64, number, 0, 0])
    packet.write(source.value)
    packet.write(destination.value)
    packet.overwrite(checksum(packet.bytes), at: 10)
    packet.write(payload)
    return packet.bytes
  }

  private static func checksum(_ bytes: [UInt8]) -> UInt16 {
    var arena = PacketArena(byteCount: bytes.count)
    arena.store(bytes, at: 0)
    return InternetChecksum.checksum(
      InternetChecksum.sum(arena, 0..<bytes.count, initial: 0))
  }

  private static func isForwarded(_ sent: [UInt8], as arrived: [UInt8]) -> Bool {
    guard sent.count == arrived.count, arrived.count >= 20, arrived[8] == sent[8] - 1,
      checksum(Array(arrived.prefix(20))) == 0
    else { return false }
    return sent[..<8] == arrived[..<8] && sent[9] == arrived[9] && sent[12...] == arrived[12...]
  }
}
