import Primitives

extension Section {
  /// Reads an optional key into `value`, which holds the default.
  ///
  /// A problem is reported and leaves the default, so that one pass finds them all.
  /// - Parameter remark: the documented default where the value's own text would mislead.
  mutating func read<Value: Sendable>(
    _ key: String, _ form: Form<Value>, into value: inout Value, remark: String? = nil
  ) {
    log.describe(child(key), form: form.name, defaultText: remark ?? form.show(value))
    read(known: key, form, into: &value)
  }

  /// Reads an optional key that has no default.
  mutating func readOptional<Value: Sendable>(
    _ key: String, _ form: Form<Value>, remark: String = "(none)"
  ) -> Value? {
    log.describe(child(key), form: form.name, defaultText: remark)
    guard let node = node(key) else { return nil }
    return parse(node, form, at: child(key))
  }

  /// Reads a key without which the section has no meaning.
  mutating func require<Value: Sendable>(_ key: String, _ form: Form<Value>) -> Value? {
    log.describe(child(key), form: form.name, defaultText: "(required)")
    guard let node = node(key) else {
      log.report(
        FormProblem(
          .missingKey, "the key “\(key)” is missing",
          cause: "it was forgotten or indented elsewhere", next: "add \(key): \(form.name)"),
        at: child(key))
      return nil
    }
    return parse(node, form, at: child(key))
  }

  /// Reads a required secret; one that is written out is remembered for the warning.
  mutating func requireSecret(_ key: String) -> Secret? {
    noteLiteral(key)
    return require(key, .secret(log.secrets))
  }

  mutating func readSecret(_ key: String) -> Secret? {
    noteLiteral(key)
    return readOptional(key, .secret(log.secrets))
  }

  /// One on the command line is not the file's fault, and not remembered.
  private mutating func noteLiteral(_ key: String) {
    guard let node = node(key), case .scalar(let text) = node.content, case .line = node.origin,
      case .literal = SecretReference(text)
    else { return }
    log.noteLiteralSecret(at: child(key))
  }

  /// Reads a list of values, or one value alone, into `values`.
  mutating func read<Value: Sendable>(
    _ key: String, listOf form: Form<Value>, max: Int, into values: inout [Value],
    remark: String? = nil
  ) {
    let shown = values.map(form.show).joined(separator: ", ")
    log.describe(
      child(key), form: "list of: \(form.name)",
      defaultText: remark ?? (values.isEmpty ? "(empty)" : shown))
    guard node(key) != nil else { return }
    values = self.values(of: key, form, max: max)
  }

  /// The elements of a list that can be read; the others are reported.
  mutating func values<Value: Sendable>(of key: String, _ form: Form<Value>, max: Int) -> [Value] {
    guard let node = node(key) else { return [] }
    return elements(of: node, key: key, max: max).enumerated().compactMap { index, element in
      log.place("\(child(key))[\(index)]", at: element.origin)
      return parse(element, form, at: "\(child(key))[\(index)]")
    }
  }

  /// Reads a key that is described already.
  mutating func read<Value: Sendable>(
    known key: String, _ form: Form<Value>, into value: inout Value
  ) {
    guard let node = node(key), let parsed = parse(node, form, at: child(key)) else { return }
    value = parsed
  }

  /// Reads a mapping below this one; an absent one is read too, so that its keys are known.
  mutating func read(section key: String, _ body: (inout Section) -> Void) {
    var section = Section(node(key), path: child(key), log: log)
    body(&section)
    section.finish()
  }

  /// Reads a list of mappings, dropping those for which `body` has no value.
  mutating func read<Value: Sendable>(
    sections key: String, max: Int, _ body: (inout Section) -> Value?
  ) -> [Value] {
    guard let node = node(key) else { return [] }
    return elements(of: node, key: key, max: max).enumerated().compactMap { index, element in
      var section = Section(element, path: "\(child(key))[\(index)]", log: log)
      let value = body(&section)
      section.finish()
      return value
    }
  }

  private func elements(of node: DocumentNode, key: String, max: Int) -> [DocumentNode] {
    switch node.content {
    case .sequence(let elements) where elements.count > max:
      log.report(
        FormProblem(
          .tooMany, "\(elements.count) elements are more than the most, \(max)",
          cause: "the limit of this list", next: "remove \(elements.count - max)"),
        at: child(key))
      return Array(elements.prefix(max))
    case .sequence(let elements): return elements
    case .scalar: return [node]
    case .empty: return []
    case .mapping:
      log.report(.shape(expected: "a list", found: node.shape), at: child(key))
      return []
    }
  }

  private func parse<Value: Sendable>(
    _ node: DocumentNode, _ form: Form<Value>, at path: String
  ) -> Value? {
    switch node.content {
    case .scalar(let text):
      do {
        return try form.parse(text)
      } catch {
        log.report(error, at: path)
        return nil
      }
    case .empty:
      log.report(
        FormProblem(
          .emptyValue, "the key has no value", cause: "the value was left out",
          next: "write \(form.name), or remove the key"),
        at: path)
      return nil
    case .sequence, .mapping:
      log.report(.shape(expected: form.name, found: node.shape), at: path)
      return nil
    }
  }
}
