import ArgumentParser
import BrokerClient
import ConnectionService

/// `drawbridge device`: the devices of an organisation.
struct DeviceCommands: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "device", abstract: "Devices: enrol, list, remove.",
    subcommands: [DeviceEnrolCommand.self, DeviceListCommand.self, DeviceRemoveCommand.self])
}

/// `drawbridge device enrol`: a one-time code for a device that is to come.
struct DeviceEnrolCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "enrol", abstract: "Announce a device; prints the code that it is enrolled with.")

  @Argument(help: ArgumentHelp("The product id.", valueName: "product-id"))
  var product: ProductID

  @Option(help: "What people call the device.")
  var name: String?

  @OptionGroup var options: BrokerOptions

  func run() async throws {
    let reply = try await options.client()
      .createEnrolment(EnrolmentRequest(productID: product, name: name))
    let address = try options.address()
    try options.print(
      reply,
      text: """
        code \(reply.code), good once until \(reply.expiresAt)
        next: on the device, drawbridge agent enrol --broker \(address.url) \
        --code \(reply.code) --token-file /etc/drawbridge/agent.token
        """)
  }
}

/// `drawbridge device list`.
struct DeviceListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "The devices, with their tunnels and users.")

  @OptionGroup var options: BrokerOptions
  @OptionGroup var presentation: PresentationOptions

  func run() async throws {
    let client = try options.client()
    try await options.list(.devices, presentation) { after in
      try await client.devices(after: after)
    }
  }
}

/// `drawbridge device remove`.
struct DeviceRemoveCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "remove",
    abstract: "Remove a device: its connections are closed, its credential is void.")

  @Argument(help: ArgumentHelp("The product id.", valueName: "product-id"))
  var product: ProductID

  @OptionGroup var options: BrokerOptions

  func run() async throws {
    try await options.client().removeDevice(product)
    try options.print(["removed": product.text], text: "removed \(product)")
  }
}
