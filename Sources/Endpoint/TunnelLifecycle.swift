import Primitives

/// When one tunnel must go, and when its IPsec connection must: rules LT-1 to LT-8 as a machine.
///
/// ```
///             established               session opened
/// negotiating ───────────► idle(until) ◄──────────────► carrying(n)
///      │                     │ timer                        │ single-shot: last session removed
///      │ failed              ▼                              ▼
///      └────────────────► destructing(until) ───timer──► gone
/// ```
///
/// It knows no protocol: the endpoint tells it what happened and carries out the orders it returns.
public struct TunnelLifecycle: Sendable {
  /// Where the tunnel is in its life.
  public enum Phase: Sendable, Equatable {
    /// The control connection is being set up.
    case negotiating
    /// Established without a session; `until` is the idle deadline, `nil` when the idle timeout is
    /// zero.
    case idle(until: Instant?)
    /// Established with `sessions` sessions (1 or more).
    case carrying(sessions: Int)
    /// Closed; the record stays until the destruct deadline.
    case destructing(until: Instant)
    /// The record may be dropped.
    case gone
  }

  /// What the endpoint has to do.
  public enum Order: Sendable, Equatable {
    /// Close the control connection.
    case disconnectTunnel(CloseReason)
    /// Signal the underlying IPsec connection to disconnect.
    case disconnectIPsec(CloseReason)
    /// From now on no tunnel or session may connect through this IPsec connection (LT-8).
    case markIPsecSpent
    /// Drop the record.
    case forget
  }

  public let rules: TunnelRules
  public private(set) var phase: Phase = .negotiating

  public init(_ rules: TunnelRules) { self.rules = rules }

  /// When `handleTimeout` must be called next.
  public var nextTimeout: Instant? {
    switch phase {
    case .idle(let until): until
    case .destructing(let until): until
    case .negotiating, .carrying, .gone: nil
    }
  }

  /// The control connection is established. A tunnel that never gets a session falls under the idle
  /// timeout too (Decision: otherwise it would stay for ever).
  public mutating func tunnelEstablished(at now: Instant) {
    guard phase == .negotiating else { return }
    phase = .idle(until: idleDeadline(from: now))
  }

  /// A session was admitted.
  public mutating func sessionOpened(at now: Instant) {
    switch phase {
    case .negotiating, .idle: phase = .carrying(sessions: 1)
    case .carrying(let sessions): phase = .carrying(sessions: sessions + 1)
    case .destructing, .gone: break
    }
  }

  /// A session is gone, for whatever reason, negotiation failures included (LT-5, LT-8).
  public mutating func sessionRemoved(at now: Instant) -> [Order] {
    guard case .carrying(let sessions) = phase else { return [] }
    if sessions > 1 {
      phase = .carrying(sessions: sessions - 1)
      return []
    }
    phase = .idle(until: idleDeadline(from: now))
    guard rules.isSingleShot else { return [] }
    return [.markIPsecSpent, .disconnectTunnel(.singleShotSpent)]
  }

  /// A session that was admitted failed before it was established (LT-8).
  public mutating func sessionFailed() -> [Order] {
    guard rules.isSingleShot else { return [] }
    switch phase {
    case .negotiating, .idle, .carrying:
      return [.markIPsecSpent, .disconnectTunnel(.singleShotSpent)]
    case .destructing, .gone: return []
    }
  }

  /// The control connection is closed, by whom and why ever; the destruct timeout begins (LT-2).
  public mutating func tunnelClosed(at now: Instant) -> [Order] {
    switch phase {
    case .destructing, .gone: return []
    case .negotiating, .idle, .carrying: break
    }
    phase = .destructing(until: now + rules.destructTimeout)
    guard rules.isSingleShot else { return [] }
    return [.markIPsecSpent, .disconnectIPsec(.singleShotSpent)]
  }

  /// Carries out whatever is due.
  public mutating func handleTimeout(at now: Instant) -> [Order] {
    switch phase {
    case .idle(let until?) where until <= now:
      phase = .idle(until: nil)
      return [.disconnectTunnel(.idleTimeout)]
    case .destructing(let until) where until <= now:
      return expire()
    case .negotiating, .idle, .carrying, .destructing, .gone:
      return []
    }
  }

  /// Ends the destruct timeout now: it is over, or the room is needed.
  public mutating func expire() -> [Order] {
    guard case .destructing = phase else { return [] }
    phase = .gone
    return rules.isSingleShot ? [.forget] : [.disconnectIPsec(.destructTimeout), .forget]
  }

  private func idleDeadline(from now: Instant) -> Instant? {
    rules.isSingleShot || rules.idleTimeout == .zero ? nil : now + rules.idleTimeout
  }
}
