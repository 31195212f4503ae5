import ConnectionService
import HTTPTypes
import Primitives

/// A refusal as it travels over HTTP (RFC 9457).
struct Problem: Encodable {
  static let mediaType = "application/problem+json"

  let type: String
  let title: String
  let status: Int
  let code: Refusal.Code
  let detail: String
  let cause: String
  let nextStep: String
  let reason: CloseReason?

  init(_ refusal: Refusal, status: Int) {
    type = "urn:drawbridge:error:\(refusal.code.rawValue)"
    title = Self.title(of: refusal.code)
    self.status = status
    code = refusal.code
    detail = refusal.detail
    cause = refusal.cause
    nextStep = refusal.nextStep
    reason = refusal.reason
  }

  /// The code in words: `deviceOffline` is "Device offline", `productIDTaken` "Product ID taken".
  static func title(of code: Refusal.Code) -> String {
    let letters = Array(code.rawValue)
    var words: [String] = [""]
    for (index, letter) in letters.enumerated() {
      let nextIsLower = index + 1 < letters.count && letters[index + 1].isLowercase
      let previousIsUpper = index == 0 || letters[index - 1].isUppercase
      if letter.isUppercase, nextIsLower || !previousIsUpper { words.append("") }
      words[words.count - 1].append(letter)
    }
    let first = words[0].prefix(1).uppercased() + words[0].dropFirst()
    let others = words.dropFirst().map { word in
      word.count > 1 && word.allSatisfy(\.isUppercase) ? word : word.lowercased()
    }
    return ([first] + others).joined(separator: " ")
  }

  static func status(of code: Refusal.Code) -> Int {
    switch code {
    case .badRequest: 400
    case .unauthenticated: 401
    case .forbidden, .enrolmentCodeInvalid: 403
    case .deviceUnknown, .connectionUnknown, .notFound: 404
    case .connectionClosed, .connectionLimit, .tunnelClosing, .productIDTaken, .policyRefused,
      .epochOutdated:
      409
    case .tooLarge: 413
    case .idempotencyConflict: 422
    case .overloaded: 429
    case .internalError: 500
    case .establishmentFailed: 502
    case .deviceOffline, .storeUnavailable, .brokerUnreachable: 503
    case .deviceTimeout: 504
    }
  }

  /// Seconds after which asking again makes sense.
  static func retryAfterSeconds(_ code: Refusal.Code) -> Int? {
    switch code {
    case .overloaded, .tunnelClosing: 1
    case .storeUnavailable: 5
    default: nil
    }
  }
}
