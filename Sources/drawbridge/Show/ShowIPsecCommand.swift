import ArgumentParser
import Control
import ControlClient

/// `drawbridge show ipsec`: the SAs that carry the tunnels.
struct ShowIPsecCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ipsec", abstract: "Phase 2: SAs.", subcommands: [ShowIPsecSACommand.self])
}

struct ShowIPsecSACommand: ListCommand {
  static let configuration = CommandConfiguration(
    commandName: "sa", abstract: "The phase 2 security associations, in pairs.")

  static var table: Table<IPsecSARecord> { .ipsecSAs }

  @OptionGroup var asking: AskingOptions
  @OptionGroup var presentation: PresentationOptions

  func ask(_ client: ControlClient) async throws(ControlError) -> [IPsecSARecord] {
    try await client.ipsecSAs()
  }
}
