import ArgumentParser
import BrokerClient
import ConnectionService
import Foundation

/// `drawbridge closeall`: ends a device's tunnel whoever uses it.
struct CloseAllCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "closeall", abstract: "Close every connection of a device, and its tunnel.")

  @Argument(help: ArgumentHelp("The device's product id.", valueName: "product-id"))
  var product: ProductID

  @OptionGroup var options: BrokerOptions

  func run() async throws {
    let closing = try await options.client().closeAll(product, key: UUID().uuidString)
    let count = closing.items.count
    try options.print(
      closing, text: "closing \(count) connection\(count == 1 ? "" : "s") of \(product)")
  }
}

/// `drawbridge close CONNECTION-ID`, which shares its name with the gateway's `close`.
enum ConnectionClosing {
  static func run(_ id: ConnectionID, _ options: BrokerOptions) async throws {
    let view = try await options.client().close(id, key: UUID().uuidString)
    let isOver = view.phase == .closed
    try options.print(
      view,
      text: isOver
        ? "closed \(view.id) (\(view.reason?.rawValue ?? "-"))"
        : "closing \(view.id): the device has been told")
  }
}
