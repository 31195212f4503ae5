/// Which requests a broker refuses although they are in order (`policy`).
public struct RequestPolicy: Equatable, Sendable {
  /// Users of tokens of other brokers: whom they name is believed.
  public var brokers: [String] = []
  /// The first that matches decides.
  public var rules: [RequestRule] = []

  public init() {}
}

/// One line of a policy; an empty list is about all there are.
public struct RequestRule: Equatable, Sendable {
  public enum Verdict: String, CaseIterable, Sendable { case allow, refuse }
  public enum Request: String, CaseIterable, Sendable { case connect, close, closeAll }
  public enum Role: String, CaseIterable, Sendable { case `operator`, admin }

  public var verdict: Verdict
  public var requests: [Request] = []
  public var organisations: [String] = []
  public var applications: [String] = []
  public var users: [String] = []
  public var roles: [Role] = []
  /// Product ids, or their beginnings with a star.
  public var products: [String] = []
  /// `nil` for the whole day.
  public var hours: DailyHours?
  /// What who is refused is told; `nil` for words of the broker's own.
  public var because: String?

  public init(_ verdict: Verdict) { self.verdict = verdict }
}

/// A part of every day, in minutes since midnight UTC; one that ends before it begins goes over
/// midnight.
public struct DailyHours: Equatable, Sendable {
  public var beginMinute: Int
  public var endMinute: Int

  public init(beginMinute: Int, endMinute: Int) {
    self.beginMinute = beginMinute
    self.endMinute = endMinute
  }
}
