import Primitives

/// One attribute-value pair as it stands on the wire (RFC 2661 §4.1); nothing is interpreted yet.
public struct AVP: Hashable, Sendable {
  /// M, H, reserved bits and Length, Vendor ID, Attribute Type.
  public static let headerBytes = 6
  /// The most that the 10-bit Length leaves for a value.
  public static let valueBytesMax = 1023 - headerBytes

  /// The M bit: what does not know the AVP must end the session or tunnel (§4.2).
  public var isMandatory: Bool
  /// The H bit: the value is hidden (§4.3).
  public var isHidden: Bool
  /// The four reserved bits, 0…15; anything but 0 makes the AVP an unrecognised one (§4.1).
  public var reserved: UInt8
  /// 0 for the IETF's own attributes.
  public var vendorID: UInt16
  /// The Attribute Type's number within the vendor's.
  public var attribute: UInt16
  /// At most `valueBytesMax` bytes.
  public var value: [UInt8]

  /// The attribute's meaning, if this implementation knows it.
  public var type: AttributeType? {
    guard vendorID == 0, reserved == 0 else { return nil }
    return AttributeType(rawValue: attribute)
  }

  /// An AVP of ours, in the clear, with the M bit that the RFC gives the type.
  ///
  /// - Precondition: `value` fits.
  public init(_ type: AttributeType, _ value: [UInt8] = []) {
    precondition(value.count <= Self.valueBytesMax, "an AVP value has at most 1017 bytes")
    isMandatory = type.isMandatory
    isHidden = false
    reserved = 0
    vendorID = 0
    attribute = type.rawValue
    self.value = value
  }

  init(_ type: AttributeType, _ number: UInt16) {
    var writer = ByteWriter(capacityBytes: 2)
    writer.write(number)
    self.init(type, writer.bytes)
  }

  init(_ type: AttributeType, _ number: UInt32) {
    var writer = ByteWriter(capacityBytes: 4)
    writer.write(number)
    self.init(type, writer.bytes)
  }

  // §4.1: |M|H| rsvd | Length |
  private static let mandatoryBit: UInt16 = 0x8000
  private static let hiddenBit: UInt16 = 0x4000
  private static let reservedShift: UInt16 = 10
  private static let lengthMask: UInt16 = 0x03ff

  /// Reads the next AVP.
  init(reading reader: inout ByteReader) throws(Violation) {
    guard let flags = reader.readUInt16(), let vendorID = reader.readUInt16(),
      let attribute = reader.readUInt16()
    else { throw .avpLength }
    // A Length below 6 would never move forward: the endless loop of several decoders.
    let lengthBytes = Int(flags & Self.lengthMask)
    guard lengthBytes >= Self.headerBytes,
      let value = reader.readBytes(lengthBytes - Self.headerBytes)
    else { throw .avpLength }
    isMandatory = flags & Self.mandatoryBit != 0
    isHidden = flags & Self.hiddenBit != 0
    reserved = UInt8(truncatingIfNeeded: flags >> Self.reservedShift) & 0x0f
    self.vendorID = vendorID
    self.attribute = attribute
    self.value = value
  }

  func write(to writer: inout ByteWriter) {
    var flags = UInt16(truncatingIfNeeded: Self.headerBytes + value.count) & Self.lengthMask
    if isMandatory { flags |= Self.mandatoryBit }
    if isHidden { flags |= Self.hiddenBit }
    flags |= UInt16(reserved & 0x0f) << Self.reservedShift
    writer.write(flags)
    writer.write(vendorID)
    writer.write(attribute)
    writer.write(value)
  }
}
