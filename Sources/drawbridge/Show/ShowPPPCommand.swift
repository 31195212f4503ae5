import ArgumentParser
import Control
import ControlClient

/// `drawbridge show ppp`: the links inside the sessions.
struct ShowPPPCommand: ListCommand {
  static let configuration = CommandConfiguration(
    commandName: "ppp", abstract: "The PPP links of the sessions.")

  static var table: Table<PPPRecord> { .pppLinks }

  @OptionGroup var asking: AskingOptions
  @OptionGroup var presentation: PresentationOptions

  func ask(_ client: ControlClient) async throws(ControlError) -> [PPPRecord] {
    try await client.pppLinks()
  }
}
