import Primitives

/// Who ended a tunnel or a session, and in whose words.
public struct CloseDetail: Hashable, Sendable {
  /// Which end decided.
  public enum Origin: Hashable, Sendable { case local, peer }

  /// Which end decided; a timeout is ours.
  public var origin: Origin
  /// The Result Code AVP sent or received, if there was one.
  public var resultCode: ResultCode?
  /// RFC 3145, from a CDN received.
  public var pppDisconnectCause: PPPDisconnectCause?
  /// From a CDN received.
  public var q931Cause: Q931Cause?
  /// The fault in a message of the peer that made us close.
  public var violation: Violation?

  init(
    _ origin: Origin, _ resultCode: ResultCode? = nil, violation: Violation? = nil
  ) {
    self.origin = origin
    self.resultCode = resultCode
    self.violation = violation
  }
}

/// What a tunnel tells those above.
public enum TunnelEvent: Hashable, Sendable {
  /// The control connection is up.
  case established(PeerFacts)
  /// Data may flow. At the LNS `facts` are the peer's, at the LAC our own.
  case sessionEstablished(localID: UInt16, remoteID: UInt16, facts: SessionFacts)
  /// A call of the peer was refused; no session existed.
  case sessionRefused(remoteID: UInt16, ResultCode)
  /// A session is over: exactly one for every session that was admitted or opened, established or
  /// not.
  case sessionClosed(localID: UInt16, CloseReason, CloseDetail)
  /// The tunnel is over: exactly one, after the ends of its sessions.
  case closed(CloseReason, CloseDetail)
}
