import ArgumentParser
import Control
import ControlClient

/// `drawbridge show grants`: who may reach which device (CS-25).
struct ShowGrantsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "grants",
    abstract: "Who may reach which device, and the stream that says so.",
    discussion: "Without a grant no session reaches another.")

  @OptionGroup var asking: AskingOptions
  @OptionGroup var presentation: PresentationOptions

  func run() async throws {
    let reply = try await asking.client.grantsInForce()
    let stream = reply.stream.map(Show.stream) ?? "no broker is configured"
    try asking.print(
      reply, text: stream + "\n" + presentation.render(reply.items, Table.grants))
  }
}
