import Primitives

/// The body of an ID payload (RFC 2407 §4.6.2).
public struct Identification: Hashable, Sendable {
  /// Identification types (RFC 2407 §4.6.2.1).
  public enum Kind {
    public static let ipv4Address: UInt8 = 1
    public static let fqdn: UInt8 = 2
    public static let userFQDN: UInt8 = 3
    public static let ipv4Subnet: UInt8 = 4
    public static let ipv6Address: UInt8 = 5
    public static let ipv6Subnet: UInt8 = 6
    public static let ipv4Range: UInt8 = 7
    public static let ipv6Range: UInt8 = 8
    public static let keyID: UInt8 = 11
  }

  /// The longest identity that is accepted, in bytes.
  public static let dataBytesMax = 512

  public var kind: UInt8
  /// IP protocol number; 0 for any.
  public var protocolID: UInt8
  /// 0 for any.
  public var port: UInt16
  public var data: [UInt8]

  public init(kind: UInt8, protocolID: UInt8 = 0, port: UInt16 = 0, data: [UInt8]) {
    self.kind = kind
    self.protocolID = protocolID
    self.port = port
    self.data = data
  }

  public init(_ address: IPAddress, protocolID: UInt8 = 0, port: UInt16 = 0) {
    self.init(
      kind: address.isIPv4 ? Kind.ipv4Address : Kind.ipv6Address, protocolID: protocolID,
      port: port, data: address.bytes)
  }

  public init(parsing body: [UInt8]) throws(Violation) {
    var reader = ByteReader(body)
    guard let kind = reader.readUInt8(), let protocolID = reader.readUInt8(),
      let port = reader.readUInt16(), !reader.isAtEnd
    else { throw .identification }
    let data = reader.readRest()
    guard data.count <= Self.dataBytesMax else { throw .identification }
    self.init(kind: kind, protocolID: protocolID, port: port, data: data)
    if let length = Self.fixedBytes(kind) {
      guard data.count == length else { throw .identification }
    }
  }

  public var bytes: [UInt8] {
    var writer = ByteWriter(capacityBytes: 4 + data.count)
    writer.write(kind)
    writer.write(protocolID)
    writer.write(port)
    writer.write(data)
    return writer.bytes
  }

  private static func fixedBytes(_ kind: UInt8) -> Int? {
    switch kind {
    case Kind.ipv4Address: 4
    case Kind.ipv6Address: 16
    case Kind.ipv4Subnet, Kind.ipv4Range: 8
    case Kind.ipv6Subnet, Kind.ipv6Range: 32
    default: nil
    }
  }

  /// The one address this names, as an address, a subnet of one or a range of one; else `nil`.
  public var singleAddress: IPAddress? {
    let half = data.count / 2
    switch kind {
    case Kind.ipv4Address, Kind.ipv6Address: return IPAddress(bytes: data)
    case Kind.ipv4Subnet, Kind.ipv6Subnet:
      guard data.dropFirst(half).allSatisfy({ $0 == 0xff }) else { return nil }
      return IPAddress(bytes: Array(data.prefix(half)))
    case Kind.ipv4Range, Kind.ipv6Range:
      guard data.prefix(half).elementsEqual(data.dropFirst(half)) else { return nil }
      return IPAddress(bytes: Array(data.prefix(half)))
    default: return nil
    }
  }
}
