import Primitives

/// Why the PPP link of a session ended: the PPP Disconnect Cause Code AVP (RFC 3145 §2), for
/// information only.
public struct PPPDisconnectCause: Hashable, Sendable {
  /// The disconnect code (RFC 3145 §3); a struct because peers may send any number.
  public struct Code: RawRepresentable, Hashable, Sendable {
    /// The number on the wire.
    public var rawValue: UInt16

    /// Any number.
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// No information available.
    public static let noInformation = Code(rawValue: 0)
    /// Administrative disconnect.
    public static let administrative = Code(rawValue: 1)
    /// LCP renegotiation at the LNS is disabled and proxy LCP was not sent.
    public static let renegotiationDisabled = Code(rawValue: 2)
    /// LCP Terminate-Request: by the peer or by us, as the direction says.
    public static let normal = Code(rawValue: 3)
    /// Compulsory encryption was refused.
    public static let encryptionRefused = Code(rawValue: 4)
    /// LCP did not converge in time.
    public static let lcpTimeout = Code(rawValue: 5)
    /// No recognisable LCP packet came.
    public static let noLCPPackets = Code(rawValue: 6)
    /// Magic number error: the link is possibly looped back.
    public static let loopedBack = Code(rawValue: 7)
    /// Echo-Requests were not answered.
    public static let echoTimeout = Code(rawValue: 8)
    /// Compulsory call-back was refused.
    public static let callbackRefused = Code(rawValue: 12)
    /// Authentication did not end in time.
    public static let authenticationTimeout = Code(rawValue: 13)
    /// No common authentication protocol.
    public static let authenticationProtocolUnacceptable = Code(rawValue: 15)
    /// Bad name, password or secret.
    public static let authenticationFailed = Code(rawValue: 16)
    /// A network control protocol did not converge in time.
    public static let ncpTimeout = Code(rawValue: 17)
    /// No network control protocol was opened.
    public static let noNCPAvailable = Code(rawValue: 18)
    /// No acceptable addresses were agreed on.
    public static let addressesDoNotConverge = Code(rawValue: 19)
    /// The user may use no address.
    public static let noAddressPermitted = Code(rawValue: 20)
  }

  /// Where the error lies (RFC 3145 §2).
  public enum Direction: UInt8, Hashable, Sendable {
    case global = 0
    case atPeer = 1
    case atLocal = 2
  }

  /// What happened.
  public var code: Code
  /// The PPP protocol number concerned, 0 when none is.
  public var controlProtocol: UInt16
  /// At which end.
  public var direction: Direction
  /// For people.
  public var text: String

  /// A cause for a CDN of ours; at most 255 bytes of `text` are sent.
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
  /// Cause code in its ITU encoding.
  public var code: UInt16
  /// The Q.931 message that carried it, likewise.
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
