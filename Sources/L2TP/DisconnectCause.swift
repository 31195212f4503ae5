import Primitives

/// Why the PPP link of a session ended: the PPP Disconnect Cause Code AVP (RFC 3145 §2), for
/// information only.
public struct PPPDisconnectCause: Hashable, Sendable {
  /// The disconnect code (RFC 3145 §3); a struct because peers may send any number.
  public struct Code: RawRepresentable, Hashable, Sendable {
    public var rawValue: UInt16

    public init(rawValue: UInt16) { self.rawValue = rawValue }

    public static let noInformation = Code(rawValue: 0)
    public static let administrative = Code(rawValue: 1)
    public static let renegotiationDisabled = Code(rawValue: 2)
    public static let normal = Code(rawValue: 3)
    public static let encryptionRefused = Code(rawValue: 4)
    public static let lcpTimeout = Code(rawValue: 5)
    public static let noLCPPackets = Code(rawValue: 6)
    public static let loopedBack = Code(rawValue: 7)
    public static let echoTimeout = Code(rawValue: 8)
    public static let callbackRefused = Code(rawValue: 12)
    public static let authenticationTimeout = Code(rawValue: 13)
    public static let authenticationProtocolUnacceptable = Code(rawValue: 15)
    public static let authenticationFailed = Code(rawValue: 16)
    public static let ncpTimeout = Code(rawValue: 17)
    public static let noNCPAvailable = Code(rawValue: 18)
    public static let addressesDoNotConverge = Code(rawValue: 19)
    public static let noAddressPermitted = Code(rawValue: 20)
  }

  /// Where the error lies (RFC 3145 §2).
  public enum Direction: UInt8, Hashable, Sendable {
    case global = 0
    case atPeer = 1
    case atLocal = 2
  }

  public var code: Code
  /// The PPP protocol number concerned, 0 when none is.
  public var controlProtocol: UInt16
  public var direction: Direction
  /// For people.
  public var text: String

  public init(
    _ code: Code, controlProtocol: UInt16 = 0, direction: Direction = .global, text: String = ""
  ) {
    self.code = code
    self.controlProtocol = controlProtocol
    self.direction = direction
    self.text = text
  }

  init?(parsing value: [UInt8]) {
    var reader = ByteReader(value)
    guard let code = reader.readUInt16(), let controlProtocol = reader.readUInt16(),
      let direction = reader.readUInt8()
    else { return nil }
    self.init(
      Code(rawValue: code), controlProtocol: controlProtocol,
      direction: Direction(rawValue: direction) ?? .global,
      text: Attributes.text(reader.readRest()))
  }

  var avp: AVP {
    var writer = ByteWriter(capacityBytes: 8)
    writer.write(code.rawValue)
    writer.write(controlProtocol)
    writer.write(direction.rawValue)
    writer.write(Array(text.utf8.prefix(Attributes.textBytesMax)))
    return AVP(.pppDisconnectCauseCode, writer.bytes)
  }
}

/// The Q.931 Cause Code AVP of a CDN (RFC 2661 §4.4.4), for information only.
public struct Q931Cause: Hashable, Sendable {
  public var code: UInt16
  public var message: UInt8
  /// For people.
  public var text: String

  init?(parsing value: [UInt8]) {
    var reader = ByteReader(value)
    guard let code = reader.readUInt16(), let message = reader.readUInt8() else { return nil }
    self.code = code
    self.message = message
    text = Attributes.text(reader.readRest())
  }
}
