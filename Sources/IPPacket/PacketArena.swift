/// The memory that packets live in: one allocation, addressed by offset, every access checked.
///
/// The only file of the packet path that touches raw memory. Multi-byte values are big-endian, as
/// on the wire. An access outside the arena is a fault of ours and traps: whoever reads a packet
/// compares with the packet's own end first.
@safe
public struct PacketArena: ~Copyable, Sendable {
  @usableFromInline nonisolated(unsafe) let base: UnsafeMutableRawPointer
  public let byteCount: Int

  /// - Precondition: `byteCount` is in 1…2^32 − 1.
  public init(byteCount: Int) {
    precondition(byteCount > 0 && byteCount <= Int(UInt32.max), "an arena's size is out of range")
    // Cache lines and the vector units like 64.
    unsafe base = .allocate(byteCount: byteCount, alignment: 64)
    unsafe base.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
    self.byteCount = byteCount
  }

  deinit { unsafe base.deallocate() }

  @inlinable @inline(__always)
  func check(_ offset: Int, _ count: Int) {
    precondition(
      offset >= 0 && count >= 0 && offset <= byteCount - count, "an access outside the arena")
  }

  @inlinable @inline(__always)
  public func uint8(at offset: Int) -> UInt8 {
    check(offset, 1)
    return unsafe base.load(fromByteOffset: offset, as: UInt8.self)
  }

  @inlinable @inline(__always)
  public func uint16(at offset: Int) -> UInt16 {
    check(offset, 2)
    return unsafe UInt16(
      bigEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
  }

  @inlinable @inline(__always)
  public func uint32(at offset: Int) -> UInt32 {
    check(offset, 4)
    return unsafe UInt32(
      bigEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }

  @inlinable @inline(__always)
  public func uint64(at offset: Int) -> UInt64 {
    check(offset, 8)
    return unsafe UInt64(
      bigEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }

  @inlinable @inline(__always)
  public mutating func store(_ value: UInt8, at offset: Int) {
    check(offset, 1)
    unsafe base.storeBytes(of: value, toByteOffset: offset, as: UInt8.self)
  }

  @inlinable @inline(__always)
  public mutating func store(_ value: UInt16, at offset: Int) {
    check(offset, 2)
    unsafe base.storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt16.self)
  }

  @inlinable @inline(__always)
  public mutating func store(_ value: UInt32, at offset: Int) {
    check(offset, 4)
    unsafe base.storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt32.self)
  }

  @inlinable @inline(__always)
  public mutating func store(_ value: UInt64, at offset: Int) {
    check(offset, 8)
    unsafe base.storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt64.self)
  }

  /// Writes `bytes` from `offset` on.
  public mutating func store(_ bytes: [UInt8], at offset: Int) {
    check(offset, bytes.count)
    unsafe bytes.withUnsafeBytes { source in
      guard let start = source.baseAddress else { return }
      unsafe (base + offset).copyMemory(from: start, byteCount: source.count)
    }
  }

  /// Moves `range` so that it begins at `offset`; the two may overlap.
  public mutating func move(_ range: Range<Int>, to offset: Int) {
    check(range.lowerBound, range.count)
    check(offset, range.count)
    unsafe (base + offset).copyMemory(from: base + range.lowerBound, byteCount: range.count)
  }

  /// A copy of `range`, for control packets and tests.
  public func bytes(_ range: Range<Int>) -> [UInt8] {
    check(range.lowerBound, range.count)
    return unsafe [UInt8](
      UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count))
  }

  /// Lends the whole arena to `body`, for a cryptographic batch.
  @inlinable
  public mutating func withSpan<Result>(_ body: (inout MutableRawSpan) -> Result) -> Result {
    var span = unsafe MutableRawSpan(
      _unsafeStart: base, byteCount: byteCount)
    return body(&span)
  }

  /// Lends the whole arena's memory to `body`, for system calls.
  @unsafe @inlinable
  public mutating func withUnsafeMutableBytes<Result>(
    _ body: (UnsafeMutableRawBufferPointer) -> Result
  ) -> Result {
    unsafe body(UnsafeMutableRawBufferPointer(start: base, count: byteCount))
  }
}
