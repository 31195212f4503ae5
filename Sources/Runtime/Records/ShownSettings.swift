import Control
import Settings

/// What of the configuration in force is shown beside the engines' state.
struct ShownSettings: Sendable {
  var policies: [ISAKMPPolicyRecord]
  /// The most sessions of each destination profile, by its name.
  var sessionsMax: [String: Int]

  init(_ settings: Settings.GatewayConfiguration) {
    policies = settings.isakmpPolicies.map(ISAKMPPolicyRecord.init)
    sessionsMax = Dictionary(
      settings.destinations.map { ($0.name, $0.maxSessions) }
    ) { first, _ in first }
  }

  init(_ settings: DialConfiguration) {
    policies = [ISAKMPPolicyRecord(settings.isakmpPolicy)]
    sessionsMax = ["dial": 1]
  }
}
