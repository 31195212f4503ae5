/// Where `file:`, `env:` and `credential:` references are looked up; a closure each, so that tests
/// and the checker need no file system.
public struct SecretSource: Sendable {
  /// The bytes of the file at a path; an error's description becomes the finding's cause.
  public var file: @Sendable (String) throws -> [UInt8]
  /// The value of an environment variable, `nil` when it is not set.
  public var environment: @Sendable (String) -> String?

  public init(
    file: @escaping @Sendable (String) throws -> [UInt8],
    environment: @escaping @Sendable (String) -> String?
  ) {
    self.file = file
    self.environment = environment
  }
}

/// How a secret is written: as itself, or as a reference to where it lies.
enum SecretReference: Hashable {
  case literal(String)
  /// `file:PATH`: the file's bytes without one trailing line break.
  case file(String)
  /// `env:NAME`: an environment variable.
  case environment(String)
  /// `credential:NAME`: a file in systemd's `$CREDENTIALS_DIRECTORY`.
  case credential(String)

  init(_ text: String) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2 else {
      self = .literal(text)
      return
    }
    let target = String(parts[1])
    switch parts[0] {
    case "file": self = .file(target)
    case "env": self = .environment(target)
    case "credential": self = .credential(target)
    default: self = .literal(text)
    }
  }
}
