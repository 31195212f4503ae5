import IKE
import Primitives

/// No source takes more main modes than the limits allow, neither of those whose peer has not shown
/// its address nor of those whose peer has.
public enum HalfOpenChecker {
  /// - Parameters:
  ///   - exchanges: those of the gateway.
  ///   - max: of each kind from one address; in all there may be twice as many.
  public static func check(
    _ exchanges: [ExchangeView], max: Int, at now: Instant
  ) throws(BrokenPromise) {
    var counts: [IPAddress: (unproven: Int, proven: Int)] = [:]
    var (unproven, proven) = (0, 0)
    for exchange in exchanges where exchange.phase == 1 && exchange.role == .responder {
      if exchange.state == "awaitingPeerKeyExchange" {
        unproven += 1
        counts[exchange.path.remote.address, default: (0, 0)].unproven += 1
      } else {
        proven += 1
        counts[exchange.path.remote.address, default: (0, 0)].proven += 1
      }
    }
    try promise(
      unproven <= 2 * max && proven <= 2 * max, "half-open", at: now,
      "\(unproven) main modes without and \(proven) with a proven address")
    for address in counts.keys.sorted(by: { $0.description < $1.description }) {
      guard let count = counts[address] else { continue }
      try promise(
        count.unproven <= max && count.proven <= max, "half-open", at: now,
        "\(address) has \(count.unproven) main modes without and \(count.proven) with proof")
    }
  }
}
