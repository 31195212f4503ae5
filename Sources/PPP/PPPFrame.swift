import Primitives

/// One PPP frame without address and control fields: protocol number and information.
struct PPPFrame: Equatable, Sendable {
  /// The longest frame that is read: protocol field and the information of an MRU of 1500, the
  /// largest that we announce.
  static let bytesMax = 1502

  var protocolNumber: PPPProtocol
  var information: [UInt8]

  init(_ protocolNumber: PPPProtocol, information: [UInt8]) {
    self.protocolNumber = protocolNumber
    self.information = information
  }

  /// Reads a protocol field of one or two bytes; an odd first byte ends the field (RFC 1661 §6.5).
  ///
  /// Address and control fields in front are skipped: their protocol 0x00ff is never assigned just
  /// so that the two cannot be confused (RFC 1661 §6.6).
  init(parsing bytes: [UInt8]) throws(PPPViolation) {
    var reader = ByteReader(bytes)
    if reader.peek() == 0xff, reader.peek(1) == 0x03 { _ = reader.skip(2) }
    guard reader.remaining <= Self.bytesMax else { throw .frameTooLong }
    guard let first = reader.readUInt8() else { throw .truncated }
    if first & 1 == 1 {
      protocolNumber = PPPProtocol(rawValue: UInt16(first))
    } else {
      guard let second = reader.readUInt8() else { throw .truncated }
      protocolNumber = PPPProtocol(rawValue: UInt16(first) << 8 | UInt16(second))
    }
    information = reader.readRest()
  }

  /// The frame with a protocol field of two bytes: control protocols are never compressed, and a
  /// peer must take the long form whatever was negotiated (RFC 1661 §6.5).
  var bytes: [UInt8] {
    var writer = ByteWriter(capacityBytes: 2 + information.count)
    writer.write(protocolNumber.rawValue)
    writer.write(information)
    return writer.bytes
  }
}
