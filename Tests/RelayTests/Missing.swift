struct Missing: Error {}

extension Optional {
  /// The value, where a test needs one.
  func orFail() throws -> Wrapped {
    guard let self else { throw Missing() }
    return self
  }
}
