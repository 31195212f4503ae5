import Primitives

@testable import L2TP

/// Well-formed messages of a peer.
enum Sample {
  static let sessionID: UInt16 = 0x0077

  static func message(
    _ type: MessageType, tunnelID: UInt16, sessionID: UInt16 = 0, ns: UInt16, nr: UInt16,
    avps: [AVP]? = nil
  ) -> [UInt8] {
    raw(
      tunnelID: tunnelID, sessionID: sessionID, ns: ns, nr: nr,
      [AVP(.messageType, type.rawValue)] + (avps ?? good(type)))
  }

  /// Any AVPs, the Message Type included or not.
  static func raw(
    tunnelID: UInt16, sessionID: UInt16 = 0, ns: UInt16, nr: UInt16, _ avps: [AVP]
  ) -> [UInt8] {
    ControlMessage.bytes(
      header: ControlHeader(
        tunnelID: tunnelID, sessionID: sessionID, ns: ns, nr: nr, lengthBytes: 0),
      body: ControlMessage.body(of: avps))
  }

  static func zlb(tunnelID: UInt16, ns: UInt16, nr: UInt16) -> [UInt8] {
    raw(tunnelID: tunnelID, ns: ns, nr: nr, [])
  }

  static let start: [AVP] = [
    AVP(.protocolVersion, UInt16(0x0100)), AVP(.framingCapabilities, UInt32(3)),
    AVP(.hostName, text: "peer.example"), AVP(.assignedTunnelID, Bench.remoteID),
  ]

  /// The AVPs that a good message of the type has, without the Message Type.
  static func good(_ type: MessageType) -> [AVP] {
    let session = AVP(.assignedSessionID, sessionID)
    switch type {
    case .sccrq, .sccrp: return start
    case .scccn, .hello: return []
    case .stopCCN:
      return [
        AVP(.assignedTunnelID, Bench.remoteID), ResultCode(stopCCN: .generalRequest).avp,
      ]
    case .icrq: return [session, AVP(.callSerialNumber, UInt32(1))]
    case .icrp, .ocrp: return [session]
    case .iccn, .occn: return [AVP(.txConnectSpeed, UInt32(1)), AVP(.framingType, UInt32(1))]
    case .cdn: return [ResultCode(cdn: .administrative).avp, session]
    case .ocrq:
      return [
        session, AVP(.callSerialNumber, UInt32(1)), AVP(.minimumBPS, UInt32(1)),
        AVP(.maximumBPS, UInt32(1)), AVP(.bearerType, UInt32(1)), AVP(.framingType, UInt32(1)),
        AVP(.calledNumber, text: "1"),
      ]
    case .wen: return [AVP(.callErrors, Array(repeating: 0, count: 26))]
    case .sli: return [AVP(.accm, Array(repeating: 0, count: 10))]
    }
  }

  /// An AVP with any header.
  static func avp(
    vendor: UInt16 = 0, attribute: UInt16, _ value: [UInt8] = [], isMandatory: Bool = true,
    isHidden: Bool = false, reserved: UInt8 = 0
  ) -> AVP {
    var avp = AVP(.vendorName, value)
    avp.vendorID = vendor
    avp.attribute = attribute
    avp.isMandatory = isMandatory
    avp.isHidden = isHidden
    avp.reserved = reserved
    return avp
  }
}

/// Bytes written as hexadecimal digits.
func hex(_ digits: String) -> [UInt8] {
  var result: [UInt8] = []
  var high: UInt8?
  for digit in digits.unicodeScalars {
    guard let value = Character(digit).hexDigitValue.map({ UInt8($0) }) else { continue }
    if let pending = high {
      result.append(pending << 4 | value)
      high = nil
    } else {
      high = value
    }
  }
  return result
}
