import Glibc
import LinuxIO
import Primitives
import Testing

/// The in-memory twins keep the rules of the protocols, so that what runs on them runs on Linux.
@Suite(.timeLimit(.minutes(5))) struct MemoryTwinTests {
  /// What every datagram socket does; the same steps for both kinds.
  private static func exchange<Socket: DatagramSocket & ~Copyable>(
    _ sender: inout Socket, at local: IOAddress, _ receiver: inout Socket, at remote: IOAddress
  ) throws {
    let arena = TestArena(slots: 4, slotBytes: 64)
    let small = TestArena(slots: 8, slotBytes: 16)
    let sent = try arena.send([payload(1, 16), payload(2, 17), []], to: remote, through: &sender)
    #expect(sent.done == 3)
    let received = try small.receive(from: &receiver)
    #expect(received.map(\.bytes) == [payload(1, 16), []])
    #expect(received.allSatisfy { $0.slot.remote == local && $0.slot.local == remote })
    #expect(receiver.counters.truncated == 1)
    _ = try arena.send([payload(3, 25)], segmentBytes: 10, to: remote, through: &sender)
    let pieces = try small.receive(from: &receiver)
    #expect(pieces.map(\.bytes.count) == [10, 10, 5])
    #expect(sender.counters.sent == 4)
  }

  @Test func bothKindsOfSocketsKeepTheSameRules() async throws {
    let network = MemoryNetwork()
    let (left, right) = (
      try SocketAddress.literal("10.0.0.1", 500), try SocketAddress.literal("10.0.0.2", 500)
    )
    var first = try MemoryDatagramSocket(bindingTo: left, on: network)
    var second = try MemoryDatagramSocket(bindingTo: right, on: network)
    try Self.exchange(&first, at: first.local, &second, at: second.local)
    try await NetworkNamespace.run {
      var first = try UDPSocket(bindingTo: .literal("127.0.0.1"))
      var second = try UDPSocket(bindingTo: .literal("127.0.0.1"))
      try Self.exchange(&first, at: first.local, &second, at: second.local)
    }
  }

  @Test func memorySocketFillsUpFailsAndAnswersFromTheAddressAsked() throws {
    let network = MemoryNetwork()
    var gateway = try MemoryDatagramSocket(
      bindingTo: .literal("0.0.0.0", 4500), on: network)
    var client = try MemoryDatagramSocket(
      bindingTo: .literal("10.0.0.9", 4500), on: network)
    let arena = TestArena(slots: 4, slotBytes: 64)
    client.sendAllowance = 1
    let full = try arena.send([[1], [2]], to: .literal("10.0.0.1", 4500), through: &client)
    #expect(full.done == 1)
    let question = try #require(try arena.receive(from: &gateway).first)
    #expect(question.slot.local == (try .literal("10.0.0.1", 4500)))
    gateway.failNextSend(with: EMSGSIZE)
    let answers = try arena.send(
      [[3], [4]], from: question.slot.local, to: question.slot.remote, through: &gateway)
    #expect(answers.slots.map(\.failure) == [UInt16(EMSGSIZE), 0])
    let answer = try arena.receive(from: &client)
    #expect(answer.map(\.bytes) == [[4]])
    #expect(answer.first?.slot.remote == question.slot.local)
    client.failNextReceive(with: SystemError("receive", errno: EIO))
    #expect(throws: SystemError.self) { _ = try arena.receive(from: &client) }
    let taken = #expect(throws: SystemError.self) {
      _ = try MemoryDatagramSocket(bindingTo: .literal("10.0.0.9", 4500), on: network)
    }
    #expect(taken?.errno == EADDRINUSE)
  }

  @Test func memoryNetworkLosesWhatDoesNotFitAndWhatNobodyReceives() throws {
    let network = MemoryNetwork()
    var socket = try MemoryDatagramSocket(bindingTo: .literal("10.0.0.1", 1), on: network)
    let arena = TestArena(slots: 1, slotBytes: 8)
    _ = try arena.send([[1]], to: .literal("10.0.0.2", 1), through: &socket)
    #expect(network.lost == 1)
    for _ in 0...MemoryNetwork.datagramsMax {
      _ = try arena.send([[1]], to: socket.local, through: &socket)
    }
    #expect(network.lost == 2)
  }

  @Test func memoryDeviceGivesAndTakesPackets() throws {
    var device = MemoryPacketDevice()
    let arena = TestArena(slots: 4, slotBytes: 32)
    device.inject(payload(1, 31))
    device.inject(payload(2, 32))
    let read = try arena.read(from: &device)
    #expect(read.map(\.bytes) == [payload(1, 31)])
    #expect(device.counters.truncated == 1)
    device.failNextWrite(with: EIO)
    let written = try arena.write([[1], [2]], to: &device)
    #expect(written.slots.map(\.failure) == [UInt16(EIO), 0])
    let packet = device.nextWritten()
    #expect(packet == [2])
    device.failNextRead(with: SystemError("read", errno: EBADFD))
    #expect(throws: SystemError.self) { _ = try arena.read(from: &device) }
  }

  @Test func memoryNetworkControlRoutesByPrefixAndMetric() throws {
    var control = MemoryNetworkControl()
    let link = control.makeLink(named: "draw0")
    try control.configure(link, mtuBytes: 1400, queuePackets: nil, isUp: true)
    let known = try control.link(named: "draw0")
    #expect(known.isUp && known.mtuBytes == 1400)
    let own = try SocketAddress.literal("10.9.0.1").address
    let inside = try SocketAddress.literal("10.20.0.1").address
    var changes = NetworkChanges()
    try changes.add(LinkAddress(own, prefixBits: 24, on: link), with: &control)
    let wide = try #require(IPPrefix("0.0.0.0/0"))
    let narrow = try #require(IPPrefix("10.20.0.0/16"))
    try changes.add(Route(to: wide, on: link, gateway: inside), with: &control)
    try changes.add(Route(to: narrow, on: link), with: &control)
    let found = try control.route(to: inside)
    #expect(found == RouteLookup(link: link, source: own))
    control.failNextCall(with: EPERM)
    let failures = changes.revert(with: &control)
    #expect(failures.map(\.errno) == [EPERM])
    #expect(control.routes.map(\.destination) == [narrow])
    #expect(control.addresses.isEmpty)
  }

  @Test func changesAreBounded() throws {
    var control = MemoryNetworkControl()
    let link = control.makeLink(named: "draw0")
    var changes = NetworkChanges()
    for number in 0..<UInt32(NetworkChanges.changesMax) {
      let own = LinkAddress(.v4(IPv4Address(number)), prefixBits: 32, on: link)
      try changes.add(own, with: &control)
    }
    let more = LinkAddress(.v4(IPv4Address(.max)), prefixBits: 32, on: link)
    let error = #expect(throws: SystemError.self) { try changes.add(more, with: &control) }
    #expect(error?.errno == ENOBUFS)
    #expect(control.addresses.count == NetworkChanges.changesMax)
  }
}
