import ArgumentParser
import Glibc

/// Parses the arguments, runs the command, and turns every error into a text and an exit code.
@main
enum Main {
  static func main() async {
    // A reader that goes away (`drawbridge show … | head`) must not kill a gateway that logs.
    signal(SIGPIPE, SIG_IGN)
    do {
      var command = try Drawbridge.parseAsRoot()
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch {
      let end = ProgramEnd(error)
      Terminal.write(end.text, to: end.code == .ok ? .output : .error)
      exit(end.code.rawValue)
    }
  }
}

/// The program's commands.
struct Drawbridge: AsyncParsableCommand {
  static let version = "0.1.0"

  static let configuration = CommandConfiguration(
    commandName: "drawbridge",
    abstract: "An on-demand, self-closing L2TP/IPsec VPN in user space.",
    discussion: """
      Exit codes: 0 ok, 1 a fault of ours, 2 usage, 3 not found, 4 refused, 5 limit reached, \
      6 unreachable, 7 timed out, 8 cut.
      """,
    version: "drawbridge \(version)",
    subcommands: [
      ConnectCommand.self, CloseCommand.self, CloseAllCommand.self, ConnectionsCommand.self,
      HistoryCommand.self, EventsCommand.self, DeviceCommands.self, TokenCommands.self,
      GatewayCommand.self, BrokerCommand.self, AgentCommand.self, DialCommand.self,
      ShowCommand.self, OpenCommand.self,
      UpCommand.self, ConfigCommand.self, DemoCommand.self,
    ])
}
