import Primitives

/// A control message as it stands on the wire: header and AVPs, structure checked, nothing
/// interpreted. Parsing and writing are inverse for every message whose reserved header bits are 0.
public struct ControlMessage: Hashable, Sendable {
  /// The most AVPs in one message; the fullest of the RFC (an ICCN) has 15.
  public static let avpsMax = 64
  /// The longest message; five AVPs of full length and all the small ones fit.
  public static let byteCountMax = 8192

  /// The header; its Length is computed anew when the message is written.
  public var header: ControlHeader
  /// All AVPs, the Message Type first; empty in a ZLB.
  public private(set) var avps: [AVP]

  /// The Message Type's number; `nil` in a ZLB.
  public private(set) var typeNumber: UInt16?

  /// The Message Type, if it is one of RFC 2661.
  public var type: MessageType? { typeNumber.flatMap(MessageType.init(rawValue:)) }

  /// Whether an unknown Message Type clears the tunnel (§4.4.1).
  public var isTypeMandatory: Bool { avps.first?.isMandatory ?? false }

  /// Parses a whole UDP payload.
  public init(parsing message: [UInt8]) throws(Violation) {
    header = try ControlHeader(parsing: message)
    guard header.lengthBytes <= Self.byteCountMax else { throw .messageTooLong }
    var reader = ByteReader(message)
    guard reader.skip(ControlHeader.byteCount),
      var body = reader.readSlice(header.lengthBytes - ControlHeader.byteCount)
    else { throw .headerLength }
    avps = []
    while !body.isAtEnd {
      guard avps.count < Self.avpsMax else { throw .avpCount }
      avps.append(try AVP(reading: &body))
    }
    guard let first = avps.first else { return }
    var value = ByteReader(first.value)
    guard first.type == .messageType, !first.isHidden, let number = value.readUInt16(),
      value.isAtEnd
    else { throw .messageTypeMissing }
    guard avps.dropFirst().allSatisfy({ $0.type != .messageType }) else {
      throw .messageTypeRepeated
    }
    typeNumber = number
  }

  /// The message as bytes, its Length computed.
  public var bytes: [UInt8] {
    Self.bytes(header: header, body: Self.body(of: avps))
  }

  static func body(of avps: [AVP]) -> [UInt8] {
    var writer = ByteWriter()
    for avp in avps { avp.write(to: &writer) }
    return writer.bytes
  }

  static func bytes(header: ControlHeader, body: [UInt8]) -> [UInt8] {
    var header = header
    header.lengthBytes = ControlHeader.byteCount + body.count
    var writer = ByteWriter(capacityBytes: header.lengthBytes)
    header.write(to: &writer)
    writer.write(body)
    return writer.bytes
  }
}
