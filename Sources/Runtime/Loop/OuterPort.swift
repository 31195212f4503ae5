import IPPacket
import LinuxIO
import Primitives

/// One socket of the outer side with what waits to be sent through it.
///
/// A class, because arrays cannot hold noncopyable sockets; one call a batch goes through it.
final class OuterPort<Socket: DatagramSocket & ~Copyable>: OuterPorting {
  let kind: OuterSocket
  let address: IPAddress
  let descriptor: Int32
  var socket: Socket
  private var backlog = Backlog()

  init(_ kind: OuterSocket, on address: IPAddress, descriptor: Int32, socket: consuming Socket) {
    self.kind = kind
    self.address = address
    self.descriptor = descriptor
    self.socket = socket
  }

  var isFull: Bool { !backlog.isEmpty }
  var counters: IOCounters { socket.counters }
  var overflows: UInt64 { backlog.overflows }

  func receive(
    into arena: UnsafeMutableRawBufferPointer, _ slots: UnsafeMutableBufferPointer<IOSlot>
  ) throws(SystemError) -> Int {
    try unsafe socket.receive(into: arena, slots)
  }

  func send(
    from arena: UnsafeRawBufferPointer, _ slots: UnsafeMutableBufferPointer<IOSlot>
  ) throws(SystemError) {
    // What waits goes first: nothing overtakes.
    let done = backlog.isEmpty ? try unsafe socket.send(from: arena, slots) : 0
    for index in done..<slots.count { unsafe backlog.append(slots[index], from: arena) }
  }

  func flush() throws(SystemError) {
    try unsafe backlog.flush { (bytes, slot) throws(SystemError) in
      try unsafe withUnsafeMutablePointer(to: &slot) { pointer throws(SystemError) in
        try unsafe socket.send(
          from: bytes, UnsafeMutableBufferPointer(start: pointer, count: 1)) == 1
      }
    }
  }
}

/// What the loop needs of an outer port, whatever its socket is.
protocol OuterPorting: AnyObject {
  var kind: OuterSocket { get }
  /// What it is bound to; may be the unspecified address.
  var address: IPAddress { get }
  var descriptor: Int32 { get }
  /// Something waits: watch for writability and call `flush`.
  var isFull: Bool { get }
  var counters: IOCounters { get }
  /// Datagrams lost because too many waited.
  var overflows: UInt64 { get }

  func receive(
    into arena: UnsafeMutableRawBufferPointer, _ slots: UnsafeMutableBufferPointer<IOSlot>
  ) throws(SystemError) -> Int

  /// Sends in order; what the socket does not take waits, within bounds.
  func send(
    from arena: UnsafeRawBufferPointer, _ slots: UnsafeMutableBufferPointer<IOSlot>
  ) throws(SystemError)

  /// The socket is writable: sends what waits.
  func flush() throws(SystemError)
}

extension OuterPorting {
  /// Whether packets of a kind of socket leave through it when they are from `local`.
  func serves(_ kind: OuterSocket, _ local: IPAddress) -> Bool {
    kind == self.kind && (address == local || address.isUnspecified(like: local))
  }
}

extension IPAddress {
  /// Whether it stands for every address of the other's family.
  func isUnspecified(like other: IPAddress) -> Bool {
    isUnspecified && isIPv4 == other.isIPv4
  }

  var isUnspecified: Bool { bytes.allSatisfy { $0 == 0 } }
}
