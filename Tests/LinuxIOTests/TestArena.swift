import LinuxIO
import Primitives

/// An arena with equal slots, as the runtime has it, for tests.
struct TestArena: ~Copyable {
  private let bytes: UnsafeMutableRawBufferPointer
  private let records: UnsafeMutableBufferPointer<IOSlot>
  private let slotBytes: Int

  init(slots: Int, slotBytes: Int) {
    bytes = .allocate(byteCount: slots * slotBytes, alignment: 16)
    records = .allocate(capacity: slots)
    records.initialize(repeating: IOSlot(offset: 0, capacityBytes: 0))
    self.slotBytes = slotBytes
  }

  deinit {
    bytes.deallocate()
    records.deallocate()
  }

  /// What a slot holds after a receive.
  struct Datagram: Equatable {
    var bytes: [UInt8]
    var slot: IOSlot
  }

  func receive<Socket: DatagramSocket & ~Copyable>(
    from socket: inout Socket
  ) throws -> [Datagram] {
    clear()
    return try collect(socket.receive(into: bytes, records))
  }

  func read<Device: PacketDevice & ~Copyable>(from device: inout Device) throws -> [Datagram] {
    clear()
    return try collect(device.read(into: bytes, records))
  }

  /// Sends each payload to `remote`; returns how many were done with and the slots afterwards.
  func send<Socket: DatagramSocket & ~Copyable>(
    _ payloads: [[UInt8]], segmentBytes: UInt16 = 0, from local: IOAddress = .none,
    to remote: IOAddress, through socket: inout Socket
  ) throws -> (done: Int, slots: [IOSlot]) {
    fill(payloads)
    for index in payloads.indices {
      records[index].segmentBytes = segmentBytes
      records[index].local = local
      records[index].remote = remote
    }
    let used = UnsafeMutableBufferPointer(rebasing: records[..<payloads.count])
    return (try socket.send(from: UnsafeRawBufferPointer(bytes), used), Array(used))
  }

  func write<Device: PacketDevice & ~Copyable>(
    _ packets: [[UInt8]], to device: inout Device
  ) throws -> (done: Int, slots: [IOSlot]) {
    fill(packets)
    let used = UnsafeMutableBufferPointer(rebasing: records[..<packets.count])
    return (try device.write(from: UnsafeRawBufferPointer(bytes), used), Array(used))
  }

  private func clear() {
    for index in records.indices {
      records[index] = IOSlot(offset: index * slotBytes, capacityBytes: slotBytes)
    }
  }

  private func fill(_ payloads: [[UInt8]]) {
    for (index, payload) in payloads.enumerated() {
      records[index] = IOSlot(offset: index * slotBytes, lengthBytes: payload.count)
      UnsafeMutableRawBufferPointer(rebasing: bytes[(index * slotBytes)...]).copyBytes(
        from: payload)
    }
  }

  private func collect(_ count: Int) -> [Datagram] {
    records.prefix(count).map { slot in
      let end = Int(slot.offset) + Int(slot.lengthBytes)
      return Datagram(bytes: Array(bytes[Int(slot.offset)..<end]), slot: slot)
    }
  }
}

extension SocketAddress {
  /// `1.2.3.4` or `::1` and a port, for literals in tests.
  static func literal(_ text: String, _ port: UInt16 = 0) throws -> SocketAddress {
    guard let address = IPAddress(text) else { throw NotAnAddress(text: text) }
    return SocketAddress(address, port: port)
  }
}

struct NotAnAddress: Error { var text: String }

extension IOAddress {
  static func literal(_ text: String, _ port: UInt16 = 0) throws -> IOAddress {
    IOAddress(try SocketAddress.literal(text, port))
  }
}

/// The number of bytes or packets as a payload that can be told from others.
func payload(_ seed: Int, _ count: Int) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: seed &* 31 &+ $0) }
}
