/// One thing that is wrong, or worth a warning, in a configuration.
///
/// Texts are made for people; programs go by `code`, which never changes its meaning.
public struct Finding: Hashable, Sendable {
  /// Errors keep the configuration from being used; warnings do not.
  public enum Severity: String, Sendable { case error, warning }

  /// The closed list of what can be found; stable across versions.
  public enum Code: String, CaseIterable, Sendable {
    /// The file does not exist or may not be read.
    case unreadableFile
    /// The file or the tree in it is larger than any real configuration.
    case tooLarge
    /// The text is not YAML.
    case notYAML
    /// A key occurs twice in one mapping.
    case duplicateKey
    /// A key that the schema does not have.
    case unknownKey
    /// A key without which the configuration has no meaning.
    case missingKey
    /// A list where a value belongs, or the like.
    case wrongShape
    /// A key with nothing behind it.
    case emptyValue
    /// A value that cannot be read as what the key holds.
    case invalidValue
    /// A value beyond its bounds.
    case outOfRange
    /// More list elements than the limit.
    case tooMany
    /// A name that nothing in the configuration has.
    case unknownReference
    /// Two elements of one list share a name.
    case duplicateName
    /// A `file:`, `env:` or `credential:` reference that leads to nothing.
    case secretUnavailable
    /// Negotiation retries without a specific peer (IK-11).
    case retriesNeedPeer
    /// Values that are right alone and wrong together.
    case inconsistent
    /// Warning: algorithms of the legacy profile are offered.
    case legacyAlgorithms
    /// Warning: a literal secret in a file that other users may read.
    case exposedSecret
    /// Warning: nobody can log in.
    case noUsers
  }

  /// Where the text came from.
  public enum Origin: Hashable, Sendable {
    /// A line of the configuration file, counted from 1.
    case line(Int)
    /// An option of the command line, e.g. `--pool`.
    case option(String)
    /// The configuration as a whole.
    case whole
  }

  public var severity: Severity
  public var code: Code
  public var origin: Origin
  /// The key in dotted form, e.g. `isakmp.policies[0].msgTimeout`; empty for the whole file.
  public var path: String
  /// What is wrong, in one sentence.
  public var what: String
  /// The likely cause.
  public var cause: String
  /// What to do about it.
  public var nextStep: String
}

extension Finding: CustomStringConvertible {
  /// Three lines: place, code and what; then the cause; then the next step.
  public var description: String {
    let place =
      switch origin {
      case .line(let line): "line \(line)" + (path.isEmpty ? "" : ", \(path)")
      case .option(let option): option
      case .whole: path.isEmpty ? "configuration" : path
      }
    return """
      \(severity.rawValue) [\(code.rawValue)] \(place): \(what)
        cause: \(cause)
        next:  \(nextStep)
      """
  }
}

/// A configuration that cannot be used, with everything that is wrong with it.
public struct ConfigurationRefused: Error, Hashable, Sendable {
  /// At least one error; warnings found on the way are kept.
  public var findings: [Finding]

  public init(findings: [Finding]) { self.findings = findings }

  /// The errors alone, in the order of the file.
  public var errors: [Finding] { findings.filter { $0.severity == .error } }
}

extension ConfigurationRefused: CustomStringConvertible {
  public var description: String { findings.map(\.description).joined(separator: "\n") }
}
