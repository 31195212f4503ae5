/// A table of a fixed number of elements, allocated once and never grown: the packet path's storage.
///
/// Unlike `Array` it has one owner, so that access costs a bounds check and nothing else: no
/// uniqueness check, no reference count.
@safe
public struct FixedArray<Element: Sendable>: ~Copyable, Sendable {
  @usableFromInline nonisolated(unsafe) let base: UnsafeMutablePointer<Element>
  public let count: Int

  /// - Precondition: `count` is not negative.
  public init(repeating value: Element, count: Int) {
    precondition(count >= 0, "a table has no negative size")
    unsafe base = .allocate(capacity: count)
    unsafe base.initialize(repeating: value, count: count)
    self.count = count
  }

  deinit {
    unsafe base.deinitialize(count: count)
    unsafe base.deallocate()
  }

  /// - Precondition: `index` lies in the table.
  @inlinable
  public subscript(index: Int) -> Element {
    unsafeAddress {
      precondition(index >= 0 && index < count, "an index outside a fixed table")
      return unsafe UnsafePointer(base + index)
    }
    unsafeMutableAddress {
      precondition(index >= 0 && index < count, "an index outside a fixed table")
      return unsafe base + index
    }
  }

  /// Lends the elements' memory to `body`, for calls into C.
  @inlinable
  public mutating func withUnsafeMutableElements<Result>(
    _ body: (UnsafeMutableBufferPointer<Element>) -> Result
  ) -> Result {
    unsafe body(UnsafeMutableBufferPointer(start: base, count: count))
  }
}
