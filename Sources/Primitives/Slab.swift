/// Storage for at most `countMax` elements of one owner, named by small stable indices.
///
/// Memory is taken from the system as elements come to use it, never moved and never grown; an
/// element is reached by one bounds check. Freed indices are used again, the last freed first.
@safe
public struct Slab<Element: Sendable & ~Copyable>: ~Copyable, Sendable {
  /// Marks an index in `links` as taken; a free one holds the next free index.
  @usableFromInline static var taken: UInt32 { .max }
  private static var endOfList: UInt32 { .max - 1 }

  @usableFromInline nonisolated(unsafe) let base: UnsafeMutablePointer<Element>
  @usableFromInline nonisolated(unsafe) let links: UnsafeMutablePointer<UInt32>
  /// Indices below this one have been used at least once.
  @usableFromInline var touched: Int
  private var firstFree: UInt32
  /// The most elements it ever holds.
  public let countMax: Int
  public private(set) var count: Int

  /// - Precondition: `countMax` is positive and below 2^32 − 2.
  public init(countMax: Int) {
    precondition(countMax > 0 && countMax < Int(UInt32.max) - 1, "a slab's size is out of range")
    unsafe base = .allocate(capacity: countMax)
    unsafe links = .allocate(capacity: countMax)
    touched = 0
    firstFree = Self.endOfList
    self.countMax = countMax
    count = 0
  }

  deinit {
    for index in 0..<touched where unsafe links[index] == Self.taken {
      unsafe (base + index).deinitialize(count: 1)
    }
    unsafe base.deallocate()
    unsafe links.deallocate()
  }

  public var isFull: Bool { count == countMax }

  /// One more than the highest index ever used: walk up to it with `isTaken`.
  public var indexEnd: Int { touched }

  /// Whether an element lives at `index`; any number may be asked.
  @inlinable
  public func isTaken(_ index: Int) -> Bool {
    guard index >= 0, index < touched else { return false }
    return unsafe links[index] == Self.taken
  }

  /// Stores `element` and returns its index.
  /// - Precondition: the slab is not full; the caller asks first.
  public mutating func insert(_ element: consuming Element) -> Int {
    precondition(!isFull, "a full slab takes nothing")
    var index = touched
    if firstFree != Self.endOfList {
      index = Int(firstFree)
      unsafe firstFree = links[index]
    } else {
      touched += 1
    }
    unsafe links[index] = Self.taken
    unsafe (base + index).initialize(to: element)
    count += 1
    return index
  }

  /// Takes the element at `index` out.
  /// - Precondition: an element lives there.
  public mutating func remove(at index: Int) -> Element {
    precondition(isTaken(index), "nothing to remove at this index of a slab")
    unsafe links[index] = firstFree
    firstFree = UInt32(truncatingIfNeeded: index)
    count -= 1
    return unsafe (base + index).move()
  }

  /// - Precondition: an element lives at `index`.
  @inlinable
  public subscript(index: Int) -> Element {
    unsafeAddress {
      precondition(isTaken(index), "nothing lives at this index of a slab")
      return unsafe UnsafePointer(base + index)
    }
    unsafeMutableAddress {
      precondition(isTaken(index), "nothing lives at this index of a slab")
      return unsafe base + index
    }
  }
}
