import Control
import Foundation
import Programs
import Testing

/// The built program, run as people run it.
@Suite(.timeLimit(.minutes(5))) struct ExecutableTests {
  /// The program lies beside the tests.
  static var program: URL {
    URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
      .appending(path: "drawbridge")
  }

  private func run(_ arguments: String...) async throws -> ProgramRun {
    try await ProgramRun([Self.program.path] + arguments)
  }

  /// Each command line with a word that its error names.
  @Test(arguments: [
    (["bogus"], "'bogus'"), (["show", "bogus"], "'bogus'"),
    (["close", "tunnel"], "tunnel, session or sa with its id"),
    (["close", "tunnel", "x"], "'x'"), (["gateway"], "--config FILE"), (["agent"], "--config FILE"),
    (["gateway", "--config", "x.yaml", "--single-shot"], "remoteHosts"),
    (["dial", "192.0.2.1", "192.0.2.2"], "'192.0.2.2'"), (["connect"], "'<product-id>'"),
    (["events", "verify"], "'<file>'"), (["close", "tunnel", "-1"], "with its id"),
  ])
  func aWrongCommandLineIsTwoAndSaysWhatIsWrong(_ words: [String], _ named: String) async throws {
    let result = try await ProgramRun([Self.program.path] + words)
    #expect(result.status == 2)
    #expect(result.output.isEmpty && result.error.hasPrefix("Error:"))
    #expect(result.error.contains(named))
  }

  @Test func aFileThatIsNotThereIsTwo() async throws {
    let result = try await run("gateway", "--config", "/nonexistent.yaml")
    #expect(result.status == 2)
    #expect(result.error.hasPrefix("error [unreadableFile]"))
  }

  @Test func helpVersionAndCompletionsAreZero() async throws {
    #expect(try await run("--version").output.hasPrefix("drawbridge "))
    #expect(try await run("show", "l2tp", "tunnel", "--help").status == 0)
    for shell in ["bash", "zsh", "fish"] {
      let script = try await run("--generate-completion-script", shell)
      #expect(script.status == 0 && script.output.contains("drawbridge"))
    }
  }

  @Test func withoutAProcessShowIsSixAndNamesTheSocket() async throws {
    let folder = try TemporaryFolder()
    let result = try await run("show", "isakmp", "sa", "--socket", folder.socket)
    #expect(result.status == 6 && result.output.isEmpty)
    #expect(result.error.contains(folder.socket) && result.error.contains("next:"))
  }

  @Test func showAndCloseAskTheRunningProcess() async throws {
    let folder = try TemporaryFolder()
    try await withServer(InMemoryControlService(Samples.state), in: folder) { client async throws in
      let table = try await run("show", "l2tp", "tunnel", "--socket", folder.socket)
      #expect(table.status == 0 && table.output.contains("singleShotSpent"))
      let json = try await run("show", "l2tp", "tunnel", "--json", "--socket", folder.socket)
      let reply = try ControlJSON.decode(
        ListReply<L2TPTunnelRecord>.self, from: Data(json.output.utf8))
      #expect(reply.items == [Samples.tunnel, Samples.spentTunnel])
      #expect(try await run("close", "tunnel", "7", "--socket", folder.socket).status == 0)
      #expect(try await run("close", "tunnel", "99", "--socket", folder.socket).status == 3)
    }
  }

  @Test func aConfigurationIsCheckedWhole() async throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/gateway.yaml"
    try Data("tun: {mtu: 1}\nlog: {level: x}\n".utf8).write(to: URL(filePath: path))
    let wrong = try await run("config", "check", path)
    #expect(wrong.status == 2)
    #expect(wrong.error.components(separatedBy: "error [").count == 5)
    let right = """
      preSharedKeys: [{secret: "env:PATH"}]
      pools: [{addresses: 10.9.0.0/24}]
      users: [{name: anna, password: "env:PATH"}]
      """
    try Data(right.utf8).write(to: URL(filePath: path))
    let checked = try await run("config", "check", path)
    #expect(checked.status == 0 && checked.error.isEmpty)
    #expect(checked.output.hasPrefix("\(path): ok\n"))
    #expect(checked.output.contains("follows no broker"))
    let follows = right + "\nbroker: {url: \"https://broker.example:8443\", token: \"env:PATH\"}\n"
    try Data(follows.utf8).write(to: URL(filePath: path))
    let following = try await run("config", "check", path)
    #expect(following.output.contains("follows the broker at https://broker.example:8443"))
  }
}
