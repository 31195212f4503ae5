import Primitives

/// A data attribute of a transform (RFC 2408 §3.3).
public struct Attribute: Hashable, Sendable {
  /// The two encodings: fixed two bytes (TV) or announced length (TLV).
  public enum Value: Hashable, Sendable {
    case basic(UInt16)
    case variable([UInt8])
  }

  /// 15 bits.
  public var type: UInt16
  public var value: Value

  public init(_ type: UInt16, _ value: Value) {
    self.type = type & 0x7fff
    self.value = value
  }

  /// A number in the shortest legal encoding: TV up to 65535, TLV with four bytes beyond.
  public init(_ type: UInt16, number: UInt32) {
    if let small = UInt16(exactly: number) {
      self.init(type, .basic(small))
    } else {
      var writer = ByteWriter(capacityBytes: 4)
      writer.write(number)
      self.init(type, .variable(writer.bytes))
    }
  }

  init(parsing reader: inout ByteReader) throws(Violation) {
    guard let first = reader.readUInt16(), let second = reader.readUInt16() else {
      throw .truncated
    }
    if first & 0x8000 != 0 {
      self.init(first, .basic(second))
    } else {
      guard let bytes = reader.readBytes(Int(second)) else { throw .attribute }
      self.init(first, .variable(bytes))
    }
  }

  func write(to writer: inout ByteWriter) {
    switch value {
    case .basic(let number):
      writer.write(type | 0x8000)
      writer.write(number)
    case .variable(let bytes):
      writer.write(type)
      writer.write(UInt16(truncatingIfNeeded: bytes.count))
      writer.write(bytes)
    }
  }

  /// The value of an attribute that must be in the TV form (RFC 2409 Appendix A, "B").
  var basic: UInt16? {
    switch value {
    case .basic(let number): number
    case .variable: nil
    }
  }

  /// The value of a life duration, in either form; `nil` for zero, nothing or more than 8 bytes.
  var duration: UInt64? {
    switch value {
    case .basic(let number): return number == 0 ? nil : UInt64(number)
    case .variable(let bytes):
      guard (1...8).contains(bytes.count) else { return nil }
      let number = bytes.reduce(0) { $0 << 8 | UInt64($1) }
      return number == 0 ? nil : number
    }
  }
}
