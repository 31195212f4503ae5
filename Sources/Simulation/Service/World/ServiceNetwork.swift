import Primitives

/// Somebody who talks to brokers.
enum Party: Hashable, Sendable {
  case agent(Int)
  case gateway
  case person(Int)
}

/// Between one of the parties and one broker.
struct Way: Hashable, Sendable {
  let party: Party
  let broker: Int
}

/// What the ways to the brokers do to what travels on them.
struct ServiceNetwork: Sendable {
  /// Requests and answers that get lost, each by itself.
  var lossPerMille = 0
  /// Requests that arrive when their asker has given up, and perhaps asked again.
  var latePerMille = 0
  var delayMilliseconds: ClosedRange<Int64> = 1...20
  /// Ways that nothing passes.
  var cut: Set<Way> = []

  /// How long a request takes that is late.
  static let lateSeconds: ClosedRange<Int64> = 5...90

  func delay(using random: inout some RandomNumberGenerator) -> Duration {
    .milliseconds(Int64.random(in: delayMilliseconds, using: &random))
  }

  /// How long a request is on its way; `nil` for one that gets lost.
  func travel(
    on way: Way, mayBeLate: Bool, using random: inout some RandomNumberGenerator
  ) -> Duration? {
    guard !isLost(on: way, using: &random) else { return nil }
    guard mayBeLate, Int.random(in: 0..<1000, using: &random) < latePerMille else {
      return delay(using: &random)
    }
    return .seconds(Int64.random(in: Self.lateSeconds, using: &random))
  }

  func isLost(on way: Way, using random: inout some RandomNumberGenerator) -> Bool {
    cut.contains(way) || Int.random(in: 0..<1000, using: &random) < lossPerMille
  }
}
