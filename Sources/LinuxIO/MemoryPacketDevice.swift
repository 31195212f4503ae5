import Primitives

/// A packet device whose other side is the test.
public struct MemoryPacketDevice: PacketDevice, ~Copyable {
  /// The most packets that wait in either direction; more are lost.
  public static let packetsMax = 1024

  public let virtioHeaderBytes = 0
  public private(set) var counters = IOCounters()
  private var incoming = BoundedQueue<[UInt8]>(countMax: packetsMax)
  private var outgoing = BoundedQueue<[UInt8]>(countMax: packetsMax)
  private var readFailures: [SystemError] = []
  private var writeFailures: [UInt16] = []

  public init() {}

  /// Lets the next reads find `packet`; `false` when too many wait.
  @discardableResult
  public mutating func inject(_ packet: [UInt8]) -> Bool { incoming.append(packet) }

  /// Takes the oldest packet that was written.
  public mutating func nextWritten() -> [UInt8]? { outgoing.popFirst() }

  /// Makes a read to come fail, in the order of these calls.
  public mutating func failNextRead(with error: SystemError) { readFailures.append(error) }

  /// Makes the next packet to write be given up with an error number.
  public mutating func failNextWrite(with number: Int32) {
    writeFailures.append(UInt16(truncatingIfNeeded: number))
  }

  public mutating func read(
    into arena: UnsafeMutableRawBufferPointer, _ slots: UnsafeMutableBufferPointer<IOSlot>
  ) throws(SystemError) -> Int {
    if !readFailures.isEmpty { throw readFailures.removeFirst() }
    var count = 0
    while count < slots.count, let packet = incoming.popFirst() {
      let slot = slots[count]
      precondition(slot.hasCapacity(in: arena.count), "a slot outside the arena")
      guard packet.count < Int(slot.capacityBytes) else {
        counters.truncated &+= 1
        continue
      }
      UnsafeMutableRawBufferPointer(rebasing: arena[Int(slot.offset)...]).copyBytes(from: packet)
      slots[count].lengthBytes = UInt32(packet.count)
      slots[count].segmentBytes = 0
      slots[count].failure = 0
      count += 1
    }
    counters.received &+= UInt64(count)
    return count
  }

  public mutating func write(
    from arena: UnsafeRawBufferPointer, _ slots: UnsafeMutableBufferPointer<IOSlot>
  ) throws(SystemError) -> Int {
    for index in slots.indices {
      let slot = slots[index]
      precondition(slot.hasContent(in: arena.count), "a slot outside the arena")
      slots[index].failure = writeFailures.isEmpty ? 0 : writeFailures.removeFirst()
      guard slots[index].failure == 0 else {
        counters.sendFailures &+= 1
        continue
      }
      let end = Int(slot.offset) + Int(slot.lengthBytes)
      outgoing.append(Array(arena[Int(slot.offset)..<end]))
      counters.sent &+= 1
    }
    return slots.count
  }
}
