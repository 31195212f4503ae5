/// A broken rule, as shown to the person who broke it.
struct Finding: CustomStringConvertible, Equatable {
  var path: String
  var line: Int
  var message: String

  var description: String { "\(path):\(line): \(message)" }
}

/// The rules of style that text alone can show. Each takes a file and returns what is wrong.
enum Rules {
  static let fileLinesMax = 500
  static let functionLinesMax = 60
  /// Stands in the comment above a function that is one transition `switch`; such may be longer.
  static let tableMark = "Transition table"

  static func modules(importedBy file: SourceFile) -> [(line: Int, module: String)] {
    file.lines.enumerated().compactMap { index, line in
      let words = line.split(separator: " ")
      guard let keyword = words.firstIndex(of: "import"),
        words[..<keyword].allSatisfy({ $0.hasPrefix("@") || $0 == "public" || $0 == "internal" }),
        let last = words.last, !line.hasPrefix(" ")
      else { return nil }
      return (index + 1, String(last.split(separator: ".")[0]))
    }
  }

  static func imports(_ file: SourceFile, allowed: Set<String>) -> [Finding] {
    modules(importedBy: file).filter { !allowed.contains($0.module) }.map {
      Finding(
        path: file.path, line: $0.line, message: "\(file.target) may not import \($0.module)")
    }
  }

  static func fileSize(_ file: SourceFile) -> [Finding] {
    guard file.lines.count > fileLinesMax else { return [] }
    return [
      Finding(
        path: file.path, line: file.lines.count,
        message: "\(file.lines.count) lines; a file has \(fileLinesMax) at most")
    ]
  }

  /// Formatted code ends a function at the closing brace in the column of its first line.
  static func functionSize(_ file: SourceFile) -> [Finding] {
    var findings: [Finding] = []
    for (index, line) in file.lines.enumerated() where startsFunction(line) {
      let indent = String(line.prefix { $0 == " " })
      guard line.last == "{" || !line.contains("{"),
        let end = file.lines[(index + 1)...].firstIndex(where: { $0 == indent + "}" })
      else { continue }
      let length = end - index + 1
      let isTable = file.lines[max(0, index - 8)..<index].contains { $0.contains(tableMark) }
      if length > functionLinesMax, !isTable {
        let message = "a function of \(length) lines; \(functionLinesMax) at most"
        findings.append(Finding(path: file.path, line: index + 1, message: message))
      }
    }
    return findings
  }

  private static func startsFunction(_ line: String) -> Bool {
    let code = line.drop { $0 == " " }
    guard !code.hasPrefix("//") else { return false }
    return code.contains("func ") || code.contains("init(") && code.last == "{"
  }

  static let bannedTypeWords = [
    "Manager", "Helper", "Util", "Utils", "Handler", "Impl", "Info", "Base",
  ]

  /// Types are named after what they are.
  static func names(_ file: SourceFile) -> [Finding] {
    var findings: [Finding] = []
    for (index, line) in file.lines.enumerated() {
      guard let name = declaredType(line),
        let word = bannedTypeWords.first(where: { name == $0 || name.hasSuffix($0) })
      else { continue }
      let message = "the type name \(name) says \(word); name the thing"
      findings.append(Finding(path: file.path, line: index + 1, message: message))
    }
    return findings
  }

  private static func declaredType(_ line: String) -> String? {
    let words = line.split(whereSeparator: { " :<{(".contains($0) })
    guard !line.drop(while: { $0 == " " }).hasPrefix("//"),
      let keyword = words.firstIndex(where: {
        ["struct", "class", "enum", "protocol", "actor"].contains($0)
      }), keyword + 1 < words.count
    else { return nil }
    return String(words[keyword + 1])
  }

  static let bannedInSources = [
    "try!", "as!", "fatalError(", "TODO", "FIXME", "XXX", "@unchecked Sendable", "-Ounchecked",
    "unsafelyUnwrapped",
  ]

  static func bannedText(_ file: SourceFile) -> [Finding] {
    var findings: [Finding] = []
    for (index, line) in file.lines.enumerated() {
      for word in bannedInSources where line.contains(word) {
        let message = "\(word) has no place in the product"
        findings.append(Finding(path: file.path, line: index + 1, message: message))
      }
    }
    return findings
  }

  /// A test that hangs is named after its own time, not by the end of the whole run.
  static func timeLimits(_ file: SourceFile) -> [Finding] {
    let hasTests = file.lines.contains { $0.drop { $0 == " " }.hasPrefix("@Test") }
    let suites = file.lines.enumerated().filter { $0.element.hasPrefix("@Suite") }
    if hasTests, suites.isEmpty, !file.lines.contains(where: { $0.hasPrefix("extension ") }) {
      return [
        Finding(path: file.path, line: 1, message: "tests outside a suite have no time limit")
      ]
    }
    return suites.filter { !$0.element.contains(".timeLimit(") }.map {
      Finding(path: file.path, line: $0.offset + 1, message: "a suite needs a .timeLimit")
    }
  }
}
