import Glibc
import LinuxIO
import Primitives
import Testing

@Suite(.timeLimit(.minutes(5))) struct TUNDeviceTests {
  /// An interface with 10.9.0.1 that is up.
  private static func makeDevice(
    _ netlink: inout Netlink, options: TUNOptions = TUNOptions()
  ) throws -> TUNDevice {
    let device = try TUNDevice(name: "draw0", options: options)
    let link = try netlink.link(named: device.name).index
    try netlink.configure(link, mtuBytes: 1400, queuePackets: 500, isUp: true)
    try netlink.add(LinkAddress(try address("10.9.0.1"), prefixBits: 24, on: link))
    return device
  }

  private static func address(_ text: String) throws -> IPAddress {
    try SocketAddress.literal(text).address
  }

  @Test func packetsGoInAndComeOut() async throws {
    try await NetworkNamespace.run {
      var netlink = try Netlink()
      var device = try Self.makeDevice(&netlink)
      var socket = try UDPSocket(bindingTo: .literal("10.9.0.1", 4000))
      let arena = TestArena(slots: 16, slotBytes: 2048)

      let packets = (0..<3).map { TestPacket.udp(payload($0, 100), identification: UInt16($0)) }
      let written = try arena.write(packets, to: &device)
      #expect(written.done == 3)
      let received = try arena.receive(from: &socket)
      #expect(received.map(\.bytes) == (0..<3).map { payload($0, 100) })
      #expect(received.first?.slot.remote.socketAddress?.description == "10.9.0.2:5000")

      _ = try arena.read(from: &device)
      _ = try arena.send([payload(9, 40)], to: .literal("10.9.0.2", 5000), through: &socket)
      let read = try arena.read(from: &device).filter { $0.bytes.first == 0x45 }
      #expect(read.map { Array($0.bytes.suffix(40)) } == [payload(9, 40)])
    }
  }

  @Test func whatIsNoPacketIsGivenUp() async throws {
    try await NetworkNamespace.run {
      var netlink = try Netlink()
      var device = try Self.makeDevice(&netlink)
      let arena = TestArena(slots: 4, slotBytes: 256)
      let packets = [[0x00, 1, 2, 3], [], TestPacket.udp([1], identification: 1)]
      let written = try arena.write(packets, to: &device)
      #expect(written.done == 3)
      #expect(written.slots[0].failure == UInt16(EINVAL))
      #expect(written.slots[1].failure == UInt16(EINVAL))
      #expect(written.slots[2].failure == 0)
      #expect(device.counters.sendFailures == 2)
    }
  }

  @Test func packetThatFillsItsSlotIsDroppedAsCut() async throws {
    try await NetworkNamespace.run {
      var netlink = try Netlink()
      var device = try Self.makeDevice(&netlink)
      var socket = try UDPSocket(bindingTo: .literal("10.9.0.1", 4000))
      let arena = TestArena(slots: 8, slotBytes: 128)
      _ = try arena.read(from: &device)
      for count in [128 - 28 - 1, 128 - 28] {
        _ = try arena.send([payload(0, count)], to: .literal("10.9.0.2", 9), through: &socket)
      }
      let before = device.counters.truncated
      // The host solicits IPv6 routers on a new interface whenever it likes.
      let read = try arena.read(from: &device).filter { $0.bytes.first == 0x45 }
      #expect(read.map(\.bytes.count) == [127])
      #expect(device.counters.truncated == before + 1)
    }
  }

  @Test func interfaceVanishesWithTheDevice() async throws {
    try await NetworkNamespace.run {
      var netlink = try Netlink()
      do {
        let device = try TUNDevice()
        let link = try netlink.link(named: device.name)
        #expect(link.name == "tun0")
      }
      let error = #expect(throws: SystemError.self) { _ = try netlink.link(named: "tun0") }
      #expect(error?.errno == ENODEV)
    }
  }

  @Test func superPacketsCrossUncutWithOffload() async throws {
    try await NetworkNamespace.run {
      var netlink = try Netlink()
      var options = TUNOptions()
      options.offload = true
      var device = try Self.makeDevice(&netlink, options: options)
      let header = device.virtioHeaderBytes
      #expect(header == 10)
      var offload = SocketOptions()
      offload.offload = true
      var socket = try UDPSocket(bindingTo: .literal("10.9.0.1", 4000), options: offload)
      let arena = TestArena(slots: 8, slotBytes: 65_546)

      let packet = TestPacket.udp(payload(1, 50), identification: 1)
      let plain = [UInt8](repeating: 0, count: header) + packet
      let written = try arena.write([plain, Array(plain.prefix(9))], to: &device)
      #expect(written.slots.map(\.failure) == [0, UInt16(EINVAL)])
      let received = try arena.receive(from: &socket)
      #expect(received.map(\.bytes) == [payload(1, 50)])

      _ = try arena.read(from: &device)
      let segments = payload(2, 1000 * 7)
      _ = try arena.send(
        [segments], segmentBytes: 1000, to: .literal("10.9.0.2", 9), through: &socket)
      // The host solicits IPv6 routers on a new interface whenever it likes.
      let read = try arena.read(from: &device).filter {
        $0.bytes.dropFirst(header).first.map { $0 >> 4 } == 4
      }
      // A kernel before 6.2 cuts UDP itself.
      #expect(read.count == (device.offload == .tcpAndUDP ? 1 : 7))
      #expect(read.flatMap { $0.bytes.dropFirst(header + 28) } == segments)
    }
  }

  @Test func queuesShareAnInterfaceWhenBothSaySo() async throws {
    try await NetworkNamespace.run {
      var options = TUNOptions()
      options.multiQueue = true
      let first = try TUNDevice(options: options)
      let second = try TUNDevice(name: first.name, options: options)
      #expect(second.name == first.name)
      let name = first.name
      #expect(throws: TUNDeviceError.nameTaken(name)) { _ = try TUNDevice(name: name) }
    }
  }

  @Test func takenNamesAreToldApart() async throws {
    try await NetworkNamespace.run {
      let first = try TUNDevice(name: "draw0")
      #expect(throws: TUNDeviceError.nameTaken(first.name)) { _ = try TUNDevice(name: "draw0") }
      #expect(throws: TUNDeviceError.nameTaken("lo")) { _ = try TUNDevice(name: "lo") }
    }
  }

  @Test(arguments: ["", "sixteen-bytes-xx", "a/b", "a b", ".", "..", "tun%d", "ü"])
  func badNamesAreRefusedBeforeTheKernelSeesThem(name: String) {
    #expect(throws: TUNDeviceError.nameInvalid(name)) { _ = try TUNDevice(name: name) }
  }

  @Test func nameOfFifteenBytesIsAccepted() async throws {
    try await NetworkNamespace.run {
      let device = try TUNDevice(name: "fifteen-bytes-x")
      #expect(device.name == "fifteen-bytes-x")
    }
  }

  @Test func downInterfaceGivesUpEveryPacket() async throws {
    try await NetworkNamespace.run {
      var device = try TUNDevice(name: "draw0")
      let arena = TestArena(slots: 1, slotBytes: 256)
      let written = try arena.write([TestPacket.udp([1], identification: 1)], to: &device)
      #expect(written.slots.map(\.failure) == [UInt16(EIO)])
    }
  }
}

/// IPv4 packets from 10.9.0.2:5000 to 10.9.0.1:4000.
enum TestPacket {
  static func udp(_ payload: [UInt8], identification: UInt16) -> [UInt8] {
    ipv4(protocol: 17, identification: identification) { writer in
      writer.write(UInt16(5000))
      writer.write(UInt16(4000))
      writer.write(UInt16(8 + payload.count))
      writer.write(UInt16(0))
      writer.write(payload)
    }
  }

  static func ipv4(
    protocol number: UInt8, identification: UInt16, _ body: (inout ByteWriter) -> Void
  ) -> [UInt8] {
    var rest = ByteWriter()
    body(&rest)
    var header = ByteWriter()
    header.write(UInt16(0x4500))
    header.write(UInt16(20 + rest.count))
    header.write(identification)
    header.write(UInt16(0))
    header.write(UInt8(64))
    header.write(number)
    header.write(UInt16(0))
    header.write([10, 9, 0, 2, 10, 9, 0, 1])
    header.overwrite(checksum(of: header.bytes), at: 10)
    return header.bytes + rest.bytes
  }

  private static func checksum(of bytes: [UInt8]) -> UInt16 {
    var sum: UInt32 = 0
    for index in stride(from: 0, to: bytes.count, by: 2) {
      sum += UInt32(bytes[index]) << 8 | UInt32(bytes[index + 1])
    }
    while sum > 0xffff { sum = sum & 0xffff + sum >> 16 }
    return ~UInt16(sum)
  }
}
