import AgentService
import ArgumentParser
import BrokerClient
import Control
import ControlServer
import Logging
import Primitives
import Settings

/// `drawbridge agent`: a device's agent, and what can be asked of the one that runs here.
struct AgentCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "agent",
    abstract: "Run the agent of a device; or ask the one that runs here.",
    discussion: """
      With --config FILE it attaches to its broker and dials when it is asked to; nothing comes back \
      by itself. The subcommands ask the agent on its control socket and need no broker.
      """,
    subcommands: [
      AgentRunCommand.self, AgentEnrolCommand.self, AgentStatusCommand.self,
      AgentConnectionsCommand.self, AgentHistoryCommand.self, AgentTunnelsCommand.self,
      AgentCloseAllCommand.self,
    ], defaultSubcommand: AgentRunCommand.self)
}

/// `drawbridge agent [run] --config FILE`: in the foreground, as service managers want it.
struct AgentRunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Run the agent; the word may be left out.")

  @Option(help: ArgumentHelp("The configuration file.", valueName: "file"), completion: .file())
  var config: String?

  @Option(help: ArgumentHelp("The control socket.", valueName: "path"))
  var socket: String?

  func run() async throws {
    guard let config else {
      throw ValidationError("--config FILE is needed, or one of the subcommands: see --help")
    }
    let loaded = try ConfigurationLoader.agent(file: ConfigurationFile(reading: config))
    var configuration = loaded.configuration
    if let socket { configuration.controlSocket = socket }
    let log = ProgramLog(level: configuration.logLevel)
    log.warn(of: loaded.warnings)
    try await Self.run(configuration, logger: log.logger)
  }

  /// Runs the agent with its socket until a signal ends both.
  private static func run(_ configuration: AgentConfiguration, logger: Logger) async throws {
    try await AgentServing.run(
      agent(configuration, logger: logger), socketPath: configuration.controlSocket,
      logger: logger)
  }

  /// The agent that a configuration describes; its history is open, the network is not asked yet.
  static func agent(
    _ configuration: AgentConfiguration, logger: Logger
  ) throws -> AgentService {
    let link = try BrokerClient(
      address: BrokerAddress(configuration.broker),
      token: configuration.broker.token.withBytes { String(decoding: $0, as: UTF8.self) },
      logger: logger)
    let history = try HistoryStore(
      path: configuration.history.path, days: configuration.history.days,
      entries: configuration.history.entries)
    return try AgentService(
      broker: configuration.broker.url, productID: configuration.productID, link: link,
      dialler: RuntimeDialler(configuration, logger: logger), history: history,
      version: Drawbridge.version, logger: logger)
  }
}
