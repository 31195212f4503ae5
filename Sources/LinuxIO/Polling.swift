import Primitives

/// What a descriptor is ready for.
public struct Readiness: OptionSet, Hashable, Sendable {
  public let rawValue: UInt32

  public init(rawValue: UInt32) { self.rawValue = rawValue }

  public static let readable = Readiness(rawValue: 1)
  public static let writable = Readiness(rawValue: 2)
  /// An error or a hang-up; always reported. Reading or writing says which.
  public static let failed = Readiness(rawValue: 4)
}

/// One registered thing that became ready.
public struct ReadyEvent: Hashable, Sendable {
  /// What it was registered with.
  public let token: UInt64
  public let readiness: Readiness

  public init(token: UInt64, readiness: Readiness) {
    self.token = token
    self.readiness = readiness
  }
}

/// Waits until something is ready or a deadline has come.
public protocol Polling: ~Copyable {
  /// Replaces `events` by what is ready: at once if anything is, else when something becomes ready
  /// or `deadline` has come (then `events` may be empty).
  ///
  /// - Parameter deadline: on the clock of `MonotonicClock`; `nil` waits without limit, an instant
  ///   in the past only looks.
  mutating func wait(until deadline: Instant?, into events: inout [ReadyEvent]) throws(SystemError)
}
