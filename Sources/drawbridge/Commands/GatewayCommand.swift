import ArgumentParser
import Settings

/// `drawbridge gateway`: a gateway in the foreground, as service managers want it.
struct GatewayCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gateway",
    abstract: "Run a gateway that L2TP/IPsec clients connect to.",
    discussion: """
      Either --config FILE, whose keys the other options replace, or --psk, --user and --pool for a \
      small gateway without a file. \
      Secrets may be file:PATH, env:NAME or credential:NAME; on the command line itself every user \
      of the machine can read them.
      """)

  @Option(help: ArgumentHelp("The configuration file.", valueName: "file"), completion: .file())
  var config: String?

  @Option(help: ArgumentHelp("An address to listen on; repeatable.", valueName: "address"))
  var listen: [String] = []

  @Option(help: ArgumentHelp("The pre-shared key of every peer.", valueName: "secret"))
  var psk: String?

  @Option(
    name: .customLong("user"),
    help: ArgumentHelp("A user who may log in; repeatable.", valueName: "name:password"))
  var users: [String] = []

  @Option(help: ArgumentHelp("The addresses that users get.", valueName: "cidr"))
  var pool: String?

  @Flag(help: "One session in a tunnel's whole life.")
  var singleShot = false

  @Option(help: ArgumentHelp("How long a tunnel without a session stays.", valueName: "duration"))
  var idleTimeout: String?

  @Option(help: ArgumentHelp("How long records of what closed stay.", valueName: "duration"))
  var destructTimeout: String?

  @Option(help: ArgumentHelp("The interface's name, or none.", valueName: "name"))
  var tun: String?

  @Option(help: ArgumentHelp("The control socket.", valueName: "path"))
  var socket: String?

  @Option(
    help: ArgumentHelp(
      "Algorithms: default, compatible (also SHA-1, for built-in clients) or legacy.",
      valueName: "name"))
  var profile: String?

  @Option(
    help: ArgumentHelp("Write keys for reading captures into this folder.", valueName: "folder"))
  var captureKeys: String?

  /// What the parser cannot see by itself: which options belong together.
  func validate() throws {
    guard config != nil else {
      guard psk != nil, pool != nil, !users.isEmpty else {
        throw ValidationError("either --config FILE, or --psk, --user and --pool are needed")
      }
      return
    }
    guard !singleShot, idleTimeout == nil, destructTimeout == nil, profile == nil else {
      throw ValidationError(
        "with --config the tunnel rules and algorithms stand in the file: "
          + "destinations[].remoteHosts[], isakmp.policies[], ipsec.policies[]")
    }
  }

  func run() async throws {
    let reading = reading
    let loaded = try reading()
    let log = ProgramLog(level: loaded.configuration.logLevel)
    log.warn(of: loaded.warnings)
    let reason = try await Start.gateway(loaded.configuration, log: log, reading: reading)
    Terminal.write("\(TunnelEnd(reason: reason))", to: .error)
  }

  /// What the command line says of the configuration.
  var options: GatewayOptions {
    var options = GatewayOptions()
    options.listen = listen
    options.psk = psk
    options.users = users
    options.pool = pool
    options.singleShot = singleShot
    options.idleTimeout = idleTimeout
    options.destructTimeout = destructTimeout
    options.tun = tun
    options.socket = socket
    options.captureKeys = captureKeys
    options.profile = profile
    return options
  }

  /// Reads the configuration, at the start and again at every reload.
  private var reading: ConfigurationReading<GatewayConfiguration> {
    return { [options, config] () throws(ConfigurationRefused) in
      let file = try config.map { path throws(ConfigurationRefused) in
        try ConfigurationFile(reading: path)
      }
      return try options.configuration(over: file)
    }
  }
}
