import ArgumentParser
import Broker
import BrokerClient
import ConnectionService
import Control
import Foundation

/// `drawbridge events`: the broker's record.
struct EventsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "events", abstract: "The broker's append-only record of everything.",
    subcommands: [EventsListCommand.self, EventsVerifyCommand.self],
    defaultSubcommand: EventsListCommand.self)
}

/// `drawbridge events [list] [--follow]`.
struct EventsListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "The latest events; with --follow also those to come.")

  @Option(help: ArgumentHelp("Of this device only.", valueName: "product-id"))
  var product: ProductID?

  @Option(help: ArgumentHelp("Of this type only, e.g. tunnel.closed.", valueName: "type"))
  var type: ServiceEvent.Kind?

  @Option(help: "How many at most.")
  var limit = 50

  @Flag(help: "Stay, and print each event as it happens: a line, or with --json an object, each.")
  var follow = false

  @OptionGroup var options: BrokerOptions
  @OptionGroup var presentation: PresentationOptions

  func run() async throws {
    let client = try options.client()
    var selection = EventSelection()
    selection.productID = product
    selection.kind = type
    selection.limit = max(1, min(limit, Page<ServiceEvent>.itemsMax))
    let latest = Array(try await client.events(selection).items.reversed())
    guard follow else {
      return try options.print(
        Page(items: latest), text: presentation.render(latest, .events))
    }
    for event in latest { try write(event) }
    for try await event in client.events(after: latest.last?.sequence ?? 0, matching: selection) {
      try write(event)
    }
  }

  private func write(_ event: ServiceEvent) throws {
    let text =
      options.json ? String(decoding: try ControlJSON.encode(event), as: UTF8.self) : event.line
    Terminal.write(text)
  }
}

/// `drawbridge events verify FILE`: whether the chain of hashes is whole.
struct EventsVerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Check that no event of the broker's file was changed, removed or put in.",
    discussion: "The file is the one that `events.file` of the broker's configuration names.")

  @Argument(help: "The file of events, a CloudEvent a line.", completion: .file())
  var file: String

  @Flag(help: "Print the documented JSON object instead of a line.")
  var json = false

  func run() async throws {
    let summary = try EventFileCheck.run(path: file)
    Terminal.write(
      json
        ? String(decoding: try ControlJSON.encode(summary, pretty: true), as: UTF8.self)
        : "\(summary.events) events, \(summary.first) to \(summary.last): the chain is whole")
  }
}

extension ServiceEvent {
  /// The event in one line, for people who watch.
  var line: String {
    let parts: [String?] = [
      time.text, kind.rawValue, product?.text, connection?.text, "by \(actor)",
      reason?.rawValue ?? code?.rawValue, durationSeconds.map { Show.time(Double($0)) },
      note.map { "“\($0)”" },
    ]
    return parts.compactMap(\.self).joined(separator: "  ")
  }
}
