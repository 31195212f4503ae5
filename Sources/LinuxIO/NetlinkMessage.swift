import Primitives

// Messages of rtnetlink(7). Fields are in the host's byte order; ByteReader and ByteWriter are
// big-endian, hence the `bigEndian` conversions, which are no-ops on a big-endian host.

/// Message types (linux/netlink.h, linux/rtnetlink.h).
enum NetlinkType {
  static let error: UInt16 = 2
  static let newLink: UInt16 = 16
  static let getLink: UInt16 = 18
  static let newAddress: UInt16 = 20
  static let deleteAddress: UInt16 = 21
  static let newRoute: UInt16 = 24
  static let deleteRoute: UInt16 = 25
  static let getRoute: UInt16 = 26
}

/// Header flags (linux/netlink.h).
enum NetlinkFlags {
  static let request: UInt16 = 0x001
  static let acknowledge: UInt16 = 0x004
  static let exclusive: UInt16 = 0x200
  static let create: UInt16 = 0x400
  /// In an answer: the request's payload is left out before the attributes.
  static let capped: UInt16 = 0x100
  /// In an answer: attributes follow.
  static let attributes: UInt16 = 0x200
}

/// A request in the making.
struct NetlinkRequest {
  private var writer = ByteWriter()

  init(_ type: UInt16, flags: UInt16, sequence: UInt32) {
    write32(0)
    write16(type)
    write16(flags | NetlinkFlags.request | NetlinkFlags.acknowledge)
    write32(sequence)
    write32(0)
  }

  /// The finished message with its length.
  var bytes: [UInt8] {
    var finished = writer
    finished.overwrite(UInt32(finished.count).bigEndian, at: 0)
    return finished.bytes
  }

  mutating func write8(_ value: UInt8) { writer.write(value) }
  mutating func write16(_ value: UInt16) { writer.write(value.bigEndian) }
  mutating func write32(_ value: UInt32) { writer.write(value.bigEndian) }

  /// Appends an attribute and its padding to four bytes.
  mutating func write(attribute type: UInt16, _ value: [UInt8]) {
    write16(UInt16(4 + value.count))
    write16(type)
    writer.write(value)
    writer.write(repeating: 0, count: -value.count & 3)
  }

  mutating func write(attribute type: UInt16, _ value: UInt32) {
    write16(8)
    write16(type)
    write32(value)
  }
}

/// One message of an answer.
struct NetlinkMessage: Hashable {
  var type: UInt16
  var flags: UInt16
  var sequence: UInt32
  var payload: [UInt8]

  /// The messages in one datagram up to the first that is not sound.
  static func parse(_ bytes: [UInt8]) -> [NetlinkMessage] {
    var reader = ByteReader(bytes)
    var messages: [NetlinkMessage] = []
    while let length = reader.readNative32(), let type = reader.readNative16(),
      let flags = reader.readNative16(), let sequence = reader.readNative32(), reader.skip(4),
      length >= 16, let payload = reader.readBytes(Int(length) - 16)
    {
      messages.append(
        NetlinkMessage(type: type, flags: flags, sequence: sequence, payload: payload))
      _ = reader.skip(-payload.count & 3)
    }
    return messages
  }

  /// The error number of an acknowledgement: 0 for success; `nil` for other messages.
  var acknowledgedError: Int32? {
    guard type == NetlinkType.error else { return nil }
    var reader = ByteReader(payload)
    // The kernel sends negative numbers; anything unreadable counts as EIO.
    guard let value = reader.readNative32() else { return 5 }
    return Int32(truncatingIfNeeded: 0 &- Int64(Int32(bitPattern: value)))
  }

  /// The kernel's own words about a refusal (NLMSGERR_ATTR_MSG = 1).
  var explanation: String? {
    guard type == NetlinkType.error, flags & NetlinkFlags.attributes != 0 else { return nil }
    var reader = ByteReader(payload)
    guard reader.skip(4), let length = reader.readNative32(), reader.skip(12), length >= 16 else {
      return nil
    }
    if flags & NetlinkFlags.capped == 0 {
      let echoed = Int(length) - 16
      guard reader.skip(echoed + (-echoed & 3)) else { return nil }
    }
    return Self.attributes(in: reader)[1].map {
      String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
  }

  /// The attributes after a fixed header of `headerBytes`; of equal types the first counts.
  func attributes(after headerBytes: Int) -> [UInt16: [UInt8]] {
    var reader = ByteReader(payload)
    return reader.skip(headerBytes) ? Self.attributes(in: reader) : [:]
  }

  private static func attributes(in rest: ByteReader) -> [UInt16: [UInt8]] {
    var reader = rest
    var found: [UInt16: [UInt8]] = [:]
    while let length = reader.readNative16(), let type = reader.readNative16(), length >= 4,
      let value = reader.readBytes(Int(length) - 4)
    {
      // The two top bits say "nested" and "network byte order" (linux/netlink.h).
      found[type & 0x3fff] = found[type & 0x3fff] ?? value
      _ = reader.skip(-value.count & 3)
    }
    return found
  }
}

extension ByteReader {
  mutating func readNative16() -> UInt16? { readUInt16().map { UInt16(bigEndian: $0) } }
  mutating func readNative32() -> UInt32? { readUInt32().map { UInt32(bigEndian: $0) } }

  /// The number in an attribute of four bytes.
  static func native32(_ bytes: [UInt8]?) -> UInt32? {
    guard let bytes, bytes.count == 4 else { return nil }
    var reader = ByteReader(bytes)
    return reader.readNative32()
  }
}
