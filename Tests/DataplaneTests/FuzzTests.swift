import Dataplane
import ESP
import IPPacket
import Primitives
import Testing

/// Whatever comes in: no trap, and a tunnel that still works afterwards.
@Suite(.timeLimit(.minutes(5))) struct FuzzTests {
  private static func checkStillWorks(_ tunnel: inout Tunnel) {
    _ = tunnel.gateway.takePunts()
    let wire = tunnel.sendUp([Message.good])
    #expect(tunnel.arriveUp(wire).map(\.bytes) == [Message.good])
  }

  @Test func randomBytesOnEverySocket() throws {
    var tunnel = try Tunnel()
    tunnel.gateway.dataplane.acceptsClearL2TP = true
    var random = SeededRandom(seed: 11)
    for round in 0..<600 {
      let packets = (0..<8).map { _ in
        var bytes = random.bytes(Int.random(in: 0...120, using: &random))
        // Half of them know a valid SPI.
        if Bool.random(using: &random), bytes.count >= 4 {
          bytes.replaceSubrange(0..<4, with: [0, 0, 0x10, 0x01])
        }
        return bytes
      }
      let socket = OuterSocket.allCases[round % 4]
      _ = tunnel.gateway.receive(packets, from: socket)
      _ = tunnel.gateway.receiveFromTUN(packets)
      _ = tunnel.gateway.takePunts()
    }
    Self.checkStillWorks(&tunnel)
  }

  @Test func authenticPacketsWithAnyContent() throws {
    var tunnel = try Tunnel { $0.segmentBytesMax = 1_300 }
    var sealer = try Sealer()
    var random = SeededRandom(seed: 12)
    let seeds: [[UInt8]] = [
      Message.ipv4(Message.good),
      Message.ipv4(
        Packets.syn(from: Tunnel.clientInner, to: .server, options: [1, 2, 4, 5, 0xB4, 8, 10])),
      [0x7B, 2, 0, 40, 0, 7, 0, 8, 0, 1, 0, 0, 0, 3, 9, 9, 9, 0xFF, 3, 0xC0, 0x21, 1, 1, 0, 4],
      [0xC8, 2, 0, 20, 0, 7, 0, 0, 0, 0, 0, 0, 0x80, 8, 0, 0, 0, 0, 0, 1],
    ]
    for round in 0..<4_000 {
      var message = seeds[round % seeds.count]
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let position = Int.random(in: 0..<message.count, using: &random)
        message[position] = UInt8.random(in: 0...255, using: &random)
      }
      if round % 5 == 0 { message.removeLast(Int.random(in: 0..<message.count, using: &random)) }
      let wire =
        round % 7 == 0
        ? try sealer.seal(message, nextHeader: UInt8.random(in: 0...255, using: &random))
        : try sealer.seal(l2tp: message)
      _ = tunnel.arriveUp([wire])
      _ = tunnel.gateway.takePunts()
    }
    #expect(tunnel.gateway.count(.badICV) == 0)
    // The sealer has used up the first SA's numbers for the client.
    try Tunnel.install(&tunnel.gateway, &tunnel.client, gcm, .udpESP, generation: 2)
    Self.checkStillWorks(&tunnel)
  }

  @Test func mutatedIPPacketsFromTheTUNDevice() throws {
    var tunnel = try Tunnel { $0.segmentBytesMax = 1_300 }
    var random = SeededRandom(seed: 13)
    let seeds = [
      Packets.udp(from: .server, to: Tunnel.clientInner),
      Packets.syn(from: .server, to: Tunnel.clientInner, options: [1, 3, 3, 7, 2, 4, 5, 0xB4]),
    ]
    for round in 0..<4_000 {
      var packet = seeds[round % 2]
      let position = Int.random(in: 0..<16, using: &random)
      packet[position] = UInt8.random(in: 0...255, using: &random)
      if round % 3 == 0, packet.count > 32 {
        packet[32] = UInt8.random(in: 0...255, using: &random)
      }
      if round % 4 == 0 { packet.removeLast(Int.random(in: 0..<packet.count, using: &random)) }
      _ = tunnel.gateway.receiveFromTUN([packet])
    }
    Self.checkStillWorks(&tunnel)
  }
}
