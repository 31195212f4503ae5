/// The attribute types that this implementation recognises, all of Vendor ID 0.
public enum AttributeType: UInt16, CaseIterable, Hashable, Sendable {
  // RFC 2661 §4.4.1, §4.4.2
  case messageType = 0
  case resultCode = 1
  // §4.4.3
  case protocolVersion = 2
  case framingCapabilities = 3
  case bearerCapabilities = 4
  case tieBreaker = 5
  case firmwareRevision = 6
  case hostName = 7
  case vendorName = 8
  case assignedTunnelID = 9
  case receiveWindowSize = 10
  case challenge = 11
  // §4.4.4
  case q931CauseCode = 12
  // §4.4.3
  case challengeResponse = 13
  // §4.4.4
  case assignedSessionID = 14
  case callSerialNumber = 15
  case minimumBPS = 16
  case maximumBPS = 17
  case bearerType = 18
  case framingType = 19
  case calledNumber = 21
  case callingNumber = 22
  case subAddress = 23
  case txConnectSpeed = 24
  case physicalChannelID = 25
  // §4.4.5
  case initialReceivedLCPConfReq = 26
  case lastSentLCPConfReq = 27
  case lastReceivedLCPConfReq = 28
  case proxyAuthenType = 29
  case proxyAuthenName = 30
  case proxyAuthenChallenge = 31
  case proxyAuthenID = 32
  case proxyAuthenResponse = 33
  // §4.4.6
  case callErrors = 34
  case accm = 35
  // §4.4.1
  case randomVector = 36
  // §4.4.4
  case privateGroupID = 37
  case rxConnectSpeed = 38
  case sequencingRequired = 39
  // RFC 3145 §2
  case pppDisconnectCauseCode = 46

  /// Whether the M bit is sent with it (§4.4; RFC 3145 §2).
  public var isMandatory: Bool {
    switch self {
    case .tieBreaker, .firmwareRevision, .vendorName, .physicalChannelID,
      .initialReceivedLCPConfReq, .lastSentLCPConfReq, .lastReceivedLCPConfReq, .proxyAuthenType,
      .proxyAuthenName, .proxyAuthenChallenge, .proxyAuthenID, .proxyAuthenResponse,
      .privateGroupID, .rxConnectSpeed, .pppDisconnectCauseCode:
      false
    case .messageType, .resultCode, .protocolVersion, .framingCapabilities, .bearerCapabilities,
      .hostName, .assignedTunnelID, .receiveWindowSize, .challenge, .q931CauseCode,
      .challengeResponse, .assignedSessionID, .callSerialNumber, .minimumBPS, .maximumBPS,
      .bearerType, .framingType, .calledNumber, .callingNumber, .subAddress, .txConnectSpeed,
      .callErrors, .accm, .randomVector, .sequencingRequired:
      true
    }
  }

  /// Whether the H bit may be set (§4.4; RFC 3145 §2).
  public var mayBeHidden: Bool {
    switch self {
    case .messageType, .resultCode, .protocolVersion, .tieBreaker, .hostName, .receiveWindowSize,
      .q931CauseCode, .randomVector, .sequencingRequired:
      false
    case .framingCapabilities, .bearerCapabilities, .firmwareRevision, .vendorName,
      .assignedTunnelID, .challenge, .challengeResponse, .assignedSessionID, .callSerialNumber,
      .minimumBPS, .maximumBPS, .bearerType, .framingType, .calledNumber, .callingNumber,
      .subAddress, .txConnectSpeed, .physicalChannelID, .initialReceivedLCPConfReq,
      .lastSentLCPConfReq, .lastReceivedLCPConfReq, .proxyAuthenType, .proxyAuthenName,
      .proxyAuthenChallenge, .proxyAuthenID, .proxyAuthenResponse, .callErrors, .accm,
      .privateGroupID, .rxConnectSpeed, .pppDisconnectCauseCode:
      true
    }
  }
}
