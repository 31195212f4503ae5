import Dataplane
import IKE
import L2TP
import Primitives

/// One tunnel and everything known about it, from its first message to the end of its destruct
/// timeout.
///
/// A class only because the machine inside cannot be copied; it never leaves its endpoint.
final class TunnelRecord {
  let number: TunnelNumber
  let carrier: CarrierID
  /// The IPsec connection that carried it; `nil` for a tunnel without IPsec.
  let connection: ConnectionID?
  /// The profile that rules it, as it was when the tunnel began.
  let profile: AdmittedProfile
  let openedAt: Instant
  /// The peer's UDP port inside the carrier: clients may use any, but one for a tunnel's whole life
  /// (RFC 2661 §8.1).
  var peerPort: UInt16
  var tunnel: Tunnel
  var lifecycle: TunnelLifecycle
  /// Live sessions by our L2TP session id.
  var sessions: [UInt16: SessionID] = [:]
  /// This end opened it, and opens its sessions.
  var isDialled = false
  /// Of the sessions that this end opens.
  var inactivityTimeout: Duration?
  /// Set once, when the tunnel closes.
  var end: RecordedEnd?
  /// Why we are closing it, until the machine says that it is closed.
  var closingFor: RecordedEnd.Cause?
  /// What carried it is gone: nothing can be said to the peer any more.
  var isCarrierLost = false

  init(
    number: TunnelNumber, carrier: Carrier, profile: AdmittedProfile, openedAt: Instant,
    peerPort: UInt16, tunnel: consuming Tunnel
  ) {
    self.number = number
    self.carrier = carrier.id
    connection = carrier.connection
    self.profile = profile
    self.openedAt = openedAt
    self.peerPort = peerPort
    self.tunnel = tunnel
    lifecycle = TunnelLifecycle(profile.host.rules)
  }

  var host: RemoteHostProfile { profile.host }

  /// Our L2TP tunnel id on its carrier.
  var localID: UInt16 { tunnel.localID }

  /// When its machine or its lifecycle needs attention next.
  var nextTimeout: Instant? {
    isCarrierLost
      ? lifecycle.nextTimeout : earliest(tunnel.nextTimeout, lifecycle.nextTimeout)
  }
}
