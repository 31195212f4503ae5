import IPPacket
import LinuxIO

/// The TUN device as the loop uses it.
final class InnerPort {
  private var device: TUNDevice
  private var bridge: BatchBridge
  /// Packets that the kernel did not take at once.
  private(set) var overflows: UInt64 = 0

  /// - Parameter packetsMax: packets of the largest batch.
  init(_ device: consuming TUNDevice, packetsMax: Int) {
    self.device = device
    bridge = BatchBridge(countMax: packetsMax)
  }

  var descriptor: Int32 { device.descriptor }
  var name: String { device.name }

  /// Replaces the batch by what the kernel has; returns how many packets that were.
  func read(into batch: inout PacketBatch) throws(SystemError) -> Int {
    try unsafe bridge.fill(&batch) { (arena, slots) throws(SystemError) in
      try unsafe device.read(into: arena, slots)
    }
  }

  /// Writes the packets of a batch that are to be delivered. The kernel always takes packets; should
  /// it not, they are lost as on a wire.
  func deliver(_ batch: inout PacketBatch) throws(SystemError) {
    for index in 0..<batch.count where batch[index].verdict == .deliver { bridge.add(batch[index]) }
    try unsafe bridge.hand(&batch) { (arena, slots) throws(SystemError) in
      let done = try unsafe device.write(from: arena, slots)
      overflows &+= UInt64(slots.count - done)
    }
  }
}
