import Primitives

/// Hands out inner IPv4 addresses: a static one where the user has it, the lowest free one otherwise.
///
/// Addresses come back to the end of the order in which they are handed out again, so that a
/// reconnecting client does not meet the stale flows of the one before it.
public struct AddressPool: Sendable {
  /// Why no address could be given.
  public enum Refusal: Error, Sendable, Equatable {
    /// Every address is in use.
    case exhausted
    /// The static address is in use by another session.
    case inUse(IPv4Address)
    /// The profile names a pool that does not exist (any more).
    case unknownPool
  }

  /// First and last address that may be given, inclusive.
  public let range: ClosedRange<IPv4Address>
  private let reserved: Set<IPv4Address>
  private var inUse: Set<IPv4Address> = []
  private var cursor: UInt32

  /// - Parameters:
  ///   - range: the addresses, both ends included.
  ///   - reserved: never given dynamically: the gateway's own and the users' static ones.
  public init(range: ClosedRange<IPv4Address>, reserved: Set<IPv4Address>) {
    self.range = range
    self.reserved = reserved
    cursor = range.lowerBound.value
  }

  /// The host addresses of `prefix`: without network and broadcast address where there are such
  /// (lengths up to 30). `nil` for IPv6.
  public init?(prefix: IPPrefix, reserved: Set<IPv4Address>) {
    guard case .v4(let address) = prefix.address else { return nil }
    let hostBits = UInt32(32 - prefix.lengthBits)
    let hostMask = hostBits == 32 ? UInt32.max : (1 << hostBits) - 1
    var first = address.value & ~hostMask
    var last = first | hostMask
    if hostBits >= 2 {
      first += 1
      last -= 1
    }
    self.init(range: IPv4Address(first)...IPv4Address(last), reserved: reserved)
  }

  /// Addresses given and not yet returned.
  public var inUseCount: Int { inUse.count }

  /// Takes the user's static address, or a free one.
  public mutating func take(static address: IPv4Address?) throws(Refusal) -> IPv4Address {
    if let address {
      guard inUse.insert(address).inserted else { throw .inUse(address) }
      return address
    }
    let size = UInt64(range.upperBound.value - range.lowerBound.value) + 1
    // Among the first inUse + reserved + 1 candidates one must be free, if any is.
    let tries = min(size, UInt64(inUse.count + reserved.count) + 1)
    for _ in 0..<tries {
      let candidate = IPv4Address(cursor)
      cursor = candidate == range.upperBound ? range.lowerBound.value : cursor + 1
      guard !reserved.contains(candidate) else { continue }
      if inUse.insert(candidate).inserted { return candidate }
    }
    throw .exhausted
  }

  /// Takes an address that this pool did not give, so that it is not given twice.
  mutating func occupy(_ address: IPv4Address) { inUse.insert(address) }

  /// Gives an address back; giving back what is not in use changes nothing.
  public mutating func release(_ address: IPv4Address) { inUse.remove(address) }
}
