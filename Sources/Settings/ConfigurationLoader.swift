import Foundation
import Primitives

/// A configuration with the warnings that it gave rise to.
public struct Loaded<Configuration: Sendable>: Sendable {
  public var configuration: Configuration
  public var warnings: [Finding]
}

/// Reads configurations from text, or from files.
public enum ConfigurationLoader {
  /// Reads a gateway's configuration from YAML.
  public static func gateway(
    yaml: String, secrets: SecretSource
  ) throws(ConfigurationRefused) -> Loaded<GatewayConfiguration> {
    try read(YAMLDocument.parse(yaml), ReadingLog(secrets: secrets)) {
      GatewayConfiguration(reading: &$0)
    }
  }

  /// Reads a dial profile from YAML.
  public static func dial(
    yaml: String, secrets: SecretSource
  ) throws(ConfigurationRefused) -> Loaded<DialConfiguration> {
    try read(YAMLDocument.parse(yaml), ReadingLog(secrets: secrets)) {
      DialConfiguration(reading: &$0)
    }
  }

  /// Reads a gateway's configuration file; literal secrets in a file that others may read are
  /// warned of.
  public static func gateway(
    file: ConfigurationFile, secrets: SecretSource = .system
  ) throws(ConfigurationRefused) -> Loaded<GatewayConfiguration> {
    try read(YAMLDocument.parse(file.text), ReadingLog(secrets: secrets), file: file) {
      GatewayConfiguration(reading: &$0)
    }
  }

  /// Reads a dial profile's file.
  public static func dial(
    file: ConfigurationFile, secrets: SecretSource = .system
  ) throws(ConfigurationRefused) -> Loaded<DialConfiguration> {
    try read(YAMLDocument.parse(file.text), ReadingLog(secrets: secrets), file: file) {
      DialConfiguration(reading: &$0)
    }
  }

  /// Reads a document whole, so that one pass finds everything that is wrong with it.
  static func read<Configuration>(
    _ document: DocumentNode, _ log: ReadingLog, file: ConfigurationFile? = nil,
    _ body: (inout Section) -> Configuration?
  ) throws(ConfigurationRefused) -> Loaded<Configuration> {
    var section = Section(document, path: "", log: log)
    let configuration = body(&section)
    section.finish()
    if let file, file.isReadableByOthers { warnOfExposedSecrets(log, file) }
    let findings = log.findingsInOrder
    guard let configuration, !findings.contains(where: { $0.severity == .error }) else {
      throw ConfigurationRefused(findings: findings)
    }
    return Loaded(configuration: configuration, warnings: findings)
  }

  private static func warnOfExposedSecrets(_ log: ReadingLog, _ file: ConfigurationFile) {
    for path in log.literalSecrets {
      log.report(
        FormProblem(
          .exposedSecret, "the secret stands here for every user of this machine to read",
          cause: "the file's mode lets others read it",
          next: """
            name it as credential:NAME, file:PATH or env:NAME instead, or chmod 600 \(file.path) if \
            only its owner starts drawbridge
            """),
        at: path, severity: .warning)
    }
  }
}
