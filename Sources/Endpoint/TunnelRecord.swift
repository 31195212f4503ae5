import Dataplane
import L2TP
import Primitives

/// One tunnel and everything known about it, from its first message to the end of its destruct
/// timeout.
///
/// A class only because the machine inside cannot be copied; it never leaves its endpoint.
final class TunnelRecord {
  let number: TunnelNumber
  let carrier: CarrierID
  /// The profile that rules it; names are for people.
  let destination: String
  let host: RemoteHostProfile
  let openedAt: Instant
  /// The peer's UDP port inside the carrier; clients may use any.
  var peerPort: UInt16
  var tunnel: Tunnel
  var lifecycle: TunnelLifecycle
  /// Live sessions by our L2TP session id.
  var sessions: [UInt16: SessionID] = [:]
  /// What this end dials through it, when it opened it.
  var dial: DialRequest?
  /// Set once, when the tunnel closes.
  var end: RecordedEnd?
  /// Why we are closing it, until the machine says that it is closed.
  var closingFor: RecordedEnd.Cause?

  init(
    number: TunnelNumber, carrier: CarrierID, destination: String,
    host: RemoteHostProfile, openedAt: Instant, peerPort: UInt16, tunnel: consuming Tunnel
  ) {
    self.number = number
    self.carrier = carrier
    self.destination = destination
    self.host = host
    self.openedAt = openedAt
    self.peerPort = peerPort
    self.tunnel = tunnel
    lifecycle = TunnelLifecycle(host.rules)
  }

  /// Our L2TP tunnel id on its carrier.
  var localID: UInt16 { tunnel.localID }

  /// When its machine or its lifecycle needs attention next.
  var nextTimeout: Instant? { earliest(tunnel.nextTimeout, lifecycle.nextTimeout) }
}

/// When and why something ended.
public struct RecordedEnd: Sendable, Equatable {
  /// A reason from the closed list, and what is behind it in a sentence.
  public struct Cause: Sendable, Equatable {
    public var reason: CloseReason
    public var detail: String

    public init(_ reason: CloseReason, _ detail: String = "") {
      self.reason = reason
      self.detail = detail
    }
  }

  public var at: Instant
  public var cause: Cause

  public init(at: Instant, cause: Cause) {
    self.at = at
    self.cause = cause
  }
}
