import Glibc
import Primitives

/// A datagram socket on a `MemoryNetwork`, which fails and fills up on demand.
public struct MemoryDatagramSocket: DatagramSocket, ~Copyable {
  /// What it is bound to.
  public let local: IOAddress
  public private(set) var counters = IOCounters()
  /// How many datagrams it takes before it is full; `nil` is never. Raise it to go on.
  public var sendAllowance: Int?
  private let network: MemoryNetwork
  private var receiveFailures: [SystemError] = []
  private var sendFailures: [UInt16] = []

  /// EADDRINUSE when the address is taken.
  public init(bindingTo address: SocketAddress, on network: MemoryNetwork) throws(SystemError) {
    let local = IOAddress(address)
    guard network.bind(local) else {
      throw SystemError("bind UDP \(address)", errno: EADDRINUSE)
    }
    self.local = local
    self.network = network
  }

  deinit { network.unbind(local) }

  /// Makes a receive to come fail, in the order of these calls.
  public mutating func failNextReceive(with error: SystemError) { receiveFailures.append(error) }

  /// Makes the next slot to send be given up with an error number.
  public mutating func failNextSend(with number: Int32) {
    sendFailures.append(UInt16(truncatingIfNeeded: number))
  }

  public mutating func receive(
    into arena: UnsafeMutableRawBufferPointer, _ slots: UnsafeMutableBufferPointer<IOSlot>
  ) throws(SystemError) -> Int {
    if !receiveFailures.isEmpty { throw receiveFailures.removeFirst() }
    var count = 0
    while count < slots.count, let datagram = network.next(at: local) {
      let slot = slots[count]
      precondition(slot.hasCapacity(in: arena.count), "a slot outside the arena")
      guard datagram.bytes.count <= Int(slot.capacityBytes) else {
        counters.truncated &+= 1
        continue
      }
      UnsafeMutableRawBufferPointer(rebasing: arena[Int(slot.offset)...])
        .copyBytes(from: datagram.bytes)
      slots[count].lengthBytes = UInt32(datagram.bytes.count)
      slots[count].segmentBytes = 0
      slots[count].failure = 0
      slots[count].remote = datagram.remote
      slots[count].local = datagram.local
      count += 1
    }
    counters.received &+= UInt64(count)
    return count
  }

  public mutating func send(
    from arena: UnsafeRawBufferPointer, _ slots: UnsafeMutableBufferPointer<IOSlot>
  ) throws(SystemError) -> Int {
    for index in slots.indices {
      let slot = slots[index]
      precondition(slot.hasContent(in: arena.count), "a slot outside the arena")
      precondition(slot.remote.family != 0, "a datagram without destination")
      guard sendAllowance != 0 else { return index }
      sendAllowance = sendAllowance.map { $0 - 1 }
      slots[index].failure = sendFailures.isEmpty ? 0 : sendFailures.removeFirst()
      guard slots[index].failure == 0 else {
        counters.sendFailures &+= 1
        continue
      }
      let end = Int(slot.offset) + Int(slot.lengthBytes)
      send(Array(arena[Int(slot.offset)..<end]), slot)
      counters.sent &+= 1
    }
    return slots.count
  }

  private func send(_ bytes: [UInt8], _ slot: IOSlot) {
    var source = slot.local.family == 0 ? local : slot.local
    source.port = local.port
    let segment = slot.segmentBytes == 0 ? max(bytes.count, 1) : Int(slot.segmentBytes)
    guard !bytes.isEmpty else { return network.deliver([], from: source, to: slot.remote) }
    for start in stride(from: 0, to: bytes.count, by: segment) {
      let piece = Array(bytes[start..<min(start + segment, bytes.count)])
      network.deliver(piece, from: source, to: slot.remote)
    }
  }
}
