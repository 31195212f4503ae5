import Dataplane
import PPP
import Primitives

/// One session and everything known about it, until its destruct timeout is over.
///
/// A class only because the machine inside cannot be copied; it never leaves its endpoint.
final class SessionRecord {
  let id: SessionID
  let tunnel: TunnelNumber
  let openedAt: Instant
  var link: PPPLink
  /// What the packet path knows of it.
  var binding: SessionConfiguration
  var user: String?
  /// What IPCP settled last.
  var network: NetworkFacts?
  /// IPCP was up. A peer that negotiates anew is no user: the inactivity timeout runs on.
  var wasUp = false
  /// Networks behind the peer, beside its own address.
  var networks: [IPPrefix] = []
  /// What it leads to, while IPCP is up.
  var routes: [IPPrefix] = []
  var lcp: LCPResult?
  /// Live sessions that it may exchange packets with.
  var partners: Set<SessionID> = []
  /// Close it after this long without user activity; `nil` for never.
  var inactivityTimeout: Duration?
  var lastUserActivity: Instant
  /// The packet path was asked for the last user activity and has not answered.
  var isReportPending = false
  /// Set once, when the session closes.
  var end: RecordedEnd?
  /// Why we are closing it, until its PPP link says that it is down.
  var closingFor: RecordedEnd.Cause?

  init(
    id: SessionID, tunnel: TunnelNumber, binding: SessionConfiguration, openedAt: Instant,
    link: consuming PPPLink
  ) {
    self.id = id
    self.tunnel = tunnel
    self.binding = binding
    self.openedAt = openedAt
    self.link = link
    lastUserActivity = openedAt
  }

  /// Our L2TP session id.
  var localID: UInt16 { binding.localSessionID }

  /// When inactivity would close it, by what is known now.
  var inactivityDeadline: Instant? {
    guard let inactivityTimeout, wasUp, closingFor == nil, !isReportPending else { return nil }
    return lastUserActivity + inactivityTimeout
  }

  var nextTimeout: Instant? { earliest(link.nextTimeout, inactivityDeadline) }

  /// Why it ends, when `reported` is what ends it now: whatever began to close it first.
  func firstCause(_ reported: RecordedEnd.Cause) -> RecordedEnd.Cause {
    if let closingFor { return closingFor }
    guard let reason = link.snapshot.closeReason, reason != reported.reason else {
      return reported
    }
    return RecordedEnd.Cause(reason)
  }
}
