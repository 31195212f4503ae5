import Foundation
import Programs

/// One source file of the checkout under test.
struct SourceFile {
  /// Path from the checkout's root, e.g. `Sources/IKE/Payload.swift`.
  var path: String
  var lines: [String]

  /// The target folder's name, e.g. `IKE`.
  var target: String {
    let parts = path.split(separator: "/")
    return parts.count > 2 ? String(parts[1]) : ""
  }

  var name: String { String(path.split(separator: "/").last ?? "") }

  init(path: String, text: String) {
    self.path = path
    lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    if lines.last == "" { lines.removeLast() }
  }
}

/// The checkout that these tests were built from.
enum Checkout {
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// Every Swift file below `folder`, in the order of their paths.
  static func swiftFiles(in folder: String) throws -> [SourceFile] {
    let base = root.appendingPathComponent(folder)
    let paths = try FileManager.default.subpathsOfDirectory(atPath: base.path)
      .filter { $0.hasSuffix(".swift") && !$0.contains(".build") }.sorted()
    return try paths.map { path in
      let text = try String(contentsOf: base.appendingPathComponent(path), encoding: .utf8)
      return SourceFile(path: "\(folder)/\(path)", text: text)
    }
  }

  /// The texts of the files in `folder` whose names end so.
  static func texts(in folder: String, endingWith ending: String) throws -> [String] {
    let base = root.appendingPathComponent(folder)
    return try FileManager.default.contentsOfDirectory(atPath: base.path)
      .filter { $0.hasSuffix(ending) }.sorted()
      .map { try String(contentsOf: base.appendingPathComponent($0), encoding: .utf8) }
  }

  /// Runs a program in the checkout; returns its exit code and everything it printed.
  static func run(
    _ program: String, _ arguments: [String]
  ) async throws -> (code: Int32, output: String) {
    let run = try await ProgramRun([program] + arguments, in: root.path)
    return (run.status, run.output + run.error)
  }
}
