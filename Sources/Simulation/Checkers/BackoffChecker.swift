import IKE
import Primitives

/// IK-2 to IK-5 on the wire: what a host sends again of its own accord is byte for byte what it sent
/// before, at the moments that the policy names.
public struct BackoffChecker: Sendable {
  private struct Sent: Sendable {
    let first: Instant
    var retransmissions = 0
  }

  private let backoff: MessageBackoff
  private var messages: [[UInt8]: Sent] = [:]
  /// Retransmissions seen.
  public private(set) var retransmissions = 0

  public init(_ backoff: MessageBackoff) { self.backoff = backoff }

  /// A host sent a datagram.
  ///
  /// - Parameter isByTimer: nothing from outside made it send this.
  public mutating func note(
    _ packet: VirtualPacket, isByTimer: Bool, at now: Instant
  ) throws(BrokenPromise) {
    guard case .udp(let bytes) = packet.payload, Self.isISAKMP(bytes, packet) else { return }
    guard var sent = messages[bytes] else {
      messages[bytes] = Sent(first: now)
      return
    }
    guard isByTimer else { return }
    sent.retransmissions += 1
    let number = sent.retransmissions
    try promise(
      number <= backoff.retryLimit, "IK-1", at: now, "retransmission \(number) of one message")
    try promise(
      now - sent.first == offset(of: number), "IK-2", at: now,
      "retransmission \(number) comes \(now - sent.first) after the message")
    messages[bytes] = sent
    retransmissions += 1
  }

  /// An exchange of this host timed out: one of its messages must be just that old (IK-4).
  public func noteTimeout(at now: Instant) throws(BrokenPromise) {
    let whole = offset(of: backoff.retryLimit + 1)
    let isOnTime = messages.values.contains { now - $0.first == whole }
    try promise(isOnTime, "IK-4", at: now, "an exchange timed out off its time")
  }

  /// When retransmission `number` comes, counted from the message; one past the limit is the end.
  private func offset(of number: Int) -> Duration {
    let timeout = Duration.seconds(backoff.timeoutSeconds)
    return switch backoff.mode {
    case .none: timeout * number
    // T + 2T + 4T + … + 2T(k−1) = T + T · k(k−1)
    case .incremental: timeout * (1 + number * (number - 1))
    }
  }

  private static func isISAKMP(_ bytes: [UInt8], _ packet: VirtualPacket) -> Bool {
    guard bytes.count >= 28 else { return false }
    return packet.source.port == 500 || bytes.starts(with: [0, 0, 0, 0])
  }
}
