/// Builds control-plane messages: big-endian fields appended to a byte array.
public struct ByteWriter: Sendable {
  /// What has been written.
  public private(set) var bytes: [UInt8]

  public init(capacityBytes: Int = 128) {
    bytes = []
    bytes.reserveCapacity(capacityBytes)
  }

  public var count: Int { bytes.count }

  public mutating func write(_ value: UInt8) { bytes.append(value) }

  public mutating func write(_ value: UInt16) {
    bytes.append(UInt8(truncatingIfNeeded: value >> 8))
    bytes.append(UInt8(truncatingIfNeeded: value))
  }

  public mutating func write(_ value: UInt32) {
    write(UInt16(truncatingIfNeeded: value >> 16))
    write(UInt16(truncatingIfNeeded: value))
  }

  public mutating func write(_ value: UInt64) {
    write(UInt32(truncatingIfNeeded: value >> 32))
    write(UInt32(truncatingIfNeeded: value))
  }

  public mutating func write(_ values: [UInt8]) { bytes.append(contentsOf: values) }

  public mutating func write(repeating value: UInt8, count: Int) {
    bytes.append(contentsOf: repeatElement(value, count: max(0, count)))
  }

  /// Writes a two-byte length field, runs `body`, then fills the field with the number of bytes
  /// from `lengthBefore` bytes before the field to the end of what `body` wrote.
  ///
  /// - Parameter lengthBefore: how many bytes already written before the field the length covers
  ///   (IKE payloads, PPP and L2TP headers count themselves).
  /// - Precondition: the covered length fits 16 bits; the callers' own limits guarantee it.
  public mutating func writeLength16(
    coveringBefore lengthBefore: Int = 0, _ body: (inout ByteWriter) -> Void
  ) {
    let field = bytes.count
    write(UInt16(0))
    body(&self)
    let covered = bytes.count - field + lengthBefore
    precondition(covered <= Int(UInt16.max), "a length field of 16 bits covers \(covered) bytes")
    overwrite(UInt16(covered), at: field)
  }

  /// Replaces the two bytes at `offset`.
  /// - Precondition: they have been written.
  public mutating func overwrite(_ value: UInt16, at offset: Int) {
    precondition(offset >= 0 && offset + 2 <= bytes.count, "overwrite outside what was written")
    bytes[offset] = UInt8(truncatingIfNeeded: value >> 8)
    bytes[offset + 1] = UInt8(truncatingIfNeeded: value)
  }

  /// Replaces the four bytes at `offset`.
  /// - Precondition: they have been written.
  public mutating func overwrite(_ value: UInt32, at offset: Int) {
    overwrite(UInt16(truncatingIfNeeded: value >> 16), at: offset)
    overwrite(UInt16(truncatingIfNeeded: value), at: offset + 2)
  }
}
