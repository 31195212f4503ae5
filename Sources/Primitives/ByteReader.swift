/// Reads big-endian fields from control-plane bytes; every read is checked.
///
/// A reader never traps: a read past the end returns `nil` and leaves the position unchanged. The
/// packet path does not use it (it works on spans); control messages are small and few.
public struct ByteReader: Sendable {
  private let bytes: [UInt8]
  private let end: Int
  private var position: Int

  /// Reads `bytes` from the first to the last.
  public init(_ bytes: [UInt8]) {
    self.bytes = bytes
    position = 0
    end = bytes.count
  }

  private init(_ bytes: [UInt8], from position: Int, to end: Int) {
    self.bytes = bytes
    self.position = position
    self.end = end
  }

  /// Bytes read so far, counted from the first byte of the array this reader (or the reader it was
  /// taken from) was made with.
  public var offset: Int { position }

  /// Bytes not yet read.
  public var remaining: Int { end - position }

  public var isAtEnd: Bool { position == end }

  /// Reads one byte.
  public mutating func readUInt8() -> UInt8? {
    guard remaining >= 1 else { return nil }
    defer { position += 1 }
    return bytes[position]
  }

  /// Reads two bytes, most significant first.
  public mutating func readUInt16() -> UInt16? {
    guard remaining >= 2 else { return nil }
    defer { position += 2 }
    return UInt16(bytes[position]) << 8 | UInt16(bytes[position + 1])
  }

  /// Reads four bytes, most significant first.
  public mutating func readUInt32() -> UInt32? {
    guard remaining >= 4 else { return nil }
    defer { position += 4 }
    return bytes[position..<position + 4].reduce(0) { $0 << 8 | UInt32($1) }
  }

  /// Reads eight bytes, most significant first.
  public mutating func readUInt64() -> UInt64? {
    guard remaining >= 8 else { return nil }
    defer { position += 8 }
    return bytes[position..<position + 8].reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// Reads `count` bytes; `nil` when fewer remain or `count` is negative.
  public mutating func readBytes(_ count: Int) -> [UInt8]? {
    guard count >= 0, remaining >= count else { return nil }
    defer { position += count }
    return Array(bytes[position..<position + count])
  }

  /// Reads all that remains (possibly nothing).
  public mutating func readRest() -> [UInt8] {
    defer { position = end }
    return Array(bytes[position..<end])
  }

  /// Splits off a reader over the next `count` bytes and skips them here.
  public mutating func readSlice(_ count: Int) -> ByteReader? {
    guard count >= 0, remaining >= count else { return nil }
    defer { position += count }
    return ByteReader(bytes, from: position, to: position + count)
  }

  /// Skips `count` bytes; `false`, and nothing skipped, when fewer remain.
  public mutating func skip(_ count: Int) -> Bool {
    guard count >= 0, remaining >= count else { return false }
    position += count
    return true
  }

  /// The byte `ahead` places after the position, without reading it.
  public func peek(_ ahead: Int = 0) -> UInt8? {
    guard ahead >= 0, ahead < remaining else { return nil }
    return bytes[position + ahead]
  }
}
