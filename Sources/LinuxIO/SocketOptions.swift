/// How a datagram socket is opened.
public struct SocketOptions: Hashable, Sendable {
  /// SO_REUSEADDR: bind although another socket that also says so has the port.
  public var reuseAddress = false
  /// SO_REUSEPORT: share the port; the kernel spreads peers over the sockets that say so.
  public var reusePort = false
  /// Asked for past the system's limit, then within it.
  public var receiveBufferBytes = 8 << 20
  /// Asked for past the system's limit, then within it.
  public var sendBufferBytes = 4 << 20
  /// UDP_GRO and UDP_SEGMENT where the kernel has them; a received slot may then hold many
  /// datagrams and wants a capacity of 65,535 bytes.
  public var offload = false

  public init() {}
}
