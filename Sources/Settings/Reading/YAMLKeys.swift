import Yams

extension YAMLDocument {
  /// Stands for the asterisk of an alias. Plain text may begin with it, so that a document keeps its
  /// shape, and nobody's key does.
  private static let aliasMark: Unicode.Scalar = "\u{2217}"

  /// Refuses keys that are lists, mappings or aliases before Yams unfolds any alias.
  ///
  /// Yams looks for keys that stand twice, and for that it hashes every key whole: one key of ten
  /// aliases, each of a list of ten aliases and so on, would keep it busy for ever. So a document
  /// with asterisks is read twice, first with words in place of its aliases.
  static func requirePlainKeys(_ text: String) throws(ConfigurationRefused) {
    guard text.utf8.contains(UInt8(ascii: "*")) else { return }
    var withoutAliases = String.UnicodeScalarView()
    withoutAliases.append(
      contentsOf: text.unicodeScalars.lazy.map { $0 == "*" ? aliasMark : $0 })
    let root: Node?
    do {
      root = try compose(String(withoutAliases))
    } catch {
      throw refusal(of: error)
    }
    if let root { try requirePlainKeys(root) }
  }

  private static func requirePlainKeys(_ node: Node) throws(ConfigurationRefused) {
    switch node {
    case .scalar, .alias: return
    case .sequence(let sequence):
      for element in sequence { try requirePlainKeys(element) }
    case .mapping(let mapping):
      for (key, value) in mapping {
        guard let scalar = key.scalar, !isAlias(scalar) else {
          throw keyRefused(line: key.mark?.line ?? 1)
        }
        try requirePlainKeys(value)
      }
    }
  }

  private static func isAlias(_ scalar: Node.Scalar) -> Bool {
    scalar.style == .plain && scalar.string.unicodeScalars.first == aliasMark
  }
}
