import CLinux

/// The environment failed: which operation, and the kernel's error number.
public struct SystemError: Error, Hashable, Sendable {
  /// What was tried, in words a person can act on, e.g. `bind 0.0.0.0:500`.
  public let operation: String
  /// The error number, e.g. `EADDRINUSE`.
  public let errno: Int32
  /// What usually helps, when that is known.
  public let advice: String?

  public init(_ operation: String, errno: Int32, advice: String? = nil) {
    self.operation = operation
    self.errno = errno
    self.advice = advice
  }
}

extension SystemError: CustomStringConvertible {
  /// `bind 0.0.0.0:500: Address already in use (EADDRINUSE)`, then the advice.
  public var description: String {
    let name = clinux_error_name(errno).map { String(cString: $0) } ?? "error \(errno)"
    let text = clinux_error_text(errno).map { String(cString: $0) } ?? "unknown error"
    return "\(operation): \(text) (\(name))" + (advice.map { "; \($0)" } ?? "")
  }
}

/// Returns the value of a shim call, or throws what it stands for when it is negative.
@discardableResult
func check(_ result: Int32, _ operation: @autoclosure () -> String) throws(SystemError) -> Int32 {
  guard result < 0 else { return result }
  throw SystemError(operation(), errno: -result)
}
