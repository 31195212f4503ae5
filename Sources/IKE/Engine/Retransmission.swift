import Primitives

/// A message that waits for its answer, sent again by the policy's back-off (IK-1 to IK-5).
struct Retransmission: Sendable {
  enum Step {
    case send
    case expired
  }

  let bytes: [UInt8]
  let backoff: MessageBackoff
  /// Retransmissions so far, the first transmission not counted.
  private(set) var sent = 0
  private(set) var nextAt: Instant

  init(_ bytes: [UInt8], backoff: MessageBackoff, at now: Instant) {
    self.bytes = bytes
    self.backoff = backoff
    nextAt = now + backoff.gap(before: 1)
  }

  /// Called when `nextAt` has come: the next retransmission, or the end after one more gap (IK-4).
  mutating func step(at now: Instant) -> Step {
    guard sent < backoff.retryLimit else { return .expired }
    sent += 1
    nextAt = now + backoff.gap(before: sent + 1)
    return .send
  }
}
