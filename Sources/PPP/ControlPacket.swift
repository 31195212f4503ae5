import Primitives

/// Codes of LCP packets; network control protocols use the first seven (RFC 1661 §5).
enum ControlCode: UInt8, Sendable {
  case configureRequest = 1
  case configureAck = 2
  case configureNak = 3
  case configureReject = 4
  case terminateRequest = 5
  case terminateAck = 6
  case codeReject = 7
  case protocolReject = 8
  case echoRequest = 9
  case echoReply = 10
  case discardRequest = 11
  /// RFC 1570 §2.1; Windows sends its version in one after LCP has opened.
  case identification = 12
  /// RFC 1570 §2.2.
  case timeRemaining = 13

  /// The codes that every control protocol has (RFC 1661 §5).
  static let sharedCodes = configureRequest.rawValue...codeReject.rawValue
}

/// A packet of LCP, an NCP, CHAP or PAP: they share code, identifier and length (RFC 1661 §5).
struct ControlPacket: Equatable, Sendable {
  static let headerBytes = 4

  var code: UInt8
  var identifier: UInt8
  var data: [UInt8]

  init(code: UInt8, identifier: UInt8, data: [UInt8] = []) {
    self.code = code
    self.identifier = identifier
    self.data = data
  }

  init(_ code: ControlCode, identifier: UInt8, data: [UInt8] = []) {
    self.init(code: code.rawValue, identifier: identifier, data: data)
  }

  /// Bytes after the length are padding and ignored (RFC 1661 §5).
  init(parsing bytes: [UInt8]) throws(PPPViolation) {
    var reader = ByteReader(bytes)
    guard let code = reader.readUInt8(), let identifier = reader.readUInt8(),
      let length = reader.readUInt16()
    else { throw .truncated }
    guard let data = reader.readBytes(Int(length) - Self.headerBytes) else { throw .badLength }
    self.init(code: code, identifier: identifier, data: data)
  }

  var bytes: [UInt8] {
    var writer = ByteWriter(capacityBytes: Self.headerBytes + data.count)
    writer.write(code)
    writer.write(identifier)
    writer.writeLength16(coveringBefore: 2) { $0.write(data) }
    return writer.bytes
  }

  /// The packet as a frame of `protocolNumber`.
  func frame(_ protocolNumber: PPPProtocol) -> [UInt8] {
    PPPFrame(protocolNumber, information: bytes).bytes
  }

  /// The packet cut so that it fits `mruBytes`: for what echoes or encloses bytes of the peer.
  func fitting(mruBytes: Int) -> ControlPacket {
    let dataBytesMax = max(0, mruBytes - Self.headerBytes)
    guard data.count > dataBytesMax else { return self }
    return ControlPacket(code: code, identifier: identifier, data: Array(data[..<dataBytesMax]))
  }
}
