import CLinux
import Glibc
import LinuxIO
import Primitives
import Testing

@Suite(.timeLimit(.minutes(5))) struct UDPSocketTests {
  @Test func slotsHaveTheLayoutOfTheShim() {
    #expect(MemoryLayout<IOSlot>.size == MemoryLayout<clinux_slot>.size)
    #expect(MemoryLayout<IOSlot>.stride == MemoryLayout<clinux_slot>.stride)
    #expect(MemoryLayout<IOSlot>.offset(of: \.offset) == 0)
    #expect(MemoryLayout<IOSlot>.offset(of: \.capacityBytes) == 4)
    #expect(MemoryLayout<IOSlot>.offset(of: \.lengthBytes) == 8)
    #expect(MemoryLayout<IOSlot>.offset(of: \.segmentBytes) == 12)
    #expect(MemoryLayout<IOSlot>.offset(of: \.failure) == 14)
    #expect(MemoryLayout<IOSlot>.offset(of: \.remote) == 16)
    #expect(MemoryLayout<IOSlot>.offset(of: \.local) == 40)
    #expect(MemoryLayout<clinux_slot>.offset(of: \.remote) == 16)
    #expect(MemoryLayout<clinux_slot>.offset(of: \.local) == 40)
    #expect(MemoryLayout<IOAddress>.offset(of: \.interface) == 16)
    #expect(MemoryLayout<IOAddress>.offset(of: \.port) == 20)
    #expect(MemoryLayout<IOAddress>.offset(of: \.family) == 22)
    #expect(MemoryLayout<clinux_address>.offset(of: \.family) == 22)
  }

  @Test(arguments: ["127.0.0.1", "::1"])
  func batchesArriveInOrderWithBothAddresses(host: String) async throws {
    try await NetworkNamespace.run {
      var sender = try UDPSocket(bindingTo: .literal(host))
      var receiver = try UDPSocket(bindingTo: .literal(host))
      let arena = TestArena(slots: 100, slotBytes: 2048)
      let payloads = (0..<100).map { payload($0, $0 * 14) }
      let sent = try arena.send(payloads, to: receiver.local, through: &sender)
      #expect(sent.done == 100)
      let first = try arena.receive(from: &receiver)
      let rest = try arena.receive(from: &receiver)
      #expect((first + rest).map(\.bytes) == payloads)
      #expect(first.allSatisfy { $0.slot.remote == sender.local })
      #expect(first.allSatisfy { $0.slot.local == receiver.local })
      let none = try arena.receive(from: &receiver)
      #expect(none.isEmpty)
      #expect(receiver.counters.received == 100)
      #expect(sender.counters.sent == 100)
    }
  }

  @Test func answersLeaveFromTheAddressThatWasAsked() async throws {
    try await NetworkNamespace.run {
      var gateway = try UDPSocket(bindingTo: .literal("0.0.0.0"))
      var client = try UDPSocket(bindingTo: .literal("127.0.0.1"))
      let arena = TestArena(slots: 4, slotBytes: 256)
      let asked = try IOAddress.literal("127.0.0.53", gateway.local.port)
      _ = try arena.send([[1, 2, 3]], to: asked, through: &client)
      let question = try #require(try arena.receive(from: &gateway).first)
      #expect(question.slot.local == asked)
      _ = try arena.send(
        [[4]], from: question.slot.local, to: question.slot.remote, through: &gateway)
      let answer = try #require(try arena.receive(from: &client).first)
      #expect(answer.slot.remote == asked)
    }
  }

  @Test func datagramsLongerThanTheSlotAreDroppedAndCounted() async throws {
    try await NetworkNamespace.run {
      var sender = try UDPSocket(bindingTo: .literal("127.0.0.1"))
      var receiver = try UDPSocket(bindingTo: .literal("127.0.0.1"))
      let large = TestArena(slots: 3, slotBytes: 512)
      let small = TestArena(slots: 4, slotBytes: 128)
      let payloads = [payload(1, 128), payload(2, 129), payload(3, 5)]
      _ = try large.send(payloads, to: receiver.local, through: &sender)
      let received = try small.receive(from: &receiver)
      #expect(received.map(\.bytes) == [payloads[0], payloads[2]])
      #expect(receiver.counters.truncated == 1)
    }
  }

  @Test func datagramTooLargeForUDPIsGivenUpAndTheNextIsSent() async throws {
    try await NetworkNamespace.run {
      var sender = try UDPSocket(bindingTo: .literal("127.0.0.1"))
      var receiver = try UDPSocket(bindingTo: .literal("127.0.0.1"))
      let arena = TestArena(slots: 3, slotBytes: 70_000)
      let payloads = [payload(1, 65_508), payload(2, 65_507), payload(3, 5)]
      let sent = try arena.send(payloads, to: receiver.local, through: &sender)
      #expect(sent.done == 3)
      #expect(sent.slots.map(\.failure) == [UInt16(EMSGSIZE), 0, 0])
      #expect(sender.counters.sendFailures == 1)
      let received = try arena.receive(from: &receiver)
      #expect(received.map(\.bytes) == [payloads[1], payloads[2]])
    }
  }

  @Test func destinationWithoutRouteIsGivenUp() async throws {
    try await NetworkNamespace.run {
      var sender = try UDPSocket(bindingTo: .literal("0.0.0.0"))
      let arena = TestArena(slots: 1, slotBytes: 64)
      let sent = try arena.send([[1]], to: .literal("192.0.2.1", 9), through: &sender)
      #expect(sent.done == 1)
      #expect(sent.slots.map(\.failure) == [UInt16(ENETUNREACH)])
    }
  }

  @Test(arguments: [false, true])
  func segmentsAreCutByTheKernelOrByUs(offload: Bool) async throws {
    try await NetworkNamespace.run {
      var options = SocketOptions()
      options.offload = offload
      var sender = try UDPSocket(bindingTo: .literal("127.0.0.1"), options: options)
      var receiver = try UDPSocket(bindingTo: .literal("127.0.0.1"))
      let arena = TestArena(slots: 128, slotBytes: 1024)
      // More segments than one system call takes when we cut, and a shorter last one.
      let bytes = payload(7, 64 * 10 + 3)
      let sent = try arena.send([bytes], segmentBytes: 10, to: receiver.local, through: &sender)
      #expect(sent.done == 1)
      #expect(sender.counters.sent == 1)
      let received = try arena.receive(from: &receiver) + arena.receive(from: &receiver)
      #expect(received.count == 65)
      #expect(received.flatMap(\.bytes) == bytes)
    }
  }

  @Test func coalescedDatagramsCarryTheirSegmentSize() async throws {
    try await NetworkNamespace.run {
      var options = SocketOptions()
      options.offload = true
      var sender = try UDPSocket(bindingTo: .literal("127.0.0.1"), options: options)
      var receiver = try UDPSocket(bindingTo: .literal("127.0.0.1"), options: options)
      // Linux has both since 5.0; without them nothing here is shown.
      let offloads = [sender.segmentationOffload, receiver.receiveOffload]
      try #require(offloads == [true, true])
      let arena = TestArena(slots: 4, slotBytes: 65_535)
      let bytes = payload(9, 1000 * 5 + 1)
      _ = try arena.send([bytes], segmentBytes: 1000, to: receiver.local, through: &sender)
      let received = try arena.receive(from: &receiver)
      #expect(received.flatMap(\.bytes) == bytes)
      #expect(received.first?.slot.segmentBytes == 1000)
    }
  }

  @Test func portTakenSaysSo() async throws {
    try await NetworkNamespace.run {
      let first = try UDPSocket(bindingTo: .literal("127.0.0.1"))
      let taken = SocketAddress(try #require(IPAddress("127.0.0.1")), port: first.local.port)
      let error = #expect(throws: SystemError.self) { _ = try UDPSocket(bindingTo: taken) }
      #expect(
        error?.description == "bind UDP \(taken): Address already in use (EADDRINUSE)")
    }
  }

  @Test func reusedPortIsShared() async throws {
    try await NetworkNamespace.run {
      var options = SocketOptions()
      options.reusePort = true
      let first = try UDPSocket(bindingTo: .literal("127.0.0.1"), options: options)
      let second = try UDPSocket(
        bindingTo: .literal("127.0.0.1", first.local.port), options: options)
      #expect(second.local == first.local)
    }
  }
}
