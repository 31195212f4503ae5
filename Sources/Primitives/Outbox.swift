/// What an engine wants done, in order, until its caller has taken it all.
///
/// Unbounded because callers drain it after every input; what one input can cause is bounded by the
/// engine.
public struct Outbox<Element> {
  /// Room that is kept when everything has been taken; a burst's memory goes back.
  private static var capacityKept: Int { 256 }

  private var items: [Element] = []
  private var taken = 0

  public init() {}

  public mutating func append(_ element: Element) { items.append(element) }

  /// Takes the oldest element.
  public mutating func popFirst() -> Element? {
    guard taken < items.count else {
      items.removeAll(keepingCapacity: items.capacity <= Self.capacityKept)
      taken = 0
      return nil
    }
    defer { taken += 1 }
    return items[taken]
  }
}

extension Outbox: Sendable where Element: Sendable {}
