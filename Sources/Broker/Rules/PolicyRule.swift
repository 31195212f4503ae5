import ConnectionService

/// One line of a policy: which requests it is about, and what becomes of them.
///
/// An empty list is about all there are; several conditions hold together.
public struct PolicyRule: Hashable, Sendable {
  public enum Verdict: String, CaseIterable, Hashable, Sendable { case allow, refuse }

  /// A product id, or the beginning of some, written with a star: `press-*`.
  public struct Products: Hashable, Sendable {
    private let beginning: String
    private let isWhole: Bool

    /// `nil` for what no product id is, or begins with.
    public init?(_ text: String) {
      isWhole = !text.hasSuffix("*")
      beginning = isWhole ? text : String(text.dropLast())
      guard ProductID(beginning) != nil || (!isWhole && beginning.isEmpty) else { return nil }
    }

    func contains(_ product: ProductID) -> Bool {
      isWhole ? product.text == beginning : product.text.hasPrefix(beginning)
    }
  }

  /// A part of every day, in minutes since midnight UTC; one that ends before it begins goes over
  /// midnight, one that ends where it begins is the whole day.
  public struct Hours: Hashable, Sendable {
    public var beginMinute: Int
    public var endMinute: Int

    public init(beginMinute: Int, endMinute: Int) {
      self.beginMinute = beginMinute
      self.endMinute = endMinute
    }

    func contains(_ time: Timestamp) -> Bool {
      let daysMilliseconds: Int64 = 86_400_000
      let rest = time.milliseconds % daysMilliseconds
      let minute = Int((rest < 0 ? rest + daysMilliseconds : rest) / 60_000)
      guard beginMinute != endMinute else { return true }
      return beginMinute < endMinute
        ? (beginMinute..<endMinute).contains(minute)
        : minute >= beginMinute || minute < endMinute
    }
  }

  public var verdict: Verdict
  public var requests: [PolicyRequest.Kind] = []
  public var organisations: [Name] = []
  public var applications: [Name] = []
  public var users: [Name] = []
  public var roles: [Role] = []
  public var products: [Products] = []
  public var hours: Hours?
  /// What who is refused is told.
  public var because: String?

  public init(_ verdict: Verdict) { self.verdict = verdict }

  func matches(_ request: PolicyRequest) -> Bool {
    (requests.isEmpty || requests.contains(request.kind))
      && (organisations.isEmpty || organisations.contains(request.organisation))
      && (applications.isEmpty || applications.contains(request.application))
      && (users.isEmpty || users.contains(request.user))
      && (roles.isEmpty || roles.contains(request.role))
      && (products.isEmpty || products.contains { $0.contains(request.product) })
      && (hours?.contains(request.time) ?? true)
  }
}
