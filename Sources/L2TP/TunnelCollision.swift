import Primitives

/// What becomes of two tunnels that two hosts open to each other at the same time.
public enum TunnelCollision: Hashable, Sendable {
  /// Neither asks for a single tunnel: both go on.
  case separate
  /// Ours goes on; the peer's SCCRQ is to be ignored.
  case won
  /// Ours is discarded; the peer's SCCRQ is to be accepted.
  case lost
  /// Equal tie breakers: ours is discarded, the peer's SCCRQ is to be ignored.
  case bothDiscarded
}

extension Tunnel {
  /// Reports that the peer has sent an SCCRQ of its own to a tunnel that waits for its SCCRP
  /// (§4.4.3, Tie Breaker). A losing tunnel is discarded silently, as the RFC demands.
  public mutating func collide(with facts: SCCRQFacts, at now: Instant) -> TunnelCollision {
    guard phase == .waitCtlReply else { return .separate }
    let outcome: TunnelCollision
    switch (tieBreaker, facts.tieBreaker) {
    case (nil, nil): outcome = .separate
    case (.some, nil): outcome = .won
    case (nil, .some): outcome = .lost
    case (.some(let ours), .some(let theirs)):
      outcome = ours == theirs ? .bothDiscarded : ours < theirs ? .won : .lost
    }
    switch outcome {
    case .separate, .won: break
    case .lost, .bothDiscarded:
      finish(.negotiationFailed, CloseDetail(.local, ResultCode(stopCCN: .alreadyExists)))
      forget()
    }
    return outcome
  }
}
