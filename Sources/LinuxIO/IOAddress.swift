import Primitives

/// A socket address of fixed size, without reference counts, for the batch calls.
///
/// The layout is the C shim's `clinux_address`; a test compares them.
public struct IOAddress: Hashable, Sendable {
  /// IPv6: the first eight bytes as a number; IPv4: 0.
  public var high: UInt64
  /// IPv6: the last eight bytes as a number; IPv4: the address as a number.
  public var low: UInt64
  /// Index of the interface a link-local address belongs to; otherwise 0.
  public var interface: UInt32
  /// 0 for protocols without ports.
  public var port: UInt16
  /// 4, 6, or 0 for no address.
  public var family: UInt8
  private var reserved: UInt8 = 0

  private init(high: UInt64, low: UInt64, port: UInt16, family: UInt8) {
    self.high = high
    self.low = low
    interface = 0
    self.port = port
    self.family = family
  }

  /// No address: as a local address it leaves the choice to the kernel's routing.
  public static let none = IOAddress(high: 0, low: 0, port: 0, family: 0)

  public init(_ address: IPAddress, port: UInt16 = 0) {
    switch address {
    case .v4(let v4): self.init(high: 0, low: UInt64(v4.value), port: port, family: 4)
    case .v6(let v6): self.init(high: v6.high, low: v6.low, port: port, family: 6)
    }
  }

  public init(_ address: SocketAddress) { self.init(address.address, port: address.port) }

  /// The address without its port.
  public var ipAddress: IPAddress? {
    switch family {
    case 4: .v4(IPv4Address(UInt32(truncatingIfNeeded: low)))
    case 6: .v6(IPv6Address(high: high, low: low))
    default: nil
    }
  }

  public var socketAddress: SocketAddress? { ipAddress.map { SocketAddress($0, port: port) } }
}
