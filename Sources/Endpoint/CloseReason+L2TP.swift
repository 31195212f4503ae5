import L2TP
import Primitives

// What our close reasons are called on the wire (RFC 2661 §4.4.2).
extension CloseReason {
  /// For a StopCCN.
  var stopCCN: ResultCode {
    switch self {
    case .shutdown, .gatewayLost:
      ResultCode(stopCCN: .shuttingDown)
    case .authenticationFailed, .policyRefused, .localVeto:
      ResultCode(stopCCN: .notAuthorized, text: rawValue)
    case .negotiationFailed, .internalError, .retriesExhausted:
      ResultCode(stopCCN: .generalError, error: ErrorCode.none, text: rawValue)
    case .requested, .closeAll, .lastConnectionClosed, .inactivity, .idleTimeout, .destructTimeout,
      .deadPeer, .peerDeleted, .peerClosed, .lifetimeExpired, .maxDuration, .administrator,
      .brokerLost, .singleShotSpent:
      ResultCode(stopCCN: .generalRequest, text: rawValue)
    }
  }

  /// For a CDN.
  var cdn: ResultCode {
    switch self {
    case .deadPeer, .peerClosed, .peerDeleted:
      ResultCode(cdn: .lossOfCarrier)
    case .negotiationFailed, .authenticationFailed, .internalError, .retriesExhausted:
      ResultCode(cdn: .generalError, error: ErrorCode.none, text: rawValue)
    case .policyRefused, .localVeto, .singleShotSpent:
      ResultCode(cdn: .noFacilitiesPermanent, text: rawValue)
    case .requested, .closeAll, .lastConnectionClosed, .inactivity, .idleTimeout, .destructTimeout,
      .lifetimeExpired, .maxDuration, .administrator, .gatewayLost, .brokerLost, .shutdown:
      ResultCode(cdn: .administrative, text: rawValue)
    }
  }
}
