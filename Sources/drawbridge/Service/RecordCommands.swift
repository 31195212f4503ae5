import ArgumentParser
import BrokerClient
import ConnectionService
import Primitives

/// `drawbridge connections`: who is using what now.
struct ConnectionsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "connections", abstract: "The live connections.")

  @Option(help: ArgumentHelp("Of this device only.", valueName: "product-id"))
  var product: ProductID?

  @OptionGroup var options: BrokerOptions
  @OptionGroup var presentation: PresentationOptions

  func run() async throws {
    let client = try options.client()
    try await options.list(.connections, presentation) { after in
      var selection = ConnectionSelection()
      selection.live = true
      selection.productID = product
      selection.after = after
      return try await client.connections(selection)
    }
  }
}

/// `drawbridge history`: what is over, and why.
struct HistoryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "history", abstract: "Connections that are over, the newest first, and why.")

  @Option(help: ArgumentHelp("Of this device only.", valueName: "product-id"))
  var product: ProductID?

  @Option(help: "Of this user only.")
  var user: Name?

  @Option(help: ArgumentHelp("Ended for this reason only.", valueName: "reason"))
  var reason: CloseReason?

  @Option(help: "How many at most.")
  var limit = 50

  @OptionGroup var options: BrokerOptions
  @OptionGroup var presentation: PresentationOptions

  func run() async throws {
    let client = try options.client()
    try await options.list(.history, presentation, limit: limit) { after in
      var selection = ConnectionSelection()
      selection.live = false
      selection.productID = product
      selection.user = user
      selection.reason = reason
      selection.after = after
      selection.limit = limit
      return try await client.connections(selection)
    }
  }
}

extension CloseReason: ExpressibleByArgument {}
extension ServiceEvent.Kind: ExpressibleByArgument {}
