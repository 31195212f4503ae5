import Testing

/// The rules catch what they are made for, and let good code pass.
@Suite(.timeLimit(.minutes(5))) struct RulesTests {
  private func file(_ text: String, path: String = "Sources/IKE/Sample.swift") -> SourceFile {
    SourceFile(path: path, text: text)
  }

  @Test func anImportThatGoesUpIsFound() {
    let sample = file(
      "import Primitives\n@testable import Endpoint\nimport struct Foundation.URL\n")
    let found = Rules.imports(sample, allowed: ["Primitives"])
    #expect(found.map(\.line) == [2, 3])
    #expect(Rules.imports(file("// import Foundation\n"), allowed: []).isEmpty)
  }

  @Test func aFileMayHaveFiveHundredLinesAndNotOneMore() {
    let most = Array(repeating: "let a = 1", count: 500).joined(separator: "\n") + "\n"
    #expect(Rules.fileSize(file(most)).isEmpty)
    #expect(Rules.fileSize(file(most + "let b = 2\n")).count == 1)
  }

  @Test func aFunctionMayHaveSixtyLinesAndNotOneMore() {
    func sample(_ count: Int, before: String = "") -> SourceFile {
      let body = Array(repeating: "    work()", count: count - 2).joined(separator: "\n")
      return file("struct A {\n\(before)  func a() {\n\(body)\n  }\n}\n")
    }
    #expect(Rules.functionSize(sample(60)).isEmpty)
    #expect(Rules.functionSize(sample(61)).map(\.line) == [2])
    #expect(Rules.functionSize(sample(90, before: "  /// Transition table of §7.\n")).isEmpty)
  }

  @Test func aTypeNamedAfterNothingIsFound() {
    #expect(Rules.names(file("public final class TunnelManager {\n")).count == 1)
    #expect(Rules.names(file("struct Info: Sendable {\n")).count == 1)
    #expect(Rules.names(file("struct Database {\nstruct Handling {\n// class FooImpl\n")).isEmpty)
  }

  @Test func wordsThatTrapOrPromiseAreFound() {
    #expect(Rules.bannedText(file("let a = try! b()\n// TODO later\n")).map(\.line) == [1, 2])
  }

  @Test func theIDsOfARuleAreReadFromPagesAndFromNames() {
    let page = "see LT-9\n| id | rule |\n| --- | --- |\n| LT-4 | one |\n| CS-13 | two |\n"
    #expect(RuleNames.given(in: page) == ["LT-4", "CS-13"])
    #expect(RuleNames.named(by: "lt2And3TheRest") == ["LT-2", "LT-3"])
    #expect(RuleNames.named(by: "ik5RetransmissionsAreStored") == ["IK-5"])
    #expect(RuleNames.named(by: "lifetimes") == [])
    let sample = file("  @Test func cs5NothingComesBack() {\n  @Test\n  func other(of: Int) {\n")
    #expect(RuleNames.functions(in: sample) == ["cs5NothingComesBack", "other"])
  }

  @Test func aSuiteWithoutATimeLimitIsFound() {
    #expect(Rules.timeLimits(file("@Suite struct ATests {\n  @Test func b() {}\n}\n")).count == 1)
    #expect(Rules.timeLimits(file("struct ATests {\n  @Test func b() {}\n}\n")).count == 1)
    let limited = "@Suite(.timeLimit(.minutes(5))) struct ATests {\n  @Test func b() {}\n}\n"
    #expect(Rules.timeLimits(file(limited)) == [])
  }
}
