import Dataplane
import Endpoint
import IKE
import PPP
import Primitives

/// The end that dials: one tunnel, up at most once, never back by itself (CS-5).
///
/// ```
/// idle ──dial──► dialling ──session up──► up ──┐
///                   │                          │ session, tunnel or connection gone
///                   └───── any failure ─────► over
/// ```
public struct VPNAgent: ~Copyable, HostOwner {
  /// Where the one tunnel is in its life.
  public enum Phase: Sendable, Equatable {
    case idle
    case dialling
    case up(NetworkFacts)
    /// The tunnel is gone, or never was; its IPsec connection may still have to be closed.
    case over(RecordedEnd.Cause)
  }

  public var host: Host
  public private(set) var phase: Phase = .idle
  /// Everything is closed and said; nothing of the tunnel is left.
  public private(set) var isDone = false
  private var connection: ConnectionID?
  private var outputs = Outbox<OwnerOutput>()

  public init(host: consuming Host) { self.host = host }

  /// Dials; once in the agent's life.
  public mutating func dial(
    _ request: DialRequest, at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    guard phase == .idle else { return }
    phase = .dialling
    connection = host.endpoint.dial(request, at: now, using: &random)
    host.settle(at: now, using: &random)
    answer(at: now, using: &random)
  }

  /// Closes whatever there is of the tunnel; `isDone` tells when that is finished.
  public mutating func close(
    _ reason: CloseReason, at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    if let connection {
      _ = host.endpoint.closeConnection(connection, reason, at: now, using: &random)
      host.settle(at: now, using: &random)
      answer(at: now, using: &random)
    }
    // The peers were told; no answer is waited for.
    finish(RecordedEnd.Cause(reason))
    isDone = true
  }

  public mutating func answer(
    at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    while let output = host.nextOutput() {
      switch output {
      case .compute(let job): outputs.append(.compute(job))
      case .authenticate(let session, let request):
        // A gateway that wants to prove itself to us is none of our users.
        host.endpoint.completeAuthentication(
          of: session, ticket: request.ticket, .refused, at: now, using: &random)
      case .needsAddress(let session, _, _):
        _ = host.endpoint.closeSession(session, .negotiationFailed, at: now, using: &random)
      case .event(let event):
        note(event)
        outputs.append(.event(event))
        // A gateway that missed our Delete may rekey towards us: that would bring a connection back.
        if isDone { host.endpoint.shutDown(at: now, using: &random) }
      }
      host.settle(at: now, using: &random)
    }
  }

  public mutating func nextOutput() -> OwnerOutput? { outputs.popFirst() }

  private mutating func note(_ event: EndpointEvent) {
    switch event {
    case .sessionUp(_, let facts):
      if case .over = phase { return }
      phase = .up(facts)
    case .tunnelClosed(_, let reason, let detail):
      finish(RecordedEnd.Cause(reason, detail))
    case .attemptFailed(let id, let reason, let detail, let retryAt):
      if id == connection, retryAt == nil { finish(RecordedEnd.Cause(reason, detail)) }
    case .connectionDown(let id, let reason, let detail):
      guard id == connection else { return }
      finish(RecordedEnd.Cause(reason, detail))
      isDone = true
    case .sessionClosed(_, let reason, let detail):
      finish(RecordedEnd.Cause(reason, detail))
    case .sessionRefused(_, let reason, let detail):
      // What is up already does not end because one more session is refused.
      if phase == .dialling { finish(RecordedEnd.Cause(reason, detail)) }
    case .connectionUp, .childUp, .childDown, .tunnelUp, .tunnelRefused, .peerFailed,
      .isakmpKeys, .note, .dataplaneRefused:
      break
    }
  }

  /// The first cause is the reason.
  private mutating func finish(_ cause: RecordedEnd.Cause) {
    if case .over = phase { return }
    phase = .over(cause)
  }
}
