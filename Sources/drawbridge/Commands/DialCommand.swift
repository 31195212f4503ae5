import ArgumentParser
import Control
import Settings

/// `drawbridge dial`: a client that connects once; nothing comes back by itself when it ends.
struct DialCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dial",
    abstract: "Connect to a gateway and stay until the tunnel is closed.",
    discussion: """
      Prints one line with the VPN address once the tunnel is up. Ends with the close reason: exit \
      code 0 for an end by wish or by rule, 4 refused, 6 unreachable, 7 timed out, 8 cut.
      """)

  @Argument(help: "The gateway's address; may stand in the profile instead.")
  var address: String?

  @Option(help: ArgumentHelp("The profile's file.", valueName: "file"), completion: .file())
  var config: String?

  @Option(help: ArgumentHelp("The pre-shared key.", valueName: "secret"))
  var psk: String?

  @Option(help: ArgumentHelp("The user's name.", valueName: "name"))
  var user: String?

  @Option(help: ArgumentHelp("The user's password.", valueName: "secret"))
  var password: String?

  @Option(help: ArgumentHelp("The interface's name, or none.", valueName: "name"))
  var tun: String?

  @Option(
    name: .customLong("route"),
    help: ArgumentHelp("A network behind the gateway; repeatable.", valueName: "cidr"))
  var routes: [String] = []

  @Option(
    help: ArgumentHelp(
      "Close after so long without user traffic; 0s for never.", valueName: "duration"))
  var inactivity: String?

  @Option(help: ArgumentHelp("The control socket.", valueName: "path"))
  var socket: String?

  @Flag(help: "Keep the tunnel when its session is over, until somebody closes it.")
  var keepTunnel = false

  @Option(
    help: ArgumentHelp("Write keys for reading captures into this folder.", valueName: "folder"))
  var captureKeys: String?

  @Flag(help: "Print the line about the tunnel as JSON.")
  var json = false

  /// What the command line says of the profile.
  var options: DialOptions {
    var options = DialOptions()
    options.gateway = address
    options.psk = psk
    options.user = user
    options.password = password
    options.tun = tun
    options.routes = routes
    options.inactivity = inactivity
    options.socket = socket
    options.keepTunnel = keepTunnel
    options.captureKeys = captureKeys
    return options
  }

  /// Always ends by throwing: the close reason decides the exit code.
  func run() async throws {
    let file = try config.map { path throws(ConfigurationRefused) in
      try ConfigurationFile(reading: path)
    }
    let loaded = try options.configuration(over: file)
    let log = ProgramLog(level: loaded.configuration.logLevel)
    log.warn(of: loaded.warnings)
    let reason = try await Start.dial(loaded.configuration, log: log) { [json] up in
      Terminal.write(json ? Self.json(up) : Self.line(up))
    }
    throw TunnelEnd(reason: reason)
  }

  /// `up 10.9.0.7 on drawbridge0 to 10.9.0.1, mtu 1350, 240 ms`
  static func line(_ up: DialUp) -> String {
    let place = up.interface.map { " on \($0)" } ?? ""
    let milliseconds = Int(min(max(0, up.elapsedSeconds), 1e6) * 1000)
    return "up \(up.address)\(place) to \(up.peerAddress), mtu \(up.mtuBytes), \(milliseconds) ms"
  }

  private static func json(_ up: DialUp) -> String {
    (try? ControlJSON.encode(up)).map { String(decoding: $0, as: UTF8.self) } ?? line(up)
  }
}
