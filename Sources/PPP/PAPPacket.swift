import Primitives

/// The packets of PAP (RFC 1334 §2.2).
enum PAPPacket: Equatable, Sendable {
  case authenticateRequest(identifier: UInt8, peerID: [UInt8], password: Secret)
  case authenticateAck(identifier: UInt8, message: [UInt8])
  case authenticateNak(identifier: UInt8, message: [UInt8])

  /// The longest name and password: their length fields are one byte (RFC 1334 §2.2.1).
  static let fieldBytesMax = 255

  /// `nil` for a code that PAP does not have.
  init?(_ packet: ControlPacket) throws(PPPViolation) {
    var reader = ByteReader(packet.data)
    switch packet.code {
    case 1:
      guard let nameBytes = reader.readUInt8(), let name = reader.readBytes(Int(nameBytes)),
        let passwordBytes = reader.readUInt8(),
        let password = reader.readBytes(Int(passwordBytes))
      else { throw .truncated }
      self = .authenticateRequest(
        identifier: packet.identifier, peerID: name, password: Secret(password))
    case 2, 3:
      // Some peers leave out the message and its length as well.
      let message = reader.readUInt8().flatMap { reader.readBytes(Int($0)) } ?? []
      self =
        packet.code == 2
        ? .authenticateAck(identifier: packet.identifier, message: message)
        : .authenticateNak(identifier: packet.identifier, message: message)
    default: return nil
    }
  }

  var frame: [UInt8] {
    switch self {
    case .authenticateRequest(let identifier, let peerID, let password):
      let data = password.withBytes { Self.field(peerID) + Self.field($0) }
      return ControlPacket(code: 1, identifier: identifier, data: data).frame(.pap)
    case .authenticateAck(let identifier, let message):
      return ControlPacket(code: 2, identifier: identifier, data: Self.field(message)).frame(.pap)
    case .authenticateNak(let identifier, let message):
      return ControlPacket(code: 3, identifier: identifier, data: Self.field(message)).frame(.pap)
    }
  }

  private static func field(_ bytes: [UInt8]) -> [UInt8] {
    let shown = bytes.prefix(fieldBytesMax)
    return [UInt8(shown.count)] + shown
  }
}
