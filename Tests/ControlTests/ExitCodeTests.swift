import ConnectionService
import Control
import Foundation
import Primitives
import Programs
import Testing

@testable import drawbridge

/// The page's table of exit codes, held against what the program ends with.
@Suite(.timeLimit(.minutes(5))) struct ExitCodeTests {
  /// What the page says: the exit code of each error's code and of each close reason.
  private struct Documented {
    var errors: [String: Int32] = [:]
    var reasons: [String: Int32] = [:]

    /// Reads the rows `| 4 | errors | close reasons |`.
    init() throws {
      let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
      let page = try String(contentsOf: root.appending(path: "Docs/commands.md"), encoding: .utf8)
      let section = page.components(separatedBy: "\n### ").first { $0.hasPrefix("Which error") }
      for line in try #require(section).split(separator: "\n") where line.hasPrefix("| ") {
        let cells = line.split(separator: "|", omittingEmptySubsequences: false).map {
          $0.trimmingCharacters(in: .whitespaces)
        }
        guard cells.count == 5, let code = Int32(cells[1]) else { continue }
        for name in Self.names(in: cells[2]) { try Self.put(name, code, into: &errors) }
        for name in Self.names(in: cells[3]) { try Self.put(name, code, into: &reasons) }
      }
    }

    private static func names(in cell: String) -> [String] {
      cell.components(separatedBy: "`").enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
    }

    private static func put(
      _ name: String, _ code: Int32, into table: inout [String: Int32]
    ) throws {
      #expect(table[name] == nil, "\(name) stands twice in the table")
      table[name] = code
    }
  }

  @Test func everyErrorStandsInTheTableWithItsExitCode() throws {
    let documented = try Documented()
    var names: Set<String> = []
    for code in Refusal.Code.allCases where code != .establishmentFailed {
      let refusal = Refusal(code, "d", cause: "c", nextStep: "n")
      #expect(documented.errors[code.rawValue] == ProgramStatus(refusal).rawValue, "\(code)")
      #expect(ProgramEnd(refusal).code == ProgramStatus(refusal))
      names.insert(code.rawValue)
    }
    for code in ControlError.Code.allCases {
      let error = ControlError(code, "d", cause: "c", nextStep: "n")
      #expect(documented.errors[code.rawValue] == ProgramStatus(code).rawValue, "\(code)")
      #expect(ProgramEnd(error).code == ProgramStatus(code))
      names.insert(code.rawValue)
    }
    #expect(Set(documented.errors.keys) == names)
    // No refusal is a success, whatever the table says.
    #expect(!documented.errors.values.contains(0))
  }

  @Test func everyCloseReasonStandsInTheTableWithItsExitCode() throws {
    let documented = try Documented()
    for reason in CloseReason.allCases {
      let end = ProgramEnd(TunnelEnd(reason: reason))
      #expect(documented.reasons[reason.rawValue] == end.code.rawValue, "\(reason)")
    }
    #expect(documented.reasons.count == CloseReason.allCases.count)
  }

  /// A tunnel that never stood ends with its reason's code, and never as a success.
  @Test func aFailedEstablishmentHasTheCodeOfItsReason() throws {
    let documented = try Documented()
    for reason in CloseReason.allCases {
      let refusal = Refusal(
        .establishmentFailed, "d", cause: "c", nextStep: "n", reason: reason)
      let code = documented.reasons[reason.rawValue]
      #expect(ProgramEnd(refusal).code.rawValue == (code == 0 ? 8 : code), "\(reason)")
    }
    let unknown = Refusal(.establishmentFailed, "d", cause: "c", nextStep: "n")
    #expect(ProgramEnd(unknown).code == .cut)
  }

  @Test func everyExitCodeIsExplained() throws {
    let documented = try Documented()
    let used = Set(documented.errors.values).union(documented.reasons.values)
    #expect(used == Set(ProgramStatus.allCases.map(\.rawValue)))
  }

  // The program itself

  /// Each refusal of a broker, as the program that asked ends with it.
  @Test(arguments: Refusal.Code.allCases)
  func theProgramEndsWithTheCodeOfABrokersRefusal(_ code: Refusal.Code) async throws {
    let refusal = Refusal(
      code, "the device sleeps", cause: "it is night", nextStep: "wake it",
      reason: code == .establishmentFailed ? .authenticationFailed : nil)
    let broker = try RefusingBroker(409, refusal)
    defer { broker.stop() }
    let expected =
      try code == .establishmentFailed ? 4 : #require(try Documented().errors[code.rawValue])
    let result = try await ProgramRun([
      ExecutableTests.program.path, "connect", "press-1", "--broker",
      "http://127.0.0.1:\(broker.port)", "--token", "file:/etc/hostname",
    ])
    #expect(result.status == expected)
    #expect(result.output.isEmpty)
    // Three lines, and before them the one that says what is waited for.
    let lines =
      "error [\(code.rawValue)] the device sleeps\n  cause: it is night\n  next:  wake it\n"
    #expect(result.error.hasSuffix(lines))
  }

  /// Each error of the control socket, as the program that asked ends with it.
  @Test(arguments: ControlError.Code.allCases)
  func theProgramEndsWithTheCodeOfAControlError(_ code: ControlError.Code) async throws {
    let folder = try TemporaryFolder()
    let error = ControlError(code, "the gateway sleeps", cause: "it is night", nextStep: "wake it")
    let expected = try #require(try Documented().errors[code.rawValue])
    try await withServer(RefusingService(error), in: folder) { _ async throws in
      let result = try await ProgramRun([
        ExecutableTests.program.path, "close", "tunnel", "7", "--socket", folder.socket,
      ])
      #expect(result.status == expected)
      #expect(result.output.isEmpty && result.error == "\(error)\n")
    }
  }

  @Test func aBrokerThatIsNotThereIsSix() async throws {
    let gone = try RefusingBroker(500, Refusal(.internalError, "", cause: "", nextStep: ""))
    let port = gone.port
    gone.stop()
    let result = try await ProgramRun([
      ExecutableTests.program.path, "connections", "--broker", "http://127.0.0.1:\(port)",
      "--token", "file:/etc/hostname",
    ])
    #expect(result.status == 6)
    #expect(result.error.hasPrefix("error [brokerUnreachable]"))
  }

  @Test(arguments: [
    ["connect", "press-1"], ["connect", "press-1", "--broker", "https://b.example"],
    ["connections", "--broker", "http://b.example", "--token", "file:/nonexistent"],
    ["device", "enrol", "press-1", "--broker", "https://b.example", "--token", "env:NO_SUCH_NAME"],
  ])
  func whoIsNotNamedOrHasNoSecretIsTwo(_ words: [String]) async throws {
    let result = try await ProgramRun([ExecutableTests.program.path] + words)
    #expect(result.status == 2)
    #expect(result.output.isEmpty && !result.error.isEmpty)
  }
}
