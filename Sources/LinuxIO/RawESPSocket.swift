import Glibc
import Primitives

/// A raw socket for ESP without UDP encapsulation (IP protocol 50, RFC 4303 §2).
///
/// What is received and sent begins with the ESP header; ports are 0. It needs CAP_NET_RAW.
public struct RawESPSocket: DatagramSocket, ~Copyable {
  /// RFC 4303 §2.
  public static let protocolNumber: Int32 = 50

  private var socket: DatagramDescriptor
  private let stripsHeader: Bool

  /// Receives what is sent to `address`, or to any address of the family.
  public init(
    bindingTo address: IPAddress, options: SocketOptions = SocketOptions()
  ) throws(SystemError) {
    let operation = "open a raw ESP socket on \(address)"
    do {
      socket = try DatagramDescriptor(
        bindingTo: IOAddress(address), rawProtocol: Self.protocolNumber, options: options,
        operation: operation)
    } catch let error where error.errno == EPERM {
      throw SystemError(
        operation, errno: EPERM,
        advice: "grant CAP_NET_RAW, or let the peers use UDP encapsulation")
    }
    stripsHeader = address.isIPv4
  }

  /// What to add to the poller.
  public var descriptor: Int32 { socket.descriptor.number }

  public var counters: IOCounters { socket.counters }

  public mutating func receive(
    into arena: UnsafeMutableRawBufferPointer, _ slots: UnsafeMutableBufferPointer<IOSlot>
  ) throws(SystemError) -> Int {
    let stripsHeader = stripsHeader
    return try socket.receive(into: arena, slots) { slot in
      slot.remote.port = 0
      slot.local.port = 0
      return !stripsHeader || Self.stripHeader(of: &slot, in: UnsafeRawBufferPointer(arena))
    }
  }

  public mutating func send(
    from arena: UnsafeRawBufferPointer, _ slots: UnsafeMutableBufferPointer<IOSlot>
  ) throws(SystemError) -> Int {
    for index in slots.indices { slots[index].remote.port = 0 }
    return try socket.send(from: arena, slots)
  }

  /// IPv4 raw sockets deliver the IP header (ip(7)); IPv6 ones do not (RFC 3542 §3).
  private static func stripHeader(of slot: inout IOSlot, in arena: UnsafeRawBufferPointer) -> Bool {
    guard slot.lengthBytes >= 20 else { return false }
    let headerBytes = UInt32(arena[Int(slot.offset)] & 0x0f) * 4
    guard headerBytes >= 20, headerBytes <= slot.lengthBytes else { return false }
    slot.offset += headerBytes
    slot.lengthBytes -= headerBytes
    slot.capacityBytes -= headerBytes
    return true
  }
}
