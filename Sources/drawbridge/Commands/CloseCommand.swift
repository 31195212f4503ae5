import ArgumentParser
import Control

/// `drawbridge close`: an administrator's end for one tunnel, session or IPsec connection.
struct CloseCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "close",
    abstract: "Close a tunnel, a session or a security association.",
    discussion:
      "The ids are those of `drawbridge show`; the records stay until their destruct timeout.")

  @Argument(help: "What to close: tunnel, session or sa.")
  var target: CloseTarget

  @Argument(help: "Its id.")
  var id: UInt64

  @OptionGroup var asking: AskingOptions

  func run() async throws {
    let reply = try await asking.client.close(target, id: id)
    try asking.print(
      reply,
      text: "closing \(reply.target.rawValue) \(reply.id) (\(reply.closeReason.rawValue))")
  }
}

extension CloseTarget: ExpressibleByArgument {}
