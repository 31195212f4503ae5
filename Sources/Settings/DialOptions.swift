/// A dial profile as options of the command line give it; they replace a file's keys.
public struct DialOptions: Sendable {
  public var gateway: String?
  public var psk: String?
  public var user: String?
  public var password: String?
  public var tun: String?
  public var routes: [String] = []
  public var inactivity: String?
  public var keepTunnel = false
  public var captureKeys: String?
  public var socket: String?

  public init() {}

  /// The profile: the file's, where there is one, with these options in place of its keys.
  public func configuration(
    over file: ConfigurationFile? = nil, secrets: SecretSource = .system
  ) throws(ConfigurationRefused) -> Loaded<DialConfiguration> {
    var document = try DocumentNode(of: file)
    document.overlay(options)
    return try ConfigurationLoader.read(document, ReadingLog(secrets: secrets), file: file) {
      DialConfiguration(reading: &$0)
    }
  }

  private var options: DocumentNode {
    .mapping([
      ("gateway", gateway.map { .option("ADDRESS", $0) }),
      ("preSharedKey", psk.map { .option("--psk", $0) }),
      ("user", user.map { .option("--user", $0) }),
      ("password", password.map { .option("--password", $0) }),
      ("tun", tun.map { .mapping([("name", .option("--tun", $0))]) }),
      ("routes", routes.isEmpty ? nil : .sequence(routes.map { .option("--route", $0) })),
      ("inactivity", inactivity.map { .option("--inactivity", $0) }),
      ("keepTunnel", keepTunnel ? .option("--keep-tunnel", "true") : nil),
      ("log", captureKeys.map { .mapping([("captureKeys", .option("--capture-keys", $0))]) }),
      ("control", socket.map { .mapping([("socket", .option("--socket", $0))]) }),
    ])
  }
}
