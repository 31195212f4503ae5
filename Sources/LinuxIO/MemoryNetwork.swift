import Primitives

/// The wire between in-memory sockets: lossless, instant, in order, used by one thread.
public final class MemoryNetwork {
  /// A datagram on its way.
  struct Datagram {
    var bytes: [UInt8]
    var remote: IOAddress
    var local: IOAddress
  }

  /// The most datagrams that wait at one socket; more are lost, as with a full socket buffer.
  public static let datagramsMax = 1024

  /// Datagrams sent to an address that nobody is bound to, or to a full socket.
  public private(set) var lost = 0
  private var queues: [IOAddress: BoundedQueue<Datagram>] = [:]

  public init() {}

  /// `false` when the address is taken.
  func bind(_ address: IOAddress) -> Bool {
    guard queues[address] == nil else { return false }
    queues[address] = BoundedQueue(countMax: Self.datagramsMax)
    return true
  }

  func unbind(_ address: IOAddress) { queues[address] = nil }

  func deliver(_ bytes: [UInt8], from remote: IOAddress, to local: IOAddress) {
    let datagram = Datagram(bytes: bytes, remote: remote, local: local)
    let key = queues[local] == nil ? local.unspecified : local
    if queues[key]?.append(datagram) != true { lost += 1 }
  }

  func next(at address: IOAddress) -> Datagram? { queues[address]?.popFirst() }
}

extension IOAddress {
  /// The address that a socket for every local address is bound to.
  var unspecified: IOAddress {
    var result = self
    (result.high, result.low) = (0, 0)
    return result
  }

  var isUnspecified: Bool { high == 0 && low == 0 }
}
