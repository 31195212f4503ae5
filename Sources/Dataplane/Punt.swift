import ESP
import Primitives

/// A packet for the control side.
public enum Punt: Hashable, Sendable {
  /// An IKE message, without marker; `floated` when it came through UDP 4500.
  case ike([UInt8], local: SocketAddress, remote: SocketAddress, floated: Bool)
  /// An L2TP control message that a carrier brought; `sourcePort` is the peer's inside the tunnel.
  case l2tpControl([UInt8], CarrierID, sourcePort: UInt16)
  /// An L2TP control message without IPsec from a peer that has no carrier yet.
  case clearL2TPControl([UInt8], local: SocketAddress, remote: SocketAddress)
  /// A PPP frame that is not IP, from its protocol field (always two bytes) on.
  case pppFrame([UInt8], SessionID)
}

/// Something that the control side should know.
public enum DataplaneEvent: Hashable, Sendable {
  /// An authenticated packet (without IPsec: any packet) came from the carrier's peer. Said once a
  /// second at most for each carrier.
  case carrierAlive(CarrierID)
  /// A new authenticated packet of a carrier in UDP came from another address than the carrier's:
  /// a NAT has a new mapping (RFC 3947 §3.2's dynamic case). Said once for each new address, until
  /// the carrier is set anew; nothing is sent there before.
  case carrierMoved(CarrierID, local: SocketAddress, remote: SocketAddress)
  /// An inbound SA reached a lifetime.
  case inboundLimit(CarrierID, spi: UInt32, LifetimeLimit)
  /// An outbound SA reached a lifetime.
  case outboundLimit(CarrierID, spi: UInt32, LifetimeLimit)
}

/// Packets on their way up: bounded by number and by bytes.
struct PuntQueue: Sendable {
  private var queue: BoundedQueue<Punt>
  private let bytesMax: Int
  private var bytes = 0

  init(countMax: Int, bytesMax: Int) {
    queue = BoundedQueue(countMax: countMax)
    self.bytesMax = bytesMax
  }

  var isEmpty: Bool { queue.isEmpty }

  /// Whether a packet of this length still fits; asked before it is copied.
  func admits(bytes count: Int) -> Bool {
    queue.count < queue.countMax && count <= bytesMax - bytes
  }

  mutating func append(_ punt: Punt) {
    if queue.append(punt) { bytes += Self.bytes(of: punt) }
  }

  mutating func popFirst() -> Punt? {
    guard let punt = queue.popFirst() else { return nil }
    bytes -= Self.bytes(of: punt)
    return punt
  }

  private static func bytes(of punt: Punt) -> Int {
    switch punt {
    case .ike(let bytes, _, _, _), .l2tpControl(let bytes, _, _),
      .clearL2TPControl(let bytes, _, _), .pppFrame(let bytes, _):
      bytes.count
    }
  }
}
