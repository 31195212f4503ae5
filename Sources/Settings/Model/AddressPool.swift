import Primitives

/// Addresses that sessions get, one each (`pools[]`).
public struct AddressPool: Hashable, Sendable {
  public var name: String
  /// Not overlapping with another pool's.
  public var range: AddressRange

  public init(name: String, range: AddressRange) {
    self.name = name
    self.range = range
  }
}

/// IPv4 addresses from a first to a last one.
public struct AddressRange: Hashable, Sendable {
  /// The most addresses of a pool: a /16.
  public static let countMax = 65_536

  public var first: IPv4Address
  /// Not less than `first`.
  public var last: IPv4Address

  public var count: Int { Int(last.value) - Int(first.value) + 1 }

  public func contains(_ address: IPv4Address) -> Bool {
    first.value <= address.value && address.value <= last.value
  }

  public func overlaps(_ other: AddressRange) -> Bool {
    first.value <= other.last.value && other.first.value <= last.value
  }
}

extension AddressRange: LosslessStringConvertible {
  /// A block, whose network and broadcast address are left out up to a /30, or `FIRST-LAST`.
  public init?(_ description: String) {
    if let prefix = IPPrefix(description) {
      guard case .v4(let base) = prefix.address, prefix.isNetwork else { return nil }
      let hostBits = UInt32.max >> UInt32(prefix.lengthBits)
      let size = prefix.lengthBits == 32 ? 0 : hostBits
      let edge: UInt32 = prefix.lengthBits <= 30 ? 1 : 0
      first = IPv4Address(base.value + edge)
      last = IPv4Address(base.value + size - edge)
    } else {
      let ends = description.split(separator: "-", omittingEmptySubsequences: false)
      guard ends.count == 2, let first = IPv4Address(String(ends[0])),
        let last = IPv4Address(String(ends[1])), first <= last
      else { return nil }
      self.first = first
      self.last = last
    }
  }

  public var description: String { "\(first)-\(last)" }
}
