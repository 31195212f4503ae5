import Foundation
import Programs
import Testing

/// The checkout itself obeys the rules.
@Suite(.timeLimit(.minutes(5))) struct TidyTests {
  @Test func importsOnlyGoDown() throws {
    var findings: [Finding] = []
    for file in try Checkout.swiftFiles(in: "Sources") {
      if let allowed = Layers.pure[file.target] ?? Layers.impure[file.target] {
        findings += Rules.imports(file, allowed: allowed)
      }
      for (line, module) in Rules.modules(importedBy: file) {
        if let owners = Layers.onlyIn[module], !owners.contains(file.target) {
          let message = "only \(owners.sorted()) may import \(module)"
          findings.append(Finding(path: file.path, line: line, message: message))
        }
      }
    }
    #expect(findings == [])
  }

  @Test func everyTargetHasItsPlaceInTheArchitecture() throws {
    let present = Set(try Checkout.swiftFiles(in: "Sources").map(\.target))
    let named = Set(Layers.pure.keys).union(Layers.impure.keys)
    #expect(named.symmetricDifference(present).sorted() == [])
  }

  @Test func filesAndFunctionsCanBeReadAtOneSitting() throws {
    let files = try Checkout.swiftFiles(in: "Sources") + Checkout.swiftFiles(in: "Tests")
    #expect(files.flatMap { Rules.fileSize($0) + Rules.functionSize($0) } == [])
  }

  @Test func namesSayWhatThingsAre() throws {
    #expect(try Checkout.swiftFiles(in: "Sources").flatMap(Rules.names) == [])
  }

  @Test func nothingInTheProductTrapsOnPurposeOrPromisesLater() throws {
    #expect(try Checkout.swiftFiles(in: "Sources").flatMap(Rules.bannedText) == [])
  }

  @Test func everySuiteHasATimeLimit() throws {
    #expect(try Checkout.swiftFiles(in: "Tests").flatMap(Rules.timeLimits) == [])
  }

  /// A promise without a test is not made.
  @Test func everyRuleHasATestThatIsNamedAfterIt() throws {
    let pages = try Checkout.texts(in: "Docs/behaviour", endingWith: ".md")
    let given = Set(pages.flatMap(RuleNames.given))
    let functions = try Checkout.swiftFiles(in: "Tests").flatMap(RuleNames.functions)
    let named = Set(functions.flatMap(RuleNames.named))
    #expect(given.count > 40, "the tables of Docs/behaviour are no longer read")
    #expect(given.subtracting(named).sorted() == [], "rules without a test")
    #expect(named.subtracting(given).sorted() == [], "tests of rules that no page gives")
  }

  @Test func everyFileIsFormatted() async throws {
    let (code, output) = try await Checkout.run(
      "swift", ["format", "lint", "--strict", "--recursive", "--parallel", "Sources", "Tests"])
    #expect(code == 0, "run `make format`:\n\(output.prefix(4_000))")
  }

  /// Embedded mode has no Foundation, no Glibc and no clock: a proof that these targets do no I/O.
  @Test func targetsThatReachNoLibraryCompileInEmbeddedMode() async throws {
    let scratch = try TemporaryFolder()
    for target in Layers.embedded {
      let sources = try Checkout.swiftFiles(in: "Sources/\(target)").map(\.path)
      let (code, output) = try await Checkout.run(
        "swiftc",
        [
          "-enable-experimental-feature", "Embedded", "-swift-version", "6", "-wmo",
          "-parse-as-library", "-module-name", target, "-I", scratch.path, "-emit-module",
          "-emit-module-path", scratch.file("\(target).swiftmodule"),
          "-c", "-o", scratch.file("\(target).o"),
        ] + sources)
      #expect(code == 0, "\(target) in Embedded mode:\n\(output.prefix(4_000))")
    }
  }
}
