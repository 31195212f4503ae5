import BrokerClient
import ConnectionService
import Control
import Foundation
import Logging
import Primitives
import Programs
import Settings
import Testing

@testable import AgentService
@testable import drawbridge

extension AgentService {
  /// Days and entries of its history.
  fileprivate var kept: [Int] { [core.history.days, core.history.entries] }
}

/// Keys and options that take effect in the program around the engines.
@Suite(.timeLimit(.minutes(5))) struct ProgramArrivalTests {
  /// A configuration of each kind that says no more than it has to.
  enum Kind: String, CaseIterable {
    case gateway, dial, agent

    func text(in folder: TemporaryFolder) -> String {
      switch self {
      case .gateway:
        """
        preSharedKeys: [{secret: literal}]
        pools: [{addresses: 10.9.0.0/24}]
        users: [{name: anna, password: literal}]
        tun: {name: none}
        """
      case .dial:
        "{gateway: 127.0.0.1, preSharedKey: literal, user: anna, password: literal, tun: {name: none}}"
      case .agent:
        """
        broker: {url: "http://127.0.0.1:1", token: literal}
        history: {path: \(folder.path)/deep/history.sqlite}
        """
      }
    }
  }

  /// Runs the program on a file that anybody may read, with a socket that nobody can make: it says so
  /// and ends before it opens anything else.
  private func run(
    _ kind: Kind, _ lines: String, _ options: [String] = [], in folder: TemporaryFolder
  ) async throws -> ProgramRun {
    let path = folder.path + "/\(kind.rawValue).yaml"
    let text = kind.text(in: folder)
    let written = kind == .dial ? text.dropLast() + ", \(lines)}" : text + "\n" + lines
    try Data(written.utf8).write(to: URL(filePath: path))
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
    return try await ProgramRun(
      [ExecutableTests.program.path, kind.rawValue, "--config", path] + options)
  }

  /// In a folder that nobody can make.
  private static let socket = "/proc/arrived/s.sock"

  @Test(arguments: Kind.allCases)
  func theControlSocketIsTheFilesOrTheOptions(_ kind: Kind) async throws {
    let folder = try TemporaryFolder()
    let ofTheFile = try await run(kind, "control: {socket: \(Self.socket)}", in: folder)
    #expect(ofTheFile.status == 6)
    #expect(ofTheFile.error.contains("the folder /proc/arrived cannot"))
    let ofTheOption = try await run(
      kind, "control: {socket: /proc/of-the-file/s.sock}", ["--socket", Self.socket], in: folder)
    #expect(ofTheOption.status == 6)
    #expect(ofTheOption.error.contains("the folder /proc/arrived cannot"))
    #expect(!ofTheOption.error.contains("of-the-file"))
  }

  @Test(arguments: Kind.allCases)
  func theLogsLevelIsTheFiles(_ kind: Kind) async throws {
    let folder = try TemporaryFolder()
    let socket = "control: {socket: \(Self.socket)}"
    for (level, isWarned) in [("warning", true), ("info", true), ("error", false)] {
      let lines =
        kind == .dial ? "\(socket), log: {level: \(level)}" : "\(socket)\nlog: {level: \(level)}"
      let result = try await run(kind, lines, in: folder)
      #expect(result.error.contains("[exposedSecret]") == isWarned, "\(level)")
    }
    for level in LogLevel.allCases {
      #expect("\(ProgramLog(level: level).logger.logLevel)" == level.rawValue)
    }
  }

  @Test func anAgentsHistoryIsWhereTheFileSays() async throws {
    let folder = try TemporaryFolder()
    _ = try await run(.agent, "control: {socket: \(Self.socket)}", in: folder)
    #expect(FileManager.default.fileExists(atPath: folder.path + "/deep/history.sqlite"))
  }

  // Agents

  private func agent(_ yaml: String) throws -> AgentService {
    let configuration = try ConfigurationLoader.agent(
      yaml: yaml,
      secrets: SecretSource(file: { _ in [] }, environment: { ["ARRIVED": "the token"][$0] })
    ).configuration
    return try AgentRunCommand.agent(configuration, logger: quietLogger)
  }

  @Test func whatAnAgentIsToldReachesIt() async throws {
    let folder = try TemporaryFolder()
    let refusal = Refusal(.forbidden, "no", cause: "c", nextStep: "n")
    let broker = try RefusingBroker(403, refusal)
    defer { broker.stop() }
    let agent = try agent(
      """
      broker: {url: "http://127.0.0.1:\(broker.port)", token: "env:ARRIVED"}
      productID: press-1
      history: {path: \(folder.path)/a.sqlite, days: 30, entries: 500}
      """)
    #expect(await agent.brokerName == "http://127.0.0.1:\(broker.port)")
    #expect(await agent.productID == "press-1")
    #expect(await agent.kept == [30, 500])
    var random = SystemRandomNumberGenerator()
    let instance = AgentInstance(using: &random)
    let link = await agent.link
    await #expect(throws: refusal) {
      for try await _ in link.attach(as: instance) {}
    }
    let request = try #require(broker.requests.first)
    #expect(request.contains("/v1/agent/stream"))
    #expect(request.contains("authorization: Bearer the token\r\n"))
  }

  @Test func aGatewayAsksItsBrokerWithItsToken() async throws {
    let refusal = Refusal(.unauthenticated, "no", cause: "c", nextStep: "n")
    let broker = try RefusingBroker(401, refusal)
    defer { broker.stop() }
    let link = BrokerLink(
      url: "http://127.0.0.1:\(broker.port)", token: Secret(text: "the gateway's"))
    let grants = try BrokerGrants(link, logger: quietLogger)
    await #expect(throws: refusal) {
      for try await _ in grants.changes() {}
    }
    let request = try #require(broker.requests.first)
    #expect(request.contains("/v1/gateway/stream"))
    #expect(request.contains("authorization: Bearer the gateway's\r\n"))
  }

  @Test func whoVouchesForABrokerIsPassedOn() {
    let token = Secret(text: "x")
    let url = "https://b.example"
    #expect(BrokerAddress(BrokerLink(url: url, token: token)).trust == .system)
    #expect(
      BrokerAddress(BrokerLink(url: url, token: token, trust: .authorities(path: "/ca"))).trust
        == .authorities(path: "/ca"))
    let pinned = BrokerAddress(BrokerLink(url: url, token: token, trust: .fingerprint("ab")))
    #expect(pinned.trust == .fingerprint("ab") && pinned.url == url)
  }

  // Options

  /// What the options hold after parsing, by their names; and what the command offers.
  private func expectPassedOn(
    _ command: some Any, _ options: some Any, plain: some Any, besides: Set<String>,
    renamed: [String: String] = [:], _ texts: [String: String]
  ) {
    let offered = Mirror(reflecting: command).children.compactMap(\.label)
      .map { $0.hasPrefix("_") ? String($0.dropFirst()) : $0 }.map { renamed[$0] ?? $0 }
    let passed = Mirror(reflecting: options).children
    #expect(Set(passed.compactMap(\.label)) == Set(texts.keys))
    #expect(Set(offered).subtracting(besides) == Set(texts.keys))
    for (child, former) in zip(passed, Mirror(reflecting: plain).children) {
      let text = "\(child.value)"
      #expect(text.contains(texts[child.label ?? ""] ?? "?"), "\(child.label ?? "") is \(text)")
      #expect(text != "\(former.value)")
    }
  }

  @Test func everyOptionOfGatewayIsPassedOn() throws {
    let command = try GatewayCommand.parse([
      "--listen", "192.0.2.1", "--psk", "p-s-k", "--user", "anna:word", "--pool", "10.9.0.0/24",
      "--single-shot", "--idle-timeout", "61s", "--destruct-timeout", "62s", "--tun", "vpn7",
      "--socket", "/s.sock", "--profile", "legacy", "--capture-keys", "/keys",
    ])
    expectPassedOn(
      command, command.options, plain: GatewayOptions(), besides: ["config"],
      [
        "listen": "192.0.2.1", "psk": "p-s-k", "users": "anna:word", "pool": "10.9.0.0/24",
        "singleShot": "true", "idleTimeout": "61s", "destructTimeout": "62s", "tun": "vpn7",
        "socket": "/s.sock", "profile": "legacy", "captureKeys": "/keys",
      ])
  }

  @Test func everyOptionOfDialIsPassedOn() throws {
    let command = try DialCommand.parse([
      "192.0.2.1", "--psk", "p-s-k", "--user", "anna", "--password", "word", "--tun", "vpn7",
      "--route", "10.0.0.0/8", "--inactivity", "9m", "--socket", "/s.sock", "--keep-tunnel",
      "--capture-keys", "/keys",
    ])
    expectPassedOn(
      command, command.options, plain: DialOptions(), besides: ["config", "json"],
      renamed: ["address": "gateway"],
      [
        "gateway": "192.0.2.1", "psk": "p-s-k", "user": "anna", "password": "word",
        "tun": "vpn7", "routes": "10.0.0.0/8", "inactivity": "9m", "socket": "/s.sock",
        "keepTunnel": "true", "captureKeys": "/keys",
      ])
  }
}
