import LinuxIO

/// Datagrams that wait because their socket is full, oldest first.
///
/// Bounded: what comes on top is lost, as it would be in the kernel's own queue, and counted. Copies
/// are made only here, where the kernel does not keep up.
struct Backlog {
  /// The most datagrams that wait for one socket.
  static let datagramsMax = 512

  private struct Datagram {
    var bytes: [UInt8]
    var local: IOAddress
    var remote: IOAddress
  }

  private var waiting: [Datagram] = []
  /// Datagrams lost because too many waited.
  private(set) var overflows: UInt64 = 0

  var isEmpty: Bool { waiting.isEmpty }
  var count: Int { waiting.count }

  /// Keeps a copy of what `slot` describes.
  mutating func append(_ slot: IOSlot, from arena: UnsafeRawBufferPointer) {
    guard waiting.count < Self.datagramsMax else {
      overflows &+= 1
      return
    }
    let start = Int(slot.offset)
    let bytes = unsafe [UInt8](arena[start..<start + Int(slot.lengthBytes)])
    waiting.append(Datagram(bytes: bytes, local: slot.local, remote: slot.remote))
  }

  /// Offers the oldest datagrams to `send`, one by one, until it says that the socket is full.
  mutating func flush(
    _ send: (UnsafeRawBufferPointer, inout IOSlot) throws(SystemError) -> Bool
  ) throws(SystemError) {
    var sent = 0
    defer { waiting.removeFirst(sent) }
    for datagram in waiting {
      var slot = IOSlot(
        offset: 0, lengthBytes: datagram.bytes.count, from: datagram.local, to: datagram.remote)
      let outcome = unsafe datagram.bytes.withUnsafeBytes { bytes in
        Result { () throws(SystemError) in try unsafe send(bytes, &slot) }
      }
      guard try outcome.get() else { return }
      sent += 1
    }
  }
}
