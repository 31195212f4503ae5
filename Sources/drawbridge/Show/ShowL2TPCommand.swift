import ArgumentParser
import Control
import ControlClient

/// `drawbridge show l2tp`: tunnels and sessions with every timer that runs on them (LT-10).
struct ShowL2TPCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "l2tp", abstract: "Destinations, tunnels, sessions.",
    subcommands: [
      ShowL2TPDestinationCommand.self, ShowL2TPTunnelCommand.self, ShowL2TPSessionCommand.self,
    ])
}

struct ShowL2TPDestinationCommand: ListCommand {
  static let configuration = CommandConfiguration(
    commandName: "destination", abstract: "The remote addresses with tunnels.")

  static var table: Table<L2TPDestinationRecord> { .l2tpDestinations }

  @OptionGroup var asking: AskingOptions
  @OptionGroup var presentation: PresentationOptions

  func ask(_ client: ControlClient) async throws(ControlError) -> [L2TPDestinationRecord] {
    try await client.l2tpDestinations()
  }
}

struct ShowL2TPTunnelCommand: ListCommand {
  static let configuration = CommandConfiguration(
    commandName: "tunnel", abstract: "The tunnels.")

  static var table: Table<L2TPTunnelRecord> { .l2tpTunnels }

  @OptionGroup var asking: AskingOptions
  @OptionGroup var presentation: PresentationOptions

  func ask(_ client: ControlClient) async throws(ControlError) -> [L2TPTunnelRecord] {
    try await client.l2tpTunnels()
  }
}

struct ShowL2TPSessionCommand: ListCommand {
  static let configuration = CommandConfiguration(
    commandName: "session", abstract: "The sessions.")

  static var table: Table<L2TPSessionRecord> { .l2tpSessions }

  @OptionGroup var asking: AskingOptions
  @OptionGroup var presentation: PresentationOptions

  func ask(_ client: ControlClient) async throws(ControlError) -> [L2TPSessionRecord] {
    try await client.l2tpSessions()
  }
}
