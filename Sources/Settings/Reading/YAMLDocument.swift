import Yams

/// Turns YAML text into document nodes with line numbers.
enum YAMLDocument {
  /// The largest text that is looked at.
  static let bytesMax = 4 << 20
  /// The most nodes a document may have once its aliases are expanded, so that a small file cannot
  /// unfold into a large tree.
  static let nodesMax = 500_000
  /// The deepest nesting; the schema itself needs six.
  static let depthMax = 16

  /// - Throws: one finding; YAML that cannot be parsed has no second error worth reading.
  static func parse(_ text: String) throws(ConfigurationRefused) -> DocumentNode {
    guard text.utf8.count <= bytesMax else {
      throw refusal(
        .tooLarge, .whole, "the file has \(text.utf8.count) bytes, at most \(bytesMax) are read",
        cause: "this is hardly a configuration file", next: "check the path")
    }
    let root: Node?
    try requirePlainKeys(text)
    do {
      root = try compose(text)
    } catch {
      throw refusal(of: error)
    }
    guard let root else { return DocumentNode(content: .empty, origin: .whole) }
    var nodesLeft = nodesMax
    return try convert(root, line: 1, depth: 0, nodesLeft: &nodesLeft)
  }

  private static func convert(
    _ node: Node, line parentLine: Int, depth: Int, nodesLeft: inout Int
  ) throws(ConfigurationRefused) -> DocumentNode {
    let line = node.mark?.line ?? parentLine
    nodesLeft -= 1
    guard nodesLeft >= 0, depth <= depthMax else {
      throw refusal(
        .tooLarge, .line(line), "the document is nested or repeated beyond any use",
        cause: "aliases that multiply, or brackets that never close", next: "write it out plainly")
    }
    switch node {
    case .scalar(let scalar):
      let isEmpty =
        scalar.string.isEmpty && scalar.style != .doubleQuoted
        && scalar.style != .singleQuoted
      return DocumentNode(
        content: isEmpty ? .empty : .scalar(scalar.string), origin: .line(line))
    case .sequence(let sequence):
      var elements: [DocumentNode] = []
      for element in sequence {
        elements.append(
          try convert(element, line: line, depth: depth + 1, nodesLeft: &nodesLeft))
      }
      return DocumentNode(content: .sequence(elements), origin: .line(line))
    case .mapping(let mapping):
      var entries: [DocumentNode.Entry] = []
      for (key, value) in mapping {
        let keyLine = key.mark?.line ?? line
        guard let name = key.scalar?.string else { throw keyRefused(line: keyLine) }
        let child = try convert(value, line: keyLine, depth: depth + 1, nodesLeft: &nodesLeft)
        entries.append(DocumentNode.Entry(key: name, origin: .line(keyLine), value: child))
      }
      return DocumentNode(content: .mapping(entries), origin: .line(line))
    case .alias:
      throw refusal(
        .notYAML, .line(line), "an alias points at nothing",
        cause: "its anchor is missing", next: "write the value out")
    }
  }

  /// Our forms say what a text means: Yams need not try its own, one regular expression after
  /// another.
  static func compose(_ text: String) throws -> Node? { try Yams.compose(yaml: text, .basic) }

  static func keyRefused(line: Int) -> ConfigurationRefused {
    refusal(
      .wrongShape, .line(line), "a key must be a plain word",
      cause: "a list, a mapping or an alias stands where a key belongs",
      next: "check the indentation")
  }

  static func refusal(of error: any Error) -> ConfigurationRefused {
    switch error as? YamlError {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      return refusal(
        .notYAML, .line(mark.line), "not YAML: \(problem)",
        cause: "indentation, a tab, or a missing quote", next: "correct the line or the one above")
    case .duplicatedKeysInMapping(let duplicates, let context):
      let keys = duplicates.sorted().joined(separator: ", ")
      return refusal(
        .duplicateKey, .line(context.mark.line), "the mapping here has a key twice: \(keys)",
        cause: "a block was copied", next: "keep one of them")
    default:
      return refusal(
        .notYAML, .whole, "not YAML", cause: "the text is damaged or in another encoding",
        next: "save the file as UTF-8")
    }
  }

  static func refusal(
    _ code: Finding.Code, _ origin: Finding.Origin, _ what: String, cause: String, next: String
  ) -> ConfigurationRefused {
    ConfigurationRefused(findings: [
      Finding(
        severity: .error, code: code, origin: origin, path: "", what: what, cause: cause,
        nextStep: next)
    ])
  }
}
