import ArgumentParser
import BrokerClient
import ConnectionService
import Control
import Foundation
import Settings

/// `drawbridge connect`: asks for a connection to a device, and says what it is waiting for.
struct ConnectCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "connect",
    abstract: "Ask for a connection to a device: its tunnel stands when this ends.",
    discussion: """
      Prints the connection's id and the device's VPN address. With --dial FILE your own tunnel is \
      brought up too, by that dial profile, and the connection is closed when that tunnel ends.
      """)

  @Argument(help: ArgumentHelp("The device's product id.", valueName: "product-id"))
  var product: ProductID

  @Option(
    help: ArgumentHelp(
      "Close the tunnel after so long without user traffic, 5m to 1h.", valueName: "duration"))
  var idle: String?

  @Option(help: ArgumentHelp("Why, in your words; recorded.", valueName: "text"))
  var reason: String?

  @Option(
    help: ArgumentHelp("Your own tunnel's dial profile.", valueName: "file"), completion: .file())
  var dial: String?

  @OptionGroup var options: BrokerOptions

  func run() async throws {
    let client = try options.client()
    // Read before anything is asked of the broker: a bad profile opens nothing.
    let profile = try dial.map { path in
      try DialOptions().configuration(over: try ConfigurationFile(reading: path))
    }
    let request = ConnectRequest(inactivitySeconds: try idleSeconds, note: reason)
    let connection = try await Waiting.show("waiting for \(product) to open its tunnel") {
      try await client.connect(product, request, key: UUID().uuidString)
    }
    try options.print(connection, text: Self.lines(connection))
    guard let profile else { return }
    try await OwnTunnel.run(profile, for: connection, client: client)
  }

  private var idleSeconds: Int64? {
    get throws {
      guard let idle else { return nil }
      guard let duration = DurationText.parse(idle) else {
        throw ValidationError("“\(idle)” is not a duration: write 20m, 1h …")
      }
      return duration.components.seconds
    }
  }

  /// What a person needs of a connection that stands.
  static func lines(_ view: ConnectionView) -> String {
    var lines = ["connected \(view.id) to \(view.productID) at \(view.vpnAddress ?? "-")"]
    if let seconds = view.inactivitySeconds {
      let clamped = view.inactivityWasClamped == true ? " (the nearest that is allowed)" : ""
      lines.append("closes after \(Show.time(Double(seconds))) without user traffic\(clamped)")
    }
    lines.append("close it with: drawbridge close \(view.id)")
    return lines.joined(separator: "\n")
  }
}

/// The operator's own tunnel, which a connection lives as long as.
enum OwnTunnel {
  /// Dials, stays until the tunnel is over, and closes the connection whatever happened.
  static func run(
    _ profile: Loaded<DialConfiguration>, for connection: ConnectionView, client: BrokerClient
  ) async throws {
    let log = ProgramLog(level: profile.configuration.logLevel)
    log.warn(of: profile.warnings)
    let ended: Result<TunnelEnd, ControlError>
    do throws(ControlError) {
      let reason = try await Start.dial(profile.configuration, log: log) { up in
        Terminal.write(DialCommand.line(up), to: .error)
      }
      ended = .success(TunnelEnd(reason: reason))
    } catch {
      ended = .failure(error)
    }
    try await close(connection.id, client: client)
    throw try ended.get()
  }

  /// It may be over already: the device's own rules end it too.
  private static func close(_ id: ConnectionID, client: BrokerClient) async throws {
    do {
      _ = try await client.close(id)
      Terminal.write("closed \(id)", to: .error)
    } catch {
      guard error.code == .connectionClosed else { throw error }
      Terminal.write("\(id) was closed already", to: .error)
    }
  }
}
