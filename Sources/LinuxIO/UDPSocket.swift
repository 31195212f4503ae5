import Primitives

/// A UDP socket of one family that knows the local address of every datagram, for hosts with many.
///
/// The network may fragment what it sends: IKE messages and tunnelled packets are larger than many
/// paths, and a learnt path MTU must not turn into a refused send.
public struct UDPSocket: DatagramSocket, ~Copyable {
  private var socket: DatagramDescriptor

  /// Binds; port 0 lets the kernel choose one.
  public init(
    bindingTo address: SocketAddress, options: SocketOptions = SocketOptions()
  ) throws(SystemError) {
    socket = try DatagramDescriptor(
      bindingTo: IOAddress(address), rawProtocol: nil, options: options,
      operation: "bind UDP \(address)")
  }

  /// What to add to the poller.
  public var descriptor: Int32 { socket.descriptor.number }

  /// The address and port that the socket is bound to.
  public var local: IOAddress { socket.local }

  /// Whether received slots may carry many datagrams (`IOSlot.segmentBytes`).
  public var receiveOffload: Bool { socket.receiveOffload }

  /// Whether the kernel cuts what is sent with a segment size; if not, the socket does.
  public var segmentationOffload: Bool { socket.segmentationOffload }

  public var counters: IOCounters { socket.counters }

  public mutating func receive(
    into arena: UnsafeMutableRawBufferPointer, _ slots: UnsafeMutableBufferPointer<IOSlot>
  ) throws(SystemError) -> Int {
    try socket.receive(into: arena, slots) { _ in true }
  }

  public mutating func send(
    from arena: UnsafeRawBufferPointer, _ slots: UnsafeMutableBufferPointer<IOSlot>
  ) throws(SystemError) -> Int {
    try socket.send(from: arena, slots)
  }
}
