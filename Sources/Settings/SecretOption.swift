import Primitives

extension Secret {
  /// The secret of one option of the command line, written out or as a reference.
  ///
  /// - Parameter option: how a message names it, e.g. `--token`.
  /// - Throws: what is wrong with the reference, as a configuration's error.
  public static func resolving(
    _ text: String, option: String, secrets: SecretSource = .system
  ) throws(ConfigurationRefused) -> Secret {
    let document = DocumentNode.mapping([("secret", .option(option, text))])
    return try ConfigurationLoader.read(document, ReadingLog(secrets: secrets)) {
      $0.requireSecret("secret")
    }.configuration
  }
}
