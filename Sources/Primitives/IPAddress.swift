/// An IPv4 or IPv6 address.
public enum IPAddress: Hashable, Sendable {
  case v4(IPv4Address)
  case v6(IPv6Address)

  /// The address in network order: 4 or 16 bytes.
  public var bytes: [UInt8] {
    switch self {
    case .v4(let address): address.bytes
    case .v6(let address): address.bytes
    }
  }

  public var isIPv4: Bool {
    switch self {
    case .v4: true
    case .v6: false
    }
  }

  /// 4 bytes make an IPv4, 16 an IPv6 address; anything else none.
  public init?(bytes: [UInt8]) {
    if let address = IPv4Address(bytes: bytes) {
      self = .v4(address)
    } else if let address = IPv6Address(bytes: bytes) {
      self = .v6(address)
    } else {
      return nil
    }
  }
}

/// An IPv4 address.
public struct IPv4Address: Hashable, Comparable, Sendable {
  /// The address as a number; 1.2.3.4 is 0x01020304.
  public var value: UInt32

  public init(_ value: UInt32) { self.value = value }

  public init(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8) {
    value = UInt32(a) << 24 | UInt32(b) << 16 | UInt32(c) << 8 | UInt32(d)
  }

  public init?(bytes: [UInt8]) {
    guard bytes.count == 4 else { return nil }
    value = bytes.reduce(0) { $0 << 8 | UInt32($1) }
  }

  /// 0.0.0.0
  public static let any = IPv4Address(0)

  public var bytes: [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
  }

  public static func < (left: IPv4Address, right: IPv4Address) -> Bool { left.value < right.value }
}

/// An IPv6 address.
public struct IPv6Address: Hashable, Comparable, Sendable {
  /// The first eight bytes as a number.
  public var high: UInt64
  /// The last eight bytes as a number.
  public var low: UInt64

  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  public init?(bytes: [UInt8]) {
    guard bytes.count == 16 else { return nil }
    high = bytes[..<8].reduce(0) { $0 << 8 | UInt64($1) }
    low = bytes[8...].reduce(0) { $0 << 8 | UInt64($1) }
  }

  public var bytes: [UInt8] {
    [high, low].flatMap { half in
      stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: half >> UInt64($0)) }
    }
  }

  public static func < (left: IPv6Address, right: IPv6Address) -> Bool {
    (left.high, left.low) < (right.high, right.low)
  }
}

/// A UDP endpoint: address and port.
public struct SocketAddress: Hashable, Sendable {
  public var address: IPAddress
  public var port: UInt16

  public init(_ address: IPAddress, port: UInt16) {
    self.address = address
    self.port = port
  }
}

/// An address block, e.g. 10.0.0.0/24.
public struct IPPrefix: Hashable, Sendable {
  public var address: IPAddress
  /// 0…32 for IPv4, 0…128 for IPv6.
  public var lengthBits: Int

  /// `nil` when the length does not fit the family.
  public init?(_ address: IPAddress, lengthBits: Int) {
    guard lengthBits >= 0, lengthBits <= (address.isIPv4 ? 32 : 128) else { return nil }
    self.address = address
    self.lengthBits = lengthBits
  }

  /// Whether `other` lies in the block; never across families.
  public func contains(_ other: IPAddress) -> Bool {
    switch (address, other) {
    case (.v4(let mine), .v4(let theirs)):
      let mask = lengthBits == 0 ? 0 : UInt32.max << UInt32(32 - lengthBits)
      return mine.value & mask == theirs.value & mask
    case (.v6(let mine), .v6(let theirs)):
      let highMask = Self.mask64(lengthBits)
      let lowMask = Self.mask64(lengthBits - 64)
      return mine.high & highMask == theirs.high & highMask
        && mine.low & lowMask == theirs.low & lowMask
    case (.v4, .v6), (.v6, .v4): return false
    }
  }

  private static func mask64(_ bits: Int) -> UInt64 {
    if bits <= 0 { return 0 }
    return bits >= 64 ? .max : .max << UInt64(64 - bits)
  }
}
