import Glibc
import LinuxIO
import Primitives
import Testing

@Suite(.timeLimit(.minutes(5))) struct RawESPSocketTests {
  @Test(arguments: [["127.0.0.1", "127.0.0.2", "0.0.0.0"], ["::1", "::1", "::"]])
  func packetsArriveWithoutTheirIPHeader(texts: [String]) async throws {
    try await NetworkNamespace.run {
      let addresses = try texts.map { try SocketAddress.literal($0).address }
      var sender = try RawESPSocket(bindingTo: addresses[0])
      var receiver = try RawESPSocket(bindingTo: addresses[2])
      let arena = TestArena(slots: 80, slotBytes: 2048)
      let packets = (0..<70).map { payload($0, 60 + $0 * 20) }
      // A port in the address is of no meaning to ESP and must not reach the kernel.
      let sent = try arena.send(packets, to: .literal(texts[1], 4500), through: &sender)
      #expect(sent.done == 70)
      #expect(sent.slots.allSatisfy { $0.failure == 0 })
      let received = try arena.receive(from: &receiver) + arena.receive(from: &receiver)
      #expect(received.map(\.bytes) == packets)
      #expect(received.allSatisfy { $0.slot.local == IOAddress(addresses[1]) })
      #expect(received.allSatisfy { $0.slot.remote == IOAddress(addresses[0]) })
    }
  }

  @Test func sourceIsTheOneAskedFor() async throws {
    try await NetworkNamespace.run {
      let any = IPAddress.v4(.any)
      var gateway = try RawESPSocket(bindingTo: any)
      var client = try RawESPSocket(bindingTo: try SocketAddress.literal("127.0.0.9").address)
      let arena = TestArena(slots: 4, slotBytes: 256)
      _ = try arena.send(
        [payload(1, 40)], from: .literal("127.0.0.53"), to: .literal("127.0.0.9"),
        through: &gateway)
      let received = try arena.receive(from: &client)
      #expect(received.map(\.slot.remote) == [try .literal("127.0.0.53")])
    }
  }

  @Test func packetLongerThanTheSlotIsDroppedAndCounted() async throws {
    try await NetworkNamespace.run {
      let loopback = try SocketAddress.literal("127.0.0.1").address
      var socket = try RawESPSocket(bindingTo: loopback)
      let large = TestArena(slots: 2, slotBytes: 512)
      // The IP header of 20 bytes needs room in the slot as well.
      let small = TestArena(slots: 2, slotBytes: 120)
      _ = try large.send(
        [payload(1, 101), payload(2, 100)], to: IOAddress(loopback), through: &socket)
      let received = try small.receive(from: &socket)
      #expect(received.map(\.bytes) == [payload(2, 100)])
      #expect(socket.counters.truncated == 1)
    }
  }
}
