import Primitives

/// One configuration option: type and value (RFC 1661 §6).
struct ConfigureOption: Equatable, Sendable {
  static let headerBytes = 2
  /// The most options of one packet that are read; real peers send fewer than ten.
  static let countMax = 64

  var type: UInt8
  var value: [UInt8]

  init(_ type: UInt8, _ value: [UInt8] = []) {
    precondition(value.count <= 253, "an option's length field is one byte")
    self.type = type
    self.value = value
  }

  init(_ type: UInt8, _ value: UInt32) {
    self.init(type, [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) })
  }

  init(_ type: UInt8, _ value: UInt16) {
    self.init(type, [UInt8(truncatingIfNeeded: value >> 8), UInt8(truncatingIfNeeded: value)])
  }

  /// The value as a number when it has exactly two bytes.
  var uint16: UInt16? {
    var reader = ByteReader(value)
    guard value.count == 2 else { return nil }
    return reader.readUInt16()
  }

  /// The value as a number when it has exactly four bytes.
  var uint32: UInt32? {
    var reader = ByteReader(value)
    guard value.count == 4 else { return nil }
    return reader.readUInt32()
  }

  static func list(parsing data: [UInt8]) throws(PPPViolation) -> [ConfigureOption] {
    var reader = ByteReader(data)
    var options: [ConfigureOption] = []
    while !reader.isAtEnd {
      guard options.count < countMax else { throw .tooManyOptions }
      guard let type = reader.readUInt8(), let length = reader.readUInt8(),
        Int(length) >= headerBytes, let value = reader.readBytes(Int(length) - headerBytes)
      else { throw .badOptionLength }
      options.append(ConfigureOption(type, value))
    }
    return options
  }

  /// The options in their order, as many as fit `bytesMax`; what is left out is answered when the
  /// peer asks again.
  static func encode(_ options: [ConfigureOption], bytesMax: Int = .max) -> [UInt8] {
    var writer = ByteWriter()
    for option in options {
      guard writer.count + headerBytes + option.value.count <= bytesMax else { break }
      writer.write(option.type)
      writer.write(UInt8(headerBytes + option.value.count))
      writer.write(option.value)
    }
    return writer.bytes
  }
}
