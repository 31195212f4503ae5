import Foundation
import Testing

@testable import Settings

/// `Docs/configuration.md` and the schema are held equal: a key, its form or its default that
/// stands in only one of them fails.
@Suite(.timeLimit(.minutes(5))) struct DocumentationTests {
  static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  struct Row: Hashable {
    var path: String
    var form: String
    var defaultText: String
  }

  /// The rows of the tables under a heading: `| key | form | default | meaning |`.
  static func documented(under heading: String) throws -> Set<Row> {
    let page = try String(
      contentsOf: root.appending(path: "Docs/configuration.md"), encoding: .utf8)
    let section = page.components(separatedBy: "\n## ").first { $0.hasPrefix(heading) }
    let lines = try #require(section).split(separator: "\n")
    return Set(
      lines.filter { $0.hasPrefix("| `") }.compactMap { line in
        let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
        guard cells.count == 4, !cells[3].isEmpty else { return nil }
        let path = cells[0].replacing("`", with: "")
        return Row(path: path, form: cells[1], defaultText: cells[2])
      })
  }

  static func schema(of text: String, _ read: (inout Section) -> Void) throws -> Set<Row> {
    let log = ReadingLog(secrets: CompleteDocuments.secrets, recordsSchema: true)
    var section = Section(try YAMLDocument.parse(text), path: "", log: log)
    read(&section)
    #expect(log.findings.filter { $0.severity == .error } == [])
    return Set(
      log.schema.map { Row(path: $0.path, form: $0.form, defaultText: $0.defaultText) })
  }

  @Test func everyKeyOfTheGatewayIsDocumentedAsItIsRead() throws {
    let schema = try Self.schema(of: CompleteDocuments.gateway) {
      _ = GatewayConfiguration(reading: &$0)
    }
    expectEqual(schema, try Self.documented(under: "Gateway"))
  }

  @Test func everyKeyOfADialProfileIsDocumentedAsItIsRead() throws {
    let schema = try Self.schema(of: CompleteDocuments.dial) {
      _ = DialConfiguration(reading: &$0)
    }
    expectEqual(schema, try Self.documented(under: "Dial profile"))
  }

  /// What a set of credentials shares with a dial profile is documented there.
  @Test func everyKeyOfAnAgentIsDocumentedAsItIsRead() throws {
    let schema = try Self.schema(of: AgentConfigurationTests.complete) {
      _ = AgentConfiguration(reading: &$0)
    }
    let own = ["name", "gateway", "preSharedKey", "user", "password"].map { "credentials[].\($0)" }
    let shared = schema.filter { $0.path.hasPrefix("credentials[].") && !own.contains($0.path) }
    expectEqual(schema.subtracting(shared), try Self.documented(under: "Agent"))
    let dial = Set(try Self.documented(under: "Dial profile").map(\.path))
    let unknown = shared.map { $0.path.replacing("credentials[].", with: "") }
      .filter { !dial.contains($0) }
    #expect(unknown == [])
  }

  @Test func everyCodeIsDocumented() throws {
    let page = try String(
      contentsOf: Self.root.appending(path: "Docs/configuration.md"), encoding: .utf8)
    for code in Finding.Code.allCases { #expect(page.contains("| `\(code.rawValue)` |")) }
  }

  @Test func theSmallestGatewayOfThePageIsValid() throws {
    let page = try String(
      contentsOf: Self.root.appending(path: "Docs/configuration.md"), encoding: .utf8)
    let block = try #require(page.components(separatedBy: "```yaml\n").dropFirst().first)
    let yaml = try #require(block.components(separatedBy: "```").first)
    let secrets = SecretSource(file: { _ in [65] }, environment: { _ in nil })
    #expect(try ConfigurationLoader.gateway(yaml: yaml, secrets: secrets).warnings == [])
  }

  private func expectEqual(_ schema: Set<Row>, _ documented: Set<Row>) {
    let missing = schema.subtracting(documented).map {
      "| `\($0.path)` | \($0.form) | \($0.defaultText) |"
    }
    let stale = documented.subtracting(schema).map {
      "| `\($0.path)` | \($0.form) | \($0.defaultText) |"
    }
    #expect(missing.isEmpty, "not in the page:\n\(missing.sorted().joined(separator: "\n"))")
    #expect(stale.isEmpty, "not in the schema:\n\(stale.sorted().joined(separator: "\n"))")
  }
}
