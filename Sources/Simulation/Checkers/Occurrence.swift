import Dataplane
import Endpoint
import IKE
import Primitives

/// What happened on one host, with everything that a checker needs to judge it.
///
/// Checkers know nothing else of the engines, so that a test can tell them any lie.
public enum Occurrence: Sendable, Equatable {
  case connectionUp(ConnectionID)
  /// Where the packets of the connection go now, and whether this end may ask for life: DPD is
  /// agreed and there is an ISAKMP SA to ask in.
  case connectionPath(ConnectionID, Path, mayAsk: Bool)
  case connectionDown(ConnectionID, CloseReason, detail: String)
  case attemptFailed(ConnectionID, CloseReason, retryAt: Instant?)
  /// A pair of ESP SAs by its inbound SPI.
  case pairUp(UInt32, on: ConnectionID)
  case pairDown(UInt32, CloseReason)
  /// A tunnel has a record from now on; `rules` are those that the configuration in force demands.
  case tunnelOpened(TunnelNumber, on: ConnectionID?, rules: TunnelRules)
  case tunnelUp(TunnelNumber)
  case tunnelClosed(TunnelNumber, CloseReason)
  /// The record is gone.
  case tunnelForgotten(TunnelNumber)
  case sessionOpened(SessionID, in: TunnelNumber)
  /// A call was taken in and came to nothing before it was a session.
  case sessionFailed(in: TunnelNumber)
  /// The network layer is up, maybe again; `address` is the user's.
  case sessionUp(SessionID, address: IPv4Address)
  /// The network layer is down, the session is not.
  case sessionSuspended(SessionID)
  /// The closing began; the session is still there.
  case sessionClosing(SessionID, CloseReason)
  case sessionClosed(SessionID, CloseReason)
  case sessionForgotten(SessionID)
  /// An IP packet from or to the user of this session passed the host.
  case userPacket(SessionID)
}

/// Watches one promise on one host.
public protocol Checker: Sendable {
  /// Something happened; throws when that breaks the promise.
  mutating func note(_ occurrence: Occurrence, at now: Instant) throws(BrokenPromise)

  /// The clock has reached `now`, and nothing more will happen before: throws when something that
  /// was due earlier did not happen.
  func checkOverdue(at now: Instant) throws(BrokenPromise)
}

extension Checker {
  public func checkOverdue(at now: Instant) throws(BrokenPromise) {}
}
