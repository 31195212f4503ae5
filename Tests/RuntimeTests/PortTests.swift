import IPPacket
import LinuxIO
import Primitives
import Testing

@testable import Runtime

/// Ports and the bridge over sockets in memory.
@Suite(.timeLimit(.minutes(5))) struct PortTests {
  private static let here = SocketAddress(.v4(IPv4Address(192, 0, 2, 1)), port: 4500)
  private static let there = SocketAddress(.v4(IPv4Address(192, 0, 2, 2)), port: 4500)

  /// A port whose socket takes `allowance` datagrams, and its peer.
  private struct Pair: ~Copyable {
    var side: OuterSide
    let port: OuterPort<MemoryDatagramSocket>
    var peer: MemoryDatagramSocket

    init(allowance: Int?) throws {
      let network = MemoryNetwork()
      var socket = try MemoryDatagramSocket(bindingTo: here, on: network)
      socket.sendAllowance = allowance
      peer = try MemoryDatagramSocket(bindingTo: there, on: network)
      port = OuterPort(.udp4500, on: here.address, descriptor: -1, socket: socket)
      side = OuterSide(ports: [port], packetsMax: 1024)
    }

    mutating func send(_ numbers: Range<Int>) throws {
      var batch = PacketBatch(countMax: max(1, numbers.count))
      for number in numbers {
        _ = batch.append(
          [UInt8(truncatingIfNeeded: number >> 8), UInt8(truncatingIfNeeded: number)],
          remote: there, local: here)
        batch[batch.count - 1].verdict = .send(.udp4500)
      }
      try side.send(&batch)
    }

    /// The numbers that have arrived at the peer.
    mutating func arrived() throws -> [Int] {
      var batch = PacketBatch(countMax: 64)
      var bridge = BatchBridge(countMax: 64)
      var numbers: [Int] = []
      while true {
        let count = try bridge.fill(&batch) { (arena, slots) throws(SystemError) in
          try peer.receive(into: arena, slots)
        }
        guard count > 0 else { return numbers }
        numbers += (0..<count).map { index in
          let bytes = batch.bytes(of: index)
          return Int(bytes[0]) << 8 | Int(bytes[1])
        }
      }
    }
  }

  @Test func whatAFullSocketLeavesWaitsInOrder() throws {
    var pair = try Pair(allowance: 3)
    try pair.send(0..<5)
    #expect(pair.port.isFull)
    try pair.send(5..<7)
    #expect(try pair.arrived() == [0, 1, 2])
    pair.port.socket.sendAllowance = nil
    try pair.port.flush()
    #expect(!pair.port.isFull)
    #expect(try pair.arrived() == [3, 4, 5, 6])
  }

  @Test func oneDatagramPastTheBacklogIsLostAndCounted() throws {
    var pair = try Pair(allowance: 0)
    try pair.send(0..<Backlog.datagramsMax)
    #expect(pair.port.overflows == 0)
    try pair.send(0..<1)
    #expect(pair.port.overflows == 1)
    pair.port.socket.sendAllowance = nil
    try pair.port.flush()
    #expect(try pair.arrived() == Array(0..<Backlog.datagramsMax))
  }

  @Test func packetsOfNoSocketAreCounted() throws {
    var pair = try Pair(allowance: nil)
    var batch = PacketBatch(countMax: 2)
    let elsewhere = SocketAddress(.v4(IPv4Address(198, 51, 100, 1)), port: 4500)
    _ = batch.append([1, 2], remote: Self.there, local: elsewhere)
    batch[0].verdict = .send(.udp4500)
    _ = batch.append([0, 7], remote: Self.there, local: Self.here)
    batch[1].verdict = .send(.udp4500)
    try pair.side.send(&batch)
    #expect(pair.side.unroutable == 1)
    #expect(try pair.arrived() == [7])
  }

  @Test func wildcardServesEveryAddressOfItsFamily() throws {
    let port = OuterPort(
      .udp500, on: .v4(.any), descriptor: -1,
      socket: try MemoryDatagramSocket(bindingTo: Self.here, on: MemoryNetwork()))
    #expect(port.serves(.udp500, Self.there.address))
    #expect(!port.serves(.udp4500, Self.there.address))
    #expect(!port.serves(.udp500, .v6(IPv6Address(high: 0, low: 1))))
  }
}
