import L2TP
import Primitives

extension PPPDisconnectCause {
  /// LCP's and IPCP's PPP protocol numbers (RFC 1661 §2, RFC 1332 §2).
  private static let lcp: UInt16 = 0xC021
  private static let ipcp: UInt16 = 0x8021

  /// What our CDN says of the PPP link's end (RFC 3145 §3).
  ///
  /// - Parameter session: tells how far the link had come.
  init(_ reason: CloseReason, of session: SessionRecord, isDialled: Bool) {
    switch reason {
    case .administrator, .shutdown, .policyRefused, .localVeto, .singleShotSpent, .gatewayLost,
      .brokerLost:
      self.init(.administrative)
    case .requested, .closeAll, .lastConnectionClosed, .inactivity, .idleTimeout,
      .destructTimeout, .lifetimeExpired, .maxDuration:
      self.init(.normal, controlProtocol: Self.lcp, direction: .atLocal)
    case .peerClosed:
      self.init(.normal, controlProtocol: Self.lcp, direction: .atPeer)
    case .deadPeer:
      self.init(.echoTimeout, controlProtocol: Self.lcp)
    case .authenticationFailed:
      // Whoever could not prove who it is.
      self.init(.authenticationFailed, direction: isDialled ? .atLocal : .atPeer)
    case .negotiationFailed where session.lcp == nil:
      self.init(.lcpTimeout, controlProtocol: Self.lcp)
    case .negotiationFailed where session.user == nil && !isDialled:
      self.init(.authenticationTimeout)
    case .negotiationFailed:
      self.init(.ncpTimeout, controlProtocol: Self.ipcp)
    case .peerDeleted, .retriesExhausted, .internalError:
      self.init(.noInformation)
    }
  }
}
