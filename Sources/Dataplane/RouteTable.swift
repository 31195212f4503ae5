import Primitives

/// Longest-prefix match for IPv4: one hash table, asked once for each length in use.
///
/// Gateways have host routes and few other lengths, so a lookup is one or two probes however many
/// sessions there are.
struct RouteTable: ~Copyable, Sendable {
  /// Where a route leads: a session's index, or the TUN device.
  enum Target: Hashable, Sendable {
    case session(Int)
    case tun
  }

  private var index: HashIndex
  /// Prefixes of each length.
  private var counts = FixedArray(repeating: 0, count: 33)
  /// Bit n: some prefix has n bits.
  private var lengths: UInt64 = 0

  init(countMax: Int) { index = HashIndex(countMax: countMax) }

  var isFull: Bool { index.isFull }

  static func mask(lengthBits: Int) -> UInt32 {
    lengthBits == 0 ? 0 : UInt32.max << UInt32(32 - lengthBits)
  }

  private static func key(_ address: UInt32, _ lengthBits: Int) -> UInt64 {
    UInt64(lengthBits) << 32 | UInt64(address & mask(lengthBits: lengthBits))
  }

  /// The key of a prefix; `nil` for IPv6.
  private static func key(_ prefix: IPPrefix) -> UInt64? {
    guard case .v4(let network) = prefix.address else { return nil }
    return key(network.value, prefix.lengthBits)
  }

  /// The target of exactly this prefix.
  func target(of prefix: IPPrefix) -> Target? {
    Self.key(prefix).flatMap { index.find($0) }.map(Self.target)
  }

  /// - Precondition: the prefix is IPv4, has no route yet, and the table is not full.
  mutating func insert(_ target: Target, for prefix: IPPrefix) {
    guard let key = Self.key(prefix) else { return }
    let value =
      switch target {
      case .tun: 0
      case .session(let index): index + 1
      }
    if index.insert(value, for: key) {
      counts[prefix.lengthBits] += 1
      lengths |= 1 << UInt64(prefix.lengthBits)
    }
  }

  mutating func remove(_ prefix: IPPrefix) {
    guard let key = Self.key(prefix), index.remove(key) != nil else { return }
    counts[prefix.lengthBits] -= 1
    if counts[prefix.lengthBits] == 0 { lengths &= ~(1 << UInt64(prefix.lengthBits)) }
  }

  /// The target of the longest prefix that contains `address`.
  @inline(__always)
  func longestMatch(_ address: IPv4Address) -> Target? {
    var candidates = lengths
    while candidates != 0 {
      let lengthBits = 63 - candidates.leadingZeroBitCount
      if let value = index.find(Self.key(address.value, lengthBits)) { return Self.target(value) }
      candidates &= ~(1 << UInt64(lengthBits))
    }
    return nil
  }

  private static func target(_ value: Int) -> Target { value == 0 ? .tun : .session(value - 1) }
}
