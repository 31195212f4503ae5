import CLinux

/// Owns one open descriptor and closes it when it goes.
public struct FileDescriptor: ~Copyable, Sendable {
  /// The number, for the poller and for system calls; never closed by anyone else.
  public let number: Int32

  /// Takes ownership of an open descriptor.
  public init(owning number: Int32) {
    precondition(number >= 0, "a descriptor is not negative")
    self.number = number
  }

  /// Takes ownership of what a shim call returned, or throws.
  init(_ result: Int32, _ operation: @autoclosure () -> String) throws(SystemError) {
    number = try check(result, operation())
  }

  deinit {
    // Nothing can be done about a failing close; Linux has released the number all the same.
    _ = clinux_close(number)
  }
}
