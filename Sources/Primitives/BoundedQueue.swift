/// A first-in, first-out queue with a fixed maximum; what does not fit is refused and counted.
public struct BoundedQueue<Element> {
  /// The most elements it ever holds.
  public let countMax: Int
  /// How many elements were refused because the queue was full.
  public private(set) var refused: UInt64 = 0
  private var items: [Element] = []
  private var head = 0

  /// - Precondition: `countMax` is positive.
  public init(countMax: Int) {
    precondition(countMax > 0, "a bounded queue holds at least one element")
    self.countMax = countMax
  }

  public var count: Int { items.count - head }
  public var isEmpty: Bool { count == 0 }

  /// Appends `element`; `false`, and counted, when the queue is full.
  @discardableResult
  public mutating func append(_ element: Element) -> Bool {
    guard count < countMax else {
      refused &+= 1
      return false
    }
    items.append(element)
    return true
  }

  /// Takes the oldest element.
  public mutating func popFirst() -> Element? {
    guard head < items.count else { return nil }
    let element = items[head]
    head += 1
    if head == items.count {
      items.removeAll(keepingCapacity: items.capacity <= 64)
      head = 0
    } else if head >= 32, head * 2 >= items.count {
      items.removeFirst(head)
      head = 0
    }
    return element
  }
}

extension BoundedQueue: Sendable where Element: Sendable {}
