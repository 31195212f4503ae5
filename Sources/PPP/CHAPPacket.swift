import Primitives

/// The packets of CHAP, with MD5 or as MS-CHAPv2 (RFC 1994 §4).
enum CHAPPacket: Equatable, Sendable {
  case challenge(identifier: UInt8, value: [UInt8], name: [UInt8])
  case response(identifier: UInt8, value: [UInt8], name: [UInt8])
  case success(identifier: UInt8, message: [UInt8])
  case failure(identifier: UInt8, message: [UInt8])

  /// The longest name that is read: RFC 2759 §4 allows 256.
  static let nameBytesMax = 256

  /// `nil` for a code that CHAP does not have; the Change-Password of RFC 2759 §7 among them.
  init?(_ packet: ControlPacket) throws(PPPViolation) {
    switch packet.code {
    case 1, 2:
      var reader = ByteReader(packet.data)
      guard let size = reader.readUInt8(), let value = reader.readBytes(Int(size)) else {
        throw .truncated
      }
      guard size > 0 else { throw .badValueSize }
      let name = reader.readRest()
      guard name.count <= Self.nameBytesMax else { throw .nameTooLong }
      self =
        packet.code == 1
        ? .challenge(identifier: packet.identifier, value: value, name: name)
        : .response(identifier: packet.identifier, value: value, name: name)
    case 3: self = .success(identifier: packet.identifier, message: packet.data)
    case 4: self = .failure(identifier: packet.identifier, message: packet.data)
    default: return nil
    }
  }

  var frame: [UInt8] {
    switch self {
    case .challenge(let identifier, let value, let name): Self.frame(1, identifier, value, name)
    case .response(let identifier, let value, let name): Self.frame(2, identifier, value, name)
    case .success(let identifier, let message):
      ControlPacket(code: 3, identifier: identifier, data: message).frame(.chap)
    case .failure(let identifier, let message):
      ControlPacket(code: 4, identifier: identifier, data: message).frame(.chap)
    }
  }

  private static func frame(
    _ code: UInt8, _ identifier: UInt8, _ value: [UInt8], _ name: [UInt8]
  ) -> [UInt8] {
    let data = [UInt8(truncatingIfNeeded: value.count)] + value + name
    return ControlPacket(code: code, identifier: identifier, data: data).frame(.chap)
  }
}
