import ArgumentParser
import ConnectionService
import Control
import ControlClient
import Settings

/// `drawbridge close`: a connection of a broker, or, on a gateway, one tunnel, session or IPsec
/// connection.
struct CloseCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "close",
    abstract: "Close a connection; on a gateway, a tunnel, a session or a security association.",
    usage: """
      drawbridge close CONNECTION-ID [--broker URL] [--token SECRET]
      drawbridge close (tunnel|session|sa) ID [--socket PATH]
      """,
    discussion: """
      Connection ids are those of `drawbridge connections`. The ids of tunnels, sessions and \
      security associations are those of `drawbridge show`; their records stay until their destruct \
      timeout.
      """)

  /// What is to be closed, and who is asked.
  enum Target {
    case connection(ConnectionID)
    case local(CloseTarget, id: UInt64)
  }

  @Argument(help: "A connection's id; or tunnel, session or sa.")
  var target: String

  @Argument(help: "The id of the tunnel, session or security association.")
  var id: UInt64?

  @Option(help: ArgumentHelp("The control socket of the gateway or client.", valueName: "path"))
  var socket = GatewayConfiguration.defaultControlSocket

  @OptionGroup var options: BrokerOptions

  func validate() throws { _ = try what }

  private var what: Target {
    get throws {
      if let id, let local = CloseTarget(rawValue: target) { return .local(local, id: id) }
      if id == nil, let connection = ConnectionID(target) { return .connection(connection) }
      throw ValidationError("either a connection's id, or tunnel, session or sa with its id")
    }
  }

  func run() async throws {
    switch try what {
    case .connection(let id): try await ConnectionClosing.run(id, options)
    case .local(let local, let id):
      let reply = try await ControlClient(socketPath: socket).close(local, id: id)
      try options.print(
        reply,
        text: "closing \(reply.target.rawValue) \(reply.id) (\(reply.closeReason.rawValue))")
    }
  }
}
