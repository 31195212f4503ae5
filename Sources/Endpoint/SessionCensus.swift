/// How many sessions are live, in all and under each profile, to hold them to their maxima.
struct SessionCensus: Sendable {
  private struct Host: Hashable, Sendable {
    var destination: String
    /// `nil` for the destination's default host.
    var name: String?

    init(_ profile: AdmittedProfile) {
      destination = profile.destination
      name = profile.host.hostName
    }
  }

  private var total = 0
  private var ofDestination: [String: Int] = [:]
  private var ofHost: [Host: Int] = [:]

  /// Why one more session under `profile` would be too many, in a sentence; `nil` when it is not.
  func refusal(under profile: AdmittedProfile, sessionsMax: Int) -> String? {
    guard total < sessionsMax else { return "too many sessions" }
    guard ofDestination[profile.destination, default: 0] < profile.destinationSessionsMax else {
      return "the destination profile \(profile.destination) is full"
    }
    guard ofHost[Host(profile), default: 0] < profile.host.sessionsMax else {
      return "the remote host \(profile.host.hostName ?? "default") is full"
    }
    return nil
  }

  /// A session began; `remove` follows exactly once.
  mutating func add(under profile: AdmittedProfile) {
    total += 1
    ofDestination[profile.destination, default: 0] += 1
    ofHost[Host(profile), default: 0] += 1
  }

  /// A session ended. Profiles without sessions leave nothing behind.
  mutating func remove(under profile: AdmittedProfile) {
    total -= 1
    Self.decrement(&ofDestination, profile.destination)
    Self.decrement(&ofHost, Host(profile))
  }

  private static func decrement<Key>(_ counts: inout [Key: Int], _ key: Key) {
    guard let count = counts[key] else { return }
    counts[key] = count > 1 ? count - 1 : nil
  }
}
