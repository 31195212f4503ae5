/// States of a control connection (RFC 2661 §7.2.1).
///
/// The RFC's "idle" after a clean-up is two states here, because §5.7 and §5.8 want the reliable
/// delivery to go on for a while.
///
/// ```
///            open                SCCRP                      close, StopCCN,
///   idle ──────────▶ wait-ctl-reply ─────▶ established ────▶ retransmissions ──▶ stopped
///     │     SCCRQ                SCCCN        ▲               spent, any error      │ one cycle
///     └────────────▶ wait-ctl-conn ───────────┘                                     ▼
///                                                                                 over
/// ```
public enum TunnelPhase: String, CaseIterable, Hashable, Sendable {
  case idle
  case waitCtlReply = "wait-ctl-reply"
  case waitCtlConn = "wait-ctl-conn"
  case established
  /// Closed; answers what still comes.
  case stopped
  /// Closed and the retention is over.
  case over
}
