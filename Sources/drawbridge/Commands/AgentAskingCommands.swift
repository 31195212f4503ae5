import ArgumentParser
import ConnectionService
import Control
import ControlClient
import Settings

/// What every command that asks an agent has.
struct AgentAskingOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The agent's control socket.", valueName: "path"))
  var socket = AgentConfiguration.defaultControlSocket

  @Flag(help: "Print the documented JSON object instead of a table.")
  var json = false

  var client: AgentControlClient { AgentControlClient(socketPath: socket) }

  /// Prints a reply, as JSON or as text.
  func print(_ reply: some Encodable, text: @autoclosure () -> String) throws {
    Terminal.write(
      json ? String(decoding: try ControlJSON.encode(reply, pretty: true), as: UTF8.self) : text())
  }

  func list<Record: Codable & Hashable & Sendable>(
    _ records: [Record], _ table: Table<Record>
  ) throws {
    try print(
      ListReply(items: records),
      text: table.render(records, colour: Terminal.takesColour(.output)))
  }
}

/// `drawbridge agent status`.
struct AgentStatusCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "The broker, the tunnel and its time left.")

  @OptionGroup var asking: AgentAskingOptions

  func run() async throws {
    let status = try await asking.client.status()
    try asking.print(status, text: Self.text(status))
  }

  static func text(_ status: AgentStatus) -> String {
    var lines = [
      "broker       \(status.broker), \(status.brokerState.rawValue)"
        + (status.epoch.map { ", epoch \($0)" } ?? "")
    ]
    if let problem = status.brokerProblem { lines.append("             \(problem)") }
    if let product = status.productID { lines.append("device       \(product)") }
    lines.append("tunnel       \(status.state.phase.rawValue)")
    if let tunnel = status.state.tunnel {
      lines += [
        "             \(tunnel.id), \(tunnel.vpnAddress), up since \(tunnel.upSince)",
        "time left    \(Show.time(Double(tunnel.inactivityLeftSeconds))) of "
          + Show.time(Double(tunnel.inactivitySeconds)),
        "traffic      \(Show.bytes(tunnel.receivedBytes)) in, \(Show.bytes(tunnel.sentBytes)) out",
      ]
    }
    let users = Show.share(status.state.connections.count, of: status.connectionsMax)
    lines += [
      "connections  \(users), \(status.waiting) waiting",
      "history      \(status.historySequence) lines, the broker has "
        + "\(status.historyAcknowledged)",
    ]
    return lines.joined(separator: "\n")
  }
}

/// `drawbridge agent connections`.
struct AgentConnectionsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "connections", abstract: "Who is on the tunnel.")

  @OptionGroup var asking: AgentAskingOptions

  func run() async throws {
    try asking.list(try await asking.client.connections(), .agentConnections)
  }
}

/// `drawbridge agent history`: also how the history is exported.
struct AgentHistoryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "history", abstract: "What became of every tunnel and connection.",
    discussion: "As a table the last lines; with --json all of them, unless --limit is given.")

  static let tableLines: UInt64 = 100

  @OptionGroup var asking: AgentAskingOptions

  @Option(help: ArgumentHelp("Only so many of the last lines.", valueName: "number"))
  var limit: UInt64?

  func run() async throws {
    let client = asking.client
    let last = try await client.status().historySequence
    let wanted = limit ?? (asking.json ? last : Self.tableLines)
    var events: [HistoryEvent] = []
    var sequence = last - min(wanted, last)
    while sequence < last {
      let page = try await client.history(after: sequence)
      guard let end = page.last else { break }
      events += page
      sequence = end.sequence
    }
    try asking.list(events, .agentHistory)
  }
}

/// `drawbridge agent tunnels`: the VPN agent's log.
struct AgentTunnelsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tunnels", abstract: "The tunnels that were dialled, with why each ended.")

  @OptionGroup var asking: AgentAskingOptions

  func run() async throws {
    try asking.list(try await asking.client.tunnels(), .agentTunnels)
  }
}

/// `drawbridge agent closeall`.
struct AgentCloseAllCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "closeall", abstract: "Close every connection and the tunnel, here and now.")

  @OptionGroup var asking: AgentAskingOptions

  func run() async throws {
    let reply = try await asking.client.closeAll()
    try asking.print(
      reply,
      text: reply.closed == 1 ? "closing 1 connection" : "closing \(reply.closed) connections")
  }
}

extension Table<AgentConnectionRecord> {
  static var agentConnections: Table {
    Table(
      "no connections",
      [
        Column("CONNECTION") { $0.id.text },
        Column("ORGANISATION") { $0.organisation.text },
        Column("USER") { $0.user.text },
        Column("SINCE") { $0.openedAt.text },
        Column(number: "AGE") { Show.time($0.ageSeconds) },
      ])
  }
}

extension Table<HistoryEvent> {
  static var agentHistory: Table {
    Table(
      "nothing has happened yet",
      [
        Column(number: "NO") { "\($0.sequence)" },
        Column("TIME") { $0.time.text },
        Column("WHAT") { $0.kind.rawValue },
        Column("REASON") { $0.reason?.rawValue ?? $0.refusal?.rawValue ?? "" },
        Column("USER") { $0.user?.text ?? "" },
        Column("CONNECTION") { $0.connection?.text ?? "" },
        Column("TUNNEL") { $0.tunnel?.text ?? "" },
        Column(number: "LASTED") { Show.time($0.lastedSeconds.map(Double.init)) },
        Column(number: "TRAFFIC") { Show.bytes($0.bytes) },
      ])
  }
}

extension Table<AgentTunnelRecord> {
  static var agentTunnels: Table {
    Table(
      "no tunnel was dialled yet",
      [
        Column("TUNNEL") { $0.id.text },
        Column("GATEWAY") { $0.gateway },
        Column("DIALLED") { $0.dialledAt.text },
        Column("UP") { $0.upAt?.text ?? "" },
        Column("OVER") { $0.overAt?.text ?? "" },
        Column("REASON") { $0.reason?.rawValue ?? "" },
        Column("DETAIL") { $0.detail ?? "" },
      ])
  }
}
