/// One key as it was read: what the documentation's table is held against.
struct SchemaEntry: Hashable, Comparable {
  /// Dotted, list indices as `[]`.
  var path: String
  var form: String
  /// As one would write it, or `required`, or a remark in brackets.
  var defaultText: String

  static func < (left: SchemaEntry, right: SchemaEntry) -> Bool {
    (left.path, left.form, left.defaultText) < (right.path, right.form, right.defaultText)
  }
}

/// What reading a document leaves behind besides the values: findings, places and the schema.
final class ReadingLog {
  let secrets: SecretSource
  private(set) var findings: [Finding] = []
  private(set) var schema: Set<SchemaEntry> = []
  /// Where each key stands, by its dotted path, for what is checked across sections.
  private(set) var origins: [String: Finding.Origin] = [:]
  /// Paths of secrets that are written out in the document itself.
  private(set) var literalSecrets: [String] = []

  private let recordsSchema: Bool

  /// - Parameter recordsSchema: whether the keys asked for are kept, as the documentation's test
  ///   wants them.
  init(secrets: SecretSource, recordsSchema: Bool = false) {
    self.secrets = secrets
    self.recordsSchema = recordsSchema
  }

  /// The findings in the order of the document's lines; those without a line come last.
  var findingsInOrder: [Finding] {
    let ranked = findings.enumerated().map { index, finding in
      let line = if case .line(let line) = finding.origin { line } else { Int.max }
      return (rank: (line, index), finding: finding)
    }
    return ranked.sorted { $0.rank < $1.rank }.map(\.finding)
  }

  func place(_ path: String, at origin: Finding.Origin) { origins[path] = origin }

  func noteLiteralSecret(at path: String) { literalSecrets.append(path) }

  func describe(_ path: String, form: String, defaultText: @autoclosure () -> String) {
    guard recordsSchema else { return }
    let general = path.replacing(/\[\d+\]/, with: "[]")
    schema.insert(SchemaEntry(path: general, form: form, defaultText: defaultText()))
  }

  /// Records a problem at the place of `path`, or of the nearest key above it.
  func report(_ problem: FormProblem, at path: String, severity: Finding.Severity = .error) {
    var place = path[...]
    while origins[String(place)] == nil, let dot = place.lastIndex(where: { ".[".contains($0) }) {
      place = place[..<dot]
    }
    findings.append(
      Finding(
        severity: severity, code: problem.code, origin: origins[String(place)] ?? .whole,
        path: path, what: problem.what, cause: problem.cause, nextStep: problem.nextStep))
  }
}

/// One mapping while it is read: hands out its keys' values, and knows at the end which keys nobody
/// asked for.
struct Section {
  let log: ReadingLog
  /// Dotted path of the mapping; empty for the document itself.
  let path: String
  private let entries: [DocumentNode.Entry]
  private var knownKeys: [String] = []

  /// Reads `node` as a mapping; any other shape is reported and read as an empty one.
  init(_ node: DocumentNode?, path: String, log: ReadingLog) {
    self.log = log
    self.path = path
    if let node { log.place(path, at: node.origin) }
    switch node?.content {
    case .mapping(let entries): self.entries = entries
    case .empty, nil: entries = []
    case .scalar, .sequence:
      entries = []
      log.report(.shape(expected: "a mapping", found: node?.shape ?? ""), at: path)
    }
    for entry in entries { log.place(child(entry.key), at: entry.origin) }
  }

  /// The dotted path of one of the mapping's keys.
  func child(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

  /// The node behind a key, which is known from now on.
  mutating func node(_ key: String) -> DocumentNode? {
    knownKeys.append(key)
    return entries.first { $0.key == key }?.value
  }

  /// Reports the keys that nobody asked for, each with the nearest known one.
  func finish() {
    for entry in entries where !knownKeys.contains(entry.key) {
      let nearest = NearestKey.find(entry.key, among: knownKeys)
      let listing = knownKeys.sorted().joined(separator: ", ")
      log.report(
        FormProblem(
          .unknownKey, "there is no key “\(entry.key)” here",
          cause: nearest.map { "“\($0)” was meant, most likely" } ?? "the key belongs elsewhere",
          next: nearest.map { "write \($0)" } ?? "the keys here are: \(listing)"),
        at: child(entry.key))
    }
  }
}

extension FormProblem {
  static func shape(expected: String, found: String) -> FormProblem {
    FormProblem(
      .wrongShape, "\(expected) belongs here, not \(found)", cause: "the indentation is off",
      next: "see the example in the documentation of this key")
  }
}
