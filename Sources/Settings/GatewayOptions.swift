/// A gateway's configuration as options of the command line give it; the same texts, bounds and
/// defaults as in the file, because they are read by the same schema.
public struct GatewayOptions: Sendable {
  public var listen: [String] = []
  /// The one pre-shared key, for every peer.
  public var psk: String?
  /// `NAME:PASSWORD`; the password may be a reference.
  public var users: [String] = []
  public var pool: String?
  public var singleShot = false
  public var idleTimeout: String?
  public var destructTimeout: String?
  public var tun: String?
  public var socket: String?

  public init() {}

  /// The configuration; findings name the option where a file would have a line.
  public func configuration(
    secrets: SecretSource = .system
  ) throws(ConfigurationRefused) -> Loaded<GatewayConfiguration> {
    try ConfigurationLoader.read(document, ReadingLog(secrets: secrets)) {
      GatewayConfiguration(reading: &$0)
    }
  }

  private var document: DocumentNode {
    let addresses = listen.map { DocumentNode.option("--listen", $0) }
    return .mapping([
      ("listen", addresses.isEmpty ? nil : .mapping([("addresses", .sequence(addresses))])),
      ("tun", tun.map { .mapping([("name", .option("--tun", $0))]) }),
      ("control", socket.map { .mapping([("socket", .option("--socket", $0))]) }),
      (
        "preSharedKeys",
        psk.map { .sequence([.mapping([("secret", .option("--psk", $0))])]) }
      ),
      ("pools", pool.map { .sequence([.mapping([("addresses", .option("--pool", $0))])]) }),
      ("users", users.isEmpty ? nil : .sequence(users.map(Self.user))),
      ("destinations", .sequence([.mapping([("remoteHosts", .sequence([remoteHost]))])])),
    ])
  }

  private var remoteHost: DocumentNode {
    .mapping([
      ("singleShotTunnel", .option("--single-shot", singleShot ? "true" : "false")),
      ("idleTimeout", idleTimeout.map { .option("--idle-timeout", $0) }),
      ("destructTimeout", destructTimeout.map { .option("--destruct-timeout", $0) }),
    ])
  }

  /// A text without a colon gives a user without a password, which the schema then refuses.
  private static func user(_ text: String) -> DocumentNode {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    return .mapping([
      ("name", .option("--user", String(parts[0]))),
      ("password", parts.count == 2 ? .option("--user", String(parts[1])) : nil),
    ])
  }
}
