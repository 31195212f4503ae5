import ArgumentParser
import Control
import ControlClient
import Settings

/// What every command that asks a running process has.
struct AskingOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The control socket of the process to ask.", valueName: "path"))
  var socket = GatewayConfiguration.defaultControlSocket

  @Flag(help: "Print the documented JSON object instead of a table.")
  var json = false

  var client: ControlClient { ControlClient(socketPath: socket) }

  /// Prints a reply, as JSON or as text.
  func print(_ reply: some Encodable, text: @autoclosure () -> String) throws {
    let output =
      json
      ? String(decoding: try ControlJSON.encode(reply, pretty: true), as: UTF8.self) : text()
    Terminal.write(output)
  }
}
