/// A map from 64-bit keys to small indices with a fixed maximum: open addressing, one allocation.
///
/// Made for the packet path: a lookup is a multiplication and, mostly, one cache line. Removal
/// closes the gap, so that lookups never slow down with age. The hash is no secret: keys that peers
/// choose belong here only when few are admitted.
public struct HashIndex: ~Copyable, Sendable {
  struct Entry: Sendable {
    var key: UInt64 = 0
    /// The value plus one; zero marks an empty place.
    var valuePlusOne: UInt32 = 0
  }

  private var entries: FixedArray<Entry>
  private let shift: UInt64
  /// The most keys it ever holds; at most half of its places, so that runs stay short.
  public let countMax: Int
  public private(set) var count = 0

  /// - Precondition: `countMax` is in 1…2^30.
  public init(countMax: Int) {
    precondition(countMax > 0 && countMax <= 1 << 30, "an index's size is out of range")
    var places = 16
    while places < countMax * 2 { places *= 2 }
    entries = FixedArray(repeating: Entry(), count: places)
    shift = UInt64(64 - places.trailingZeroBitCount)
    self.countMax = countMax
  }

  public var isFull: Bool { count == countMax }

  /// The value under `key`.
  public func find(_ key: UInt64) -> Int? {
    let place = self.place(of: key)
    let stored = entries[place].valuePlusOne
    return stored == 0 ? nil : Int(stored - 1)
  }

  /// Sets the value under `key`; `false`, and nothing changed, when the key is new and the index
  /// is full.
  /// - Precondition: `value` is in 0…2^32 − 2.
  @discardableResult
  public mutating func insert(_ value: Int, for key: UInt64) -> Bool {
    precondition(value >= 0 && value < Int(UInt32.max), "a value of an index is out of range")
    let place = self.place(of: key)
    if entries[place].valuePlusOne == 0 {
      guard !isFull else { return false }
      count += 1
    }
    entries[place] = Entry(key: key, valuePlusOne: UInt32(value + 1))
    return true
  }

  /// Removes `key` and returns its value.
  @discardableResult
  public mutating func remove(_ key: UInt64) -> Int? {
    var gap = place(of: key)
    let stored = entries[gap].valuePlusOne
    guard stored != 0 else { return nil }
    count -= 1
    let mask = entries.count - 1
    var next = (gap + 1) & mask
    // Move back every later entry of the run whose own place is not after the gap.
    while entries[next].valuePlusOne != 0 {
      let home = home(of: entries[next].key)
      if (next &- home) & mask >= (next &- gap) & mask {
        entries[gap] = entries[next]
        gap = next
      }
      next = (next + 1) & mask
    }
    entries[gap] = Entry()
    return Int(stored - 1)
  }

  private func home(of key: UInt64) -> Int {
    var mixed = key
    mixed ^= mixed >> 32
    mixed = mixed &* 0x9e37_79b9_7f4a_7c15
    return Int(truncatingIfNeeded: mixed >> shift)
  }

  /// Where `key` is, or the empty place that ends its run.
  private func place(of key: UInt64) -> Int {
    let mask = entries.count - 1
    var place = home(of: key)
    while entries[place].valuePlusOne != 0, entries[place].key != key { place = (place + 1) & mask }
    return place
  }
}
