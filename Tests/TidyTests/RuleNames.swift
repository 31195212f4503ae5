/// The ids of rules: as the pages of `Docs/behaviour/` give them and as tests name them.
enum RuleNames {
  private static let families = ["CS", "IK", "LT"]

  /// The ids that a page gives: its table's rows begin with them, `| LT-4 | …`.
  static func given(in page: String) -> [String] {
    page.split(separator: "\n").compactMap { line in
      let cells = line.split(separator: "|", maxSplits: 1, omittingEmptySubsequences: true)
      guard line.hasPrefix("| "), let first = cells.first else { return nil }
      let id = String(first.filter { $0 != " " })
      let parts = id.split(separator: "-")
      guard parts.count == 2, families.contains(String(parts[0])), Int(parts[1]) != nil
      else { return nil }
      return id
    }
  }

  /// The ids that a test's name begins with: `lt2And3TheConnectionGoes` names LT-2 and LT-3.
  static func named(by function: String) -> [String] {
    guard let family = families.first(where: { function.hasPrefix($0.lowercased()) })
    else { return [] }
    var rest = function.dropFirst(family.count)
    var ids: [String] = []
    while true {
      let digits = rest.prefix { $0.isNumber }
      guard !digits.isEmpty else { return ids }
      ids.append("\(family)-\(digits)")
      rest = rest.dropFirst(digits.count)
      guard rest.hasPrefix("And") else { return ids }
      rest = rest.dropFirst(3)
    }
  }

  /// The names of all functions of a file of tests.
  static func functions(in file: SourceFile) -> [String] {
    file.lines.compactMap { line in
      let parts = line.split(separator: "func ", maxSplits: 1, omittingEmptySubsequences: false)
      return parts.count == 2 ? String(parts[1].prefix { $0.isLetter || $0.isNumber }) : nil
    }
  }
}
