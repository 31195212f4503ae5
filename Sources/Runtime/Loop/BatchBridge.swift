import IPPacket
import LinuxIO
import Primitives

/// Carries packets between a batch and the kernel: slot records only, the bytes stay in the arena.
///
/// Made once; nothing is allocated for a packet.
struct BatchBridge {
  /// A receive returns this many at most.
  static let receivedMax = 64

  private var slots: [IOSlot]
  /// Slots filled by `add`.
  private var listed = 0
  private static let nowhere = SocketAddress(.v4(.any), port: 0)

  /// - Parameter countMax: packets of the largest batch that is sent.
  init(countMax: Int) {
    slots = Array(
      repeating: IOSlot(offset: 0, capacityBytes: 0), count: max(countMax, Self.receivedMax))
  }

  /// A call that fills slots and says how many.
  typealias Filling = (
    UnsafeMutableRawBufferPointer, UnsafeMutableBufferPointer<IOSlot>
  ) throws(SystemError) -> Int

  /// A call that takes filled slots.
  typealias Taking = (
    UnsafeRawBufferPointer, UnsafeMutableBufferPointer<IOSlot>
  ) throws(SystemError) -> Void

  /// Replaces the batch by what `receive` brings; returns how many packets that were.
  mutating func fill(
    _ batch: inout PacketBatch, from receive: Filling
  ) throws(SystemError) -> Int {
    batch.removeAll()
    let limit = min(batch.countMax, Self.receivedMax)
    for index in 0..<limit {
      let range = batch.receiveRange(at: index)
      slots[index] = IOSlot(offset: range.lowerBound, capacityBytes: range.count)
    }
    let count = try unsafe call(receive, &batch, limit).get()
    for index in 0..<count {
      let slot = slots[index]
      // Records change places when one is dropped: the region goes by the offset.
      let start = Int(slot.offset)
      batch.append(
        region: batch.region(at: start / batch.regionBytes),
        packet: start..<start + Int(slot.lengthBytes),
        remote: slot.remote.socketAddress ?? Self.nowhere,
        local: slot.local.socketAddress ?? Self.nowhere)
    }
    return count
  }

  private mutating func call(
    _ receive: Filling, _ batch: inout PacketBatch, _ limit: Int
  ) -> Result<Int, SystemError> {
    unsafe batch.arena.withUnsafeMutableBytes { arena in
      unsafe slots.withUnsafeMutableBufferPointer { slots in
        Result { () throws(SystemError) in
          try unsafe receive(arena, UnsafeMutableBufferPointer(rebasing: slots[..<limit]))
        }
      }
    }
  }

  /// Puts a packet on the list of those that the next `hand` is about.
  ///
  /// - Precondition: no more than `countMax` packets between two calls of `hand`.
  mutating func add(_ packet: PacketSlot) {
    slots[listed] = IOSlot(
      offset: packet.packet.lowerBound, lengthBytes: packet.packet.count,
      from: IOAddress(packet.local), to: IOAddress(packet.remote))
    listed += 1
  }

  /// Hands the listed packets of `batch` to `send`, in their order.
  mutating func hand(_ batch: inout PacketBatch, to send: Taking) throws(SystemError) {
    guard listed > 0 else { return }
    let count = listed
    listed = 0
    let outcome = unsafe batch.arena.withUnsafeMutableBytes { arena in
      unsafe slots.withUnsafeMutableBufferPointer { slots in
        Result { () throws(SystemError) in
          try unsafe send(
            UnsafeRawBufferPointer(arena), UnsafeMutableBufferPointer(rebasing: slots[..<count]))
        }
      }
    }
    try outcome.get()
  }
}
