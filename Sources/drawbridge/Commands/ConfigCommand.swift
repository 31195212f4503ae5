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

  @Flag(help: "The file is a dial profile, not a gateway's configuration.")
  var dial = false

  @Flag(help: "The file is a device agent's configuration.")
  var agent = false

  func run() async throws {
    let source = try ConfigurationFile(reading: file)
    let summary: String
    let warnings: [Finding]
    if dial {
      let loaded = try ConfigurationLoader.dial(file: source)
      summary = Self.summary(loaded.configuration)
      warnings = loaded.warnings
    } else if agent {
      let loaded = try ConfigurationLoader.agent(file: source)
      summary = Self.summary(loaded.configuration)
      warnings = loaded.warnings
    } else {
      let loaded = try ConfigurationLoader.gateway(file: source)
      summary = Self.summary(loaded.configuration)
      warnings = loaded.warnings
    }
    Terminal.write(warnings.map(\.description).joined(separator: "\n"), to: .error)
    Terminal.write("\(file): ok\n\(summary)")
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
}
