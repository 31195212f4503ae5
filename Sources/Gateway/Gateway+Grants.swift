import ConnectionService
import Endpoint
import Primitives

// Who may reach which device, as the broker says (CS-25).
extension Gateway {
  /// The broker told something: pairs of sessions are allowed and denied before this returns.
  public mutating func apply(
    _ change: GrantChange, at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    grants.apply(change, at: now)
    carryOutGrants(at: now, using: &random)
  }

  /// Every grant in force, by the connection's id.
  public var grantViews: [GrantView] { grants.views }

  /// Grants that were refused since the start: too many, or for names or addresses that no session
  /// can have.
  public var grantsRefused: UInt64 { grants.refused }

  /// Brings the packet path in line with the grants.
  mutating func carryOutGrants(
    at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    while let order = grants.nextOrder() {
      switch order {
      case .deny(let pair):
        denyForwarding(between: pair.low, and: pair.high, at: now, using: &random)
      case .allow(let pair):
        do throws(ForwardingError) {
          try allowForwarding(between: pair.low, and: pair.high, at: now, using: &random)
        } catch {
          grants.couldNotAllow(pair)
        }
      }
    }
  }
}
