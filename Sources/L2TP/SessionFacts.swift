/// What a LAC tells of the call that it forwards: ICRQ and ICCN (RFC 2661 §6.6, §6.8).
///
/// The LAC fills it in to open a session; the LNS receives it with the session. Texts have at most
/// 255 bytes.
public struct SessionFacts: Hashable, Sendable {
  /// For the administrators of both ends (§4.4.4).
  public var callSerialNumber: UInt32 = 0
  /// 0 when the call came over no physical line (§4.4.4).
  public var bearerType: UInt32?
  /// For logs, in an encoding of the vendor.
  public var physicalChannelID: UInt32?
  /// Who calls.
  public var callingNumber: String?
  /// Who is called.
  public var calledNumber: String?
  /// Additional dialling information.
  public var subAddress: String?
  /// 1 synchronous, 2 asynchronous framing (§4.4.4).
  public var framingType: UInt32 = 1
  /// From the LAC to the caller, in bits per second; both ways without the next.
  public var txConnectSpeedBPS: UInt32 = 0
  /// From the caller to the LAC, in bits per second.
  public var rxConnectSpeedBPS: UInt32?
  /// The customer group that the LAC puts the call into; a hint of the peer, no permission.
  public var privateGroupID: String?
  /// Sequence numbers must be on every data message (§5.4).
  public var isSequencingRequired: Bool = false
  /// The LAC negotiated LCP with the caller. We negotiate again and use none of it, because a
  /// peer's word for its caller's identity would be a second way in.
  public var hasProxyLCP: Bool = false
  /// Proxy Authen Type, for logs only, for the same reason.
  public var proxyAuthenType: UInt16?

  /// A call of which there is nothing to say, as a VPN client makes it.
  public init() {}

  /// Reads an ICRQ.
  init(readingICRQ attributes: inout Attributes) {
    attributes.require(.assignedSessionID, .callSerialNumber)
    callSerialNumber = attributes.uint32(.callSerialNumber) ?? 0
    bearerType = attributes.uint32(.bearerType)
    physicalChannelID = attributes.uint32(.physicalChannelID)
    callingNumber = attributes.text(.callingNumber)
    calledNumber = attributes.text(.calledNumber)
    subAddress = attributes.text(.subAddress)
  }

  /// Adds what an ICCN says.
  mutating func read(iccn attributes: inout Attributes) {
    attributes.require(.txConnectSpeed, .framingType)
    txConnectSpeedBPS = attributes.uint32(.txConnectSpeed) ?? 0
    rxConnectSpeedBPS = attributes.uint32(.rxConnectSpeed)
    framingType = attributes.uint32(.framingType) ?? 0
    privateGroupID = attributes.text(.privateGroupID)
    attributes.check(.sequencingRequired, byteCount: 0)
    isSequencingRequired = attributes.has(.sequencingRequired)
    hasProxyLCP =
      attributes.has(.lastSentLCPConfReq) || attributes.has(.lastReceivedLCPConfReq)
    proxyAuthenType = attributes.uint16(.proxyAuthenType)
  }

  /// The AVPs of an ICRQ after the Assigned Session ID.
  var icrqAVPs: [AVP] {
    var avps = [AVP(.callSerialNumber, callSerialNumber)]
    // 0 says that no physical line is involved, as it is with a client of our kind (§4.4.4).
    avps.append(AVP(.bearerType, bearerType ?? 0))
    if let physicalChannelID { avps.append(AVP(.physicalChannelID, physicalChannelID)) }
    if let callingNumber { avps.append(AVP(.callingNumber, text: callingNumber)) }
    if let calledNumber { avps.append(AVP(.calledNumber, text: calledNumber)) }
    if let subAddress { avps.append(AVP(.subAddress, text: subAddress)) }
    return avps
  }

  /// The AVPs of an ICCN.
  var iccnAVPs: [AVP] {
    var avps = [AVP(.txConnectSpeed, txConnectSpeedBPS), AVP(.framingType, framingType)]
    if let rxConnectSpeedBPS { avps.append(AVP(.rxConnectSpeed, rxConnectSpeedBPS)) }
    if let privateGroupID { avps.append(AVP(.privateGroupID, text: privateGroupID)) }
    if isSequencingRequired { avps.append(AVP(.sequencingRequired)) }
    return avps
  }
}

extension AVP {
  init(_ type: AttributeType, text: String) {
    self.init(type, Array(text.utf8.prefix(Attributes.textBytesMax)))
  }
}
