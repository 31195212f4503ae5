/// Deadlines of many machines, one each: which is due next, in O(log n).
///
/// A binary heap with lazy removal: setting a key again outdates its older entry, which is dropped
/// when it comes to the top or when outdated entries outnumber the live ones. Ties leave in the
/// order in which they were set, so equal runs stay equal.
public struct DeadlineQueue<Key: Hashable & Sendable>: Sendable {
  private struct Entry: Sendable {
    var due: Instant
    var order: UInt64
    var key: Key

    func isBefore(_ other: Entry) -> Bool {
      due == other.due ? order < other.order : due < other.due
    }
  }

  private var heap: [Entry] = []
  private var current: [Key: (due: Instant, order: UInt64)] = [:]
  private var orderNext: UInt64 = 0

  public init() {}

  /// Number of keys that have a deadline.
  public var count: Int { current.count }

  /// The earliest deadline of all.
  public var next: Instant? { heap.first?.due }

  /// The deadline of one key.
  public func deadline(of key: Key) -> Instant? { current[key]?.due }

  /// Sets, moves or (with `nil`) removes the deadline of `key`.
  public mutating func set(_ due: Instant?, for key: Key) {
    guard let due else {
      if current.removeValue(forKey: key) != nil { tidy() }
      return
    }
    guard current[key]?.due != due else { return }
    current[key] = (due, orderNext)
    push(Entry(due: due, order: orderNext, key: key))
    orderNext &+= 1
    tidy()
  }

  /// Takes one key whose deadline is at or before `now`; its deadline is gone afterwards.
  public mutating func popDue(at now: Instant) -> Key? {
    guard let top = heap.first, top.due <= now else { return nil }
    current[top.key] = nil
    removeTop()
    dropOutdated()
    return top.key
  }

  private func isLive(_ entry: Entry) -> Bool { current[entry.key]?.order == entry.order }

  private mutating func tidy() {
    if heap.count > 2 * current.count + 16 {
      heap = heap.filter(isLive).sorted { $0.isBefore($1) }
    } else {
      dropOutdated()
    }
  }

  private mutating func dropOutdated() {
    while let top = heap.first, !isLive(top) { removeTop() }
  }

  private mutating func push(_ entry: Entry) {
    heap.append(entry)
    var child = heap.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard heap[child].isBefore(heap[parent]) else { return }
      heap.swapAt(child, parent)
      child = parent
    }
  }

  private mutating func removeTop() {
    heap.swapAt(0, heap.count - 1)
    heap.removeLast()
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
        if heap[child].isBefore(heap[least]) { least = child }
      }
      guard least != parent else { return }
      heap.swapAt(parent, least)
      parent = least
    }
  }
}
