import ArgumentParser
import Control
import ControlClient

/// `drawbridge show isakmp`: what is negotiated and kept in phase 1 (the specification's "seen from
/// outside").
struct ShowISAKMPCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "isakmp", abstract: "Phase 1: policies, exchanges, SAs, counters.",
    subcommands: [
      ShowISAKMPPolicyCommand.self, ShowISAKMPExchangeCommand.self, ShowISAKMPSACommand.self,
      ShowISAKMPCountersCommand.self,
    ])
}

struct ShowISAKMPPolicyCommand: ListCommand {
  static let configuration = CommandConfiguration(
    commandName: "policy", abstract: "The policies in force.")

  static var table: Table<ISAKMPPolicyRecord> { .isakmpPolicies }

  @OptionGroup var asking: AskingOptions
  @OptionGroup var presentation: PresentationOptions

  func ask(_ client: ControlClient) async throws(ControlError) -> [ISAKMPPolicyRecord] {
    try await client.isakmpPolicies()
  }
}

struct ShowISAKMPExchangeCommand: ListCommand {
  static let configuration = CommandConfiguration(
    commandName: "exchange", abstract: "The negotiations under way.")

  static var table: Table<ISAKMPExchangeRecord> { .isakmpExchanges }

  @OptionGroup var asking: AskingOptions
  @OptionGroup var presentation: PresentationOptions

  func ask(_ client: ControlClient) async throws(ControlError) -> [ISAKMPExchangeRecord] {
    try await client.isakmpExchanges()
  }
}

struct ShowISAKMPSACommand: ListCommand {
  static let configuration = CommandConfiguration(
    commandName: "sa", abstract: "The phase 1 security associations.")

  static var table: Table<ISAKMPSARecord> { .isakmpSAs }

  @OptionGroup var asking: AskingOptions
  @OptionGroup var presentation: PresentationOptions

  func ask(_ client: ControlClient) async throws(ControlError) -> [ISAKMPSARecord] {
    try await client.isakmpSAs()
  }
}

struct ShowISAKMPCountersCommand: ListCommand {
  static let configuration = CommandConfiguration(
    commandName: "counters", abstract: "What was counted since the start.")

  static var table: Table<Counter> { .counters }

  @OptionGroup var asking: AskingOptions
  @OptionGroup var presentation: PresentationOptions

  func ask(_ client: ControlClient) async throws(ControlError) -> [Counter] {
    try await client.isakmpCounters()
  }
}
