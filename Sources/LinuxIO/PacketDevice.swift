/// A device that gives and takes whole IP packets in batches, the payloads of slots (their addresses
/// are not used). Same rules as `DatagramSocket`.
public protocol PacketDevice: ~Copyable {
  var counters: IOCounters { get }

  /// Bytes of `struct virtio_net_hdr` before every packet read and written: 10 with offload, else 0.
  /// It says whether the packet is uncut (a super-packet of up to 65,535 bytes) and whether its
  /// checksum is still to be filled in (virtio 1.2 §5.1.6).
  var virtioHeaderBytes: Int { get }

  /// Reads up to `slots.count` packets; 0 when there is none. A packet that fills its slot to the
  /// last byte may have been cut: give slots at least the MTU and one byte.
  mutating func read(
    into arena: UnsafeMutableRawBufferPointer, _ slots: UnsafeMutableBufferPointer<IOSlot>
  ) throws(SystemError) -> Int

  /// Writes the packets in order and returns how many are done with: written, or refused by the
  /// kernel (`failure` set, counted).
  mutating func write(
    from arena: UnsafeRawBufferPointer, _ slots: UnsafeMutableBufferPointer<IOSlot>
  ) throws(SystemError) -> Int
}
