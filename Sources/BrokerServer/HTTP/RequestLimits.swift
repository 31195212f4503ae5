import ConnectionService
import Synchronization

/// A bucket that fills steadily; every request takes one drop out.
struct TokenBucket: Sendable {
  private let perSecond: Double
  private let burst: Double
  private var drops: Double
  private var filledAt: ContinuousClock.Instant

  init(perSecond: Double, burst: Double, at now: ContinuousClock.Instant) {
    self.perSecond = perSecond
    self.burst = burst
    drops = burst
    filledAt = now
  }

  mutating func hasDrop(at now: ContinuousClock.Instant) -> Bool {
    drops = min(burst, drops + perSecond * ((now - filledAt) / .seconds(1)))
    filledAt = now
    return drops >= 1
  }

  mutating func take(at now: ContinuousClock.Instant) -> Bool {
    guard hasDrop(at: now) else { return false }
    drops -= 1
    return true
  }

  /// Nothing has been taken for long enough: a new one would be the same.
  mutating func isFull(at now: ContinuousClock.Instant) -> Bool {
    _ = hasDrop(at: now)
    return drops >= burst
  }
}

/// How fast one token may ask, and one address may fail to authenticate.
///
/// Tokens that were good before are not held up by others behind the same address that guess.
final class RequestLimits: Sendable {
  /// Tokens, and addresses, that are remembered.
  static let rememberedMax = 16_384
  /// Refused requests that are recorded: so many a second, so many at once.
  private static let recordsPerSecond = 10.0
  private static let recordsBurst = 100.0

  private struct State {
    /// By hash: a token itself is kept nowhere.
    var tokens: [Int: TokenBucket] = [:]
    var failures: [String: TokenBucket] = [:]
    var records: TokenBucket
  }

  private let state: Mutex<State>
  private let limits: ServerLimits

  init(_ limits: ServerLimits) {
    self.limits = limits
    state = Mutex(
      State(
        records: TokenBucket(
          perSecond: Self.recordsPerSecond, burst: Self.recordsBurst, at: .now)))
  }

  /// - Parameter token: `nil` where the credential is something else.
  /// - Throws: `overloaded` for too many requests, and for too many failures.
  func admit(_ token: String?, from source: String) throws(Refusal) {
    let now = ContinuousClock.now
    let refusal: Refusal? = state.withLock { state in
      if let key = token?.hashValue, state.tokens[key] != nil {
        guard state.tokens[key]?.take(at: now) == true else {
          return .limit("The token asks too fast.")
        }
        return nil
      }
      if state.failures[source]?.hasDrop(at: now) == false {
        return .limit("Too many bad credentials came from this address.")
      }
      return nil
    }
    if let refusal { throw refusal }
  }

  /// A token turned out to be good.
  func recognised(_ token: String) {
    let key = token.hashValue
    let now = ContinuousClock.now
    state.withLock { state in
      guard state.tokens[key] == nil else { return }
      Self.makeRoom(in: &state.tokens, at: now)
      state.tokens[key] = TokenBucket(
        perSecond: limits.requestsPerSecond, burst: limits.requestsBurst, at: now)
    }
  }

  /// A credential from there was not good.
  func failed(from source: String) {
    let now = ContinuousClock.now
    state.withLock { state in
      if state.failures[source] == nil {
        Self.makeRoom(in: &state.failures, at: now)
        state.failures[source] = TokenBucket(
          perSecond: limits.failuresPerSecond, burst: limits.failuresBurst, at: now)
      }
      _ = state.failures[source]?.take(at: now)
    }
  }

  /// Whether a refused request goes into the events.
  ///
  /// What the server refuses because it has too much to do would only add to it.
  func mayRecord(_ refusal: Refusal) -> Bool {
    switch refusal.code {
    case .overloaded, .storeUnavailable, .brokerUnreachable, .internalError: return false
    default: return state.withLock { $0.records.take(at: .now) }
    }
  }

  /// Forgets those that have not asked for long; all of them when none is so.
  private static func makeRoom<Key: Hashable>(
    in buckets: inout [Key: TokenBucket], at now: ContinuousClock.Instant
  ) {
    guard buckets.count >= rememberedMax else { return }
    buckets = buckets.filter { entry in
      var bucket = entry.value
      return !bucket.isFull(at: now)
    }
    if buckets.count >= rememberedMax { buckets.removeAll() }
  }
}
