import ArgumentParser
import Settings

/// `drawbridge config`: what can be done with a configuration file without running it.
struct ConfigCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config", abstract: "Look at configuration files.",
    subcommands: [ConfigCheckCommand.self])
}

/// `drawbridge config check`: everything that is wrong with a file at once, secrets included, for
/// the person who edits it and for the service manager before a start or reload.
struct ConfigCheckCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Check a configuration file: everything that is wrong, or a summary.")

  @Argument(help: "The file.", completion: .file())
  var file: String

  /// What the file configures.
  enum Kind: String, CaseIterable, EnumerableFlag {
    case gateway, dial, agent, broker

    static func help(for value: Kind) -> ArgumentHelp? {
      switch value {
      case .gateway: "The file is a gateway's configuration; so without any of these."
      case .dial: "The file is a dial profile."
      case .agent: "The file is a device agent's configuration."
      case .broker: "The file is a broker's configuration."
      }
    }
  }

  @Flag var kind = Kind.gateway

  func run() async throws {
    let source = try ConfigurationFile(reading: file)
    switch kind {
    case .gateway: say(try ConfigurationLoader.gateway(file: source), Self.summary)
    case .dial: say(try ConfigurationLoader.dial(file: source), Self.summary)
    case .agent: say(try ConfigurationLoader.agent(file: source), Self.summary)
    case .broker: say(try ConfigurationLoader.broker(file: source), Self.summary)
    }
  }

  private func say<Configuration>(
    _ loaded: Loaded<Configuration>, _ summary: (Configuration) -> String
  ) {
    Terminal.write(loaded.warnings.map(\.description).joined(separator: "\n"), to: .error)
    Terminal.write("\(file): ok\n\(summary(loaded.configuration))")
  }

  private static func summary(_ gateway: GatewayConfiguration) -> String {
    let addresses = gateway.listen.addresses.map { "\($0)" }.joined(separator: ", ")
    let clear = gateway.listen.clearL2TPPort.map { ", clear L2TP on \($0)" } ?? ""
    let poolAddresses = gateway.pools.reduce(0) { $0 + $1.range.count }
    let singleShot = gateway.destinations.flatMap(\.remoteHosts).count(where: \.singleShotTunnel)
    return """
        listens on \(addresses), ports \(gateway.listen.ikePort) and \
      \(gateway.listen.nattPort)\(clear)
        \(gateway.isakmpPolicies.count) ISAKMP and \(gateway.ipsecPolicies.count) IPsec policies, \
      \(gateway.preSharedKeys.count) pre-shared keys
        \(gateway.destinations.count) destination profiles, \(singleShot) of their remote hosts \
      single-shot
        \(gateway.users.count) users, \(poolAddresses) addresses in \(gateway.pools.count) pools
        interface \(gateway.tun.name ?? "none"), control socket \(gateway.controlSocket)
        \(gateway.broker.map { "follows the broker at \($0.url)" } ?? "follows no broker")
      """
  }

  private static func summary(_ profile: DialConfiguration) -> String {
    let inactivity =
      profile.inactivity == .zero ? "never" : "after \(DurationText.show(profile.inactivity))"
    return """
        dials \(profile.gateway) as \(profile.user)
        interface \(profile.tun.name ?? "none"), \(profile.routes.count) routes
        closes for inactivity: \(inactivity)
        control socket \(profile.controlSocket)
      """
  }

  private static func summary(_ agent: AgentConfiguration) -> String {
    let names = agent.credentials.map(\.name).joined(separator: ", ")
    return """
        attaches to \(agent.broker.url)
        credentials: \(names.isEmpty ? "none; every connect must bring its own" : names)
        interface \(agent.tun.name ?? "none"), control socket \(agent.controlSocket)
        history \(agent.history.path), \(agent.history.entries) lines of \(agent.history.days) days
      """
  }

  private static func summary(_ broker: BrokerConfiguration) -> String {
    let store = broker.postgreSQL == nil ? "SQLite in \(broker.dataFolder)" : "PostgreSQL"
    let certificate = broker.certificate?.certificate ?? "made in \(broker.dataFolder)"
    return """
        broker \(broker.name) on \(broker.address) port \(broker.port)
        store: \(store)
        certificate: \(broker.isPlain ? "none, plain HTTP" : certificate)
        up to \(broker.limits.devices) devices and \(broker.limits.connections) connections
      """
  }
}
