/// Why a request was not done, in the shape of RFC 9457 (`application/problem+json`).
public struct ControlError: Error, Codable, Hashable, Sendable {
  /// The closed list of codes; programs go by it.
  public enum Code: String, CaseIterable, Codable, Sendable {
    /// The request makes no sense: path, method, id or body.
    case badRequest
    /// Nothing has that id (any more).
    case notFound
    /// Policy, configuration or the present state forbids it.
    case refused
    /// A limit is reached.
    case limitReached
    /// The request's body is larger than any request needs.
    case tooLarge
    /// The process, the peer or the socket cannot be reached.
    case unreachable
    /// No answer in time.
    case timedOut
    /// The connection broke off in the middle.
    case cut
    /// A fault of ours.
    case internalError
  }

  public var code: Code
  /// What went wrong, in one sentence.
  public var detail: String
  /// The likely cause.
  public var cause: String
  /// What to do about it.
  public var nextStep: String

  public init(_ code: Code, _ detail: String, cause: String, nextStep: String) {
    self.code = code
    self.detail = detail
    self.cause = cause
    self.nextStep = nextStep
  }
}

extension ControlError {
  /// The status that HTTP gives it.
  public var httpStatus: Int {
    switch code {
    case .badRequest: 400
    case .notFound: 404
    case .refused: 409
    case .limitReached: 429
    case .tooLarge: 413
    case .unreachable: 503
    case .timedOut: 504
    case .cut: 502
    case .internalError: 500
    }
  }

  private enum Key: String, CodingKey {
    case type, title, status, code, detail, cause, nextStep
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: Key.self)
    code = try values.decode(Code.self, forKey: .code)
    detail = try values.decode(String.self, forKey: .detail)
    cause = try values.decode(String.self, forKey: .cause)
    nextStep = try values.decode(String.self, forKey: .nextStep)
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Key.self)
    try values.encode("urn:drawbridge:error:\(code.rawValue)", forKey: .type)
    try values.encode(code.title, forKey: .title)
    try values.encode(httpStatus, forKey: .status)
    try values.encode(code, forKey: .code)
    try values.encode(detail, forKey: .detail)
    try values.encode(cause, forKey: .cause)
    try values.encode(nextStep, forKey: .nextStep)
  }
}

extension ControlError: CustomStringConvertible {
  /// Three lines: code and what; then the cause; then the next step.
  public var description: String {
    """
    error [\(code.rawValue)] \(detail)
      cause: \(cause)
      next:  \(nextStep)
    """
  }
}

extension ControlError.Code {
  /// The code as a heading.
  public var title: String {
    switch self {
    case .badRequest: "Bad request"
    case .notFound: "Not found"
    case .refused: "Refused"
    case .limitReached: "Limit reached"
    case .tooLarge: "Too large"
    case .unreachable: "Unreachable"
    case .timedOut: "Timed out"
    case .cut: "Cut off"
    case .internalError: "Internal error"
    }
  }
}
