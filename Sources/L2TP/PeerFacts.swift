import Primitives

/// What the peer says of itself in its SCCRQ or SCCRP (RFC 2661 §6.1, §6.2).
public struct PeerFacts: Hashable, Sendable {
  /// The peer's host name, at most 255 bytes, fit for logs.
  public var hostName: String = ""
  /// Vendor Name, likewise.
  public var vendorName: String = ""
  /// Firmware Revision, in an encoding of the vendor.
  public var firmwareRevision: UInt16?
  /// Version in the high, revision in the low byte: 0x0100.
  public var protocolVersion: UInt16 = 0
  /// Bit 0 synchronous, bit 1 asynchronous.
  public var framingCapabilities: UInt32 = 0
  /// Bit 0 digital, bit 1 analogue; for outgoing calls only.
  public var bearerCapabilities: UInt32?
  /// Messages that the peer takes before it must have acknowledged; 4 when it does not say
  /// (§4.4.3).
  public var receiveWindow: UInt16 = PeerFacts.receiveWindowDefault

  static let receiveWindowDefault: UInt16 = 4

  /// Reads what SCCRQ and SCCRP share; what is wrong is recorded in `attributes`.
  init(reading attributes: inout Attributes) {
    attributes.require(.protocolVersion, .hostName, .framingCapabilities, .assignedTunnelID)
    if attributes.nonEmptyBytes(.hostName) != nil { hostName = attributes.text(.hostName) ?? "" }
    vendorName = attributes.text(.vendorName) ?? ""
    firmwareRevision = attributes.uint16(.firmwareRevision)
    protocolVersion = attributes.uint16(.protocolVersion) ?? 0
    framingCapabilities = attributes.uint32(.framingCapabilities) ?? 0
    bearerCapabilities = attributes.uint32(.bearerCapabilities)
    receiveWindow = attributes.nonZero(.receiveWindowSize) ?? Self.receiveWindowDefault
  }
}

/// Who asks for a tunnel: an SCCRQ (RFC 2661 §6.1) as the endpoint needs it before a tunnel exists.
public struct SCCRQFacts: Hashable, Sendable {
  /// What an SCCRP would say too.
  public var peer: PeerFacts
  /// The id that the peer gave to the tunnel; `nil` when it is hidden and no secret was given.
  public var assignedTunnelID: UInt16?
  /// Present when the peer wants one tunnel between the two hosts only.
  public var tieBreaker: UInt64?
  /// Present when the peer wants us to authenticate.
  public var challenge: [UInt8]?

  init(reading attributes: inout Attributes) {
    peer = PeerFacts(reading: &attributes)
    assignedTunnelID = attributes.nonZero(.assignedTunnelID)
    tieBreaker = attributes.uint64(.tieBreaker)
    challenge = attributes.nonEmptyBytes(.challenge)
  }
}
