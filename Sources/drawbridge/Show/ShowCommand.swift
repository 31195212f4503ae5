import ArgumentParser
import Control
import ControlClient

/// `drawbridge show`: the commands that only read.
struct ShowCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Show the state of a running gateway or client.",
    discussion: """
      Tables hold the most asked-for columns; --details shows every field, --json the documented \
      object. Times count down to what will happen.
      """,
    subcommands: [
      ShowISAKMPCommand.self, ShowIPsecCommand.self, ShowL2TPCommand.self, ShowPPPCommand.self,
      ShowGrantsCommand.self,
    ])
}

/// A command that shows one list.
protocol ListCommand: AsyncParsableCommand {
  associatedtype Record: Codable & Hashable & Sendable

  /// What people see; `--json` has the records as they travel.
  static var table: Table<Record> { get }

  var asking: AskingOptions { get }
  var presentation: PresentationOptions { get }

  /// Asks for the records, sorted by id.
  func ask(_ client: ControlClient) async throws(ControlError) -> [Record]
}

/// How a list is shown to people.
struct PresentationOptions: ParsableArguments {
  @Flag(help: "Show every field, a block a record.")
  var details = false

  /// The records, as a table or as blocks.
  func render<Record>(_ records: [Record], _ table: Table<Record>) -> String {
    details
      ? table.renderDetails(records)
      : table.render(records, colour: Terminal.takesColour(.output))
  }
}

extension ListCommand {
  func run() async throws {
    let records = try await ask(asking.client)
    try asking.print(
      ListReply(items: records), text: presentation.render(records, Self.table))
  }
}
