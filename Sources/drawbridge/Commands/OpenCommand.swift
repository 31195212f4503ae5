import ArgumentParser
import Control
import ControlClient
import Settings

/// `drawbridge open session`: one more session in a standing tunnel of `dial --keep-tunnel`.
struct OpenCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "open",
    abstract: "Ask for one more session in a standing tunnel that dial opened.",
    discussion: "The peer may refuse it; its answer stands in the log and in `show l2tp session`.")

  /// What can be opened.
  enum Target: String, CaseIterable, ExpressibleByArgument { case session }

  @Argument(help: "What to open: session.")
  var target: Target

  @Argument(help: "The tunnel's id, from `drawbridge show l2tp tunnel`.")
  var tunnel: UInt64

  @Option(help: ArgumentHelp("The control socket of the process to ask.", valueName: "path"))
  var socket = DialConfiguration.defaultControlSocket

  @Flag(help: "Print the documented JSON object instead of a line.")
  var json = false

  func run() async throws {
    let reply = try await ControlClient(socketPath: socket).openSession(tunnel: tunnel)
    Terminal.write(
      json
        ? String(decoding: try ControlJSON.encode(reply, pretty: true), as: UTF8.self)
        : "asking for a session in tunnel \(reply.tunnel)")
  }
}
